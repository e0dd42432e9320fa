//! Invalid configuration: exit code 1, one sentence, and nothing is created.

use crate::process::{run, run_in};
use gochat_test_support::{
    Case, CaseWithoutDatabase, Cluster, TestDatabase, cases, cases_without_database, deadline, schema,
};
use std::{ffi::OsStr, fs, net::TcpListener, os::unix::ffi::OsStrExt, process::Command};
use tempfile::TempDir;

pub fn cases() -> Vec<CaseWithoutDatabase> {
    cases_without_database![
        invalid_configuration_is_refused_in_one_sentence,
        a_port_in_use_is_reported_and_no_database_is_created,
        an_unreadable_settings_file_is_refused,
        an_invalid_settings_file_is_named_without_showing_its_secrets,
        no_part_of_a_password_is_printed,
        a_variable_that_is_not_unicode_is_refused,
        an_invalid_command_line_exits_with_2,
    ]
}

pub fn postgres_cases() -> Vec<Case> {
    cases![a_wrong_password_is_reported_but_not_shown]
}

pub fn database_cases() -> Vec<Case> {
    cases![
        a_schema_with_missing_or_unknown_migrations_is_refused,
        migrations_before_a_failed_one_are_reported,
    ]
}

/// Passes if the start is refused with one sentence that contains all `parts`, and nothing is created.
#[track_caller]
fn assert_refused(variables: &[(&str, &str)], parts: &[&str]) {
    let folder = TempDir::new().unwrap();
    let ended = run_in(folder.path(), &[], variables);
    assert_eq!((ended.code, &*ended.stdout), (Some(1), ""), "{ended:?}");
    assert!(ended.stderr.starts_with("gochat: ") && ended.stderr.lines().count() == 1, "{}", ended.stderr);
    for part in parts {
        assert!(ended.stderr.contains(part), "{part} is not in {}", ended.stderr);
    }
    assert!(!ended.stderr.contains("secret"), "{}", ended.stderr);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "something was made");
}

fn invalid_configuration_is_refused_in_one_sentence() -> anyhow::Result<()> {
    assert_refused(
        &[("GOCHAT__DATABASE__URL", "sqlite://")],
        &["database.url", "sqlite://data/gochat.sqlite"],
    );
    for (url, right) in [
        ("sqlite://:memory:", "expected sqlite::memory: for a database that ends with the process"),
        ("sqlite://g.sqlite?mode=rwc", "expected a path without parameters after ? or &"),
        ("sqlite://g.sqlite&mode=rwc", "expected a path without parameters after ? or &"),
        ("sqlite://~/g.sqlite", "expected a path without ~, $, %NAME% and backticks"),
        ("sqlite://%HOME%/g.sqlite", "expected a path without ~, $, %NAME% and backticks"),
        ("sqlite://`pwd`/g.sqlite", "expected a path without ~, $, %NAME% and backticks"),
        ("sqlite://127.0.0.1/x", "without a host, like sqlite:///var/"),
        ("sqlite://host:80/x", "without a host, like sqlite:///var/"),
        ("sqlite://u:secret@h/d", "without a host, like sqlite:///var/"),
        ("sqlite://C:\\x", "without a drive, like sqlite:///var/"),
        ("sqlite://x#y", "expected a path without #"),
        ("sqlite://localhost/var/g.sqlite", "without a host, like sqlite:///var/"),
        ("sqlite://g.sqlite#main", "expected a path without #"),
        ("\"sqlite://g.sqlite\"", "without quotes around it"),
        ("sqlite://'g.sqlite'", "without quotes around it"),
        ("'postgres://u:secret@h/d'", "without quotes around it"),
        ("sqlite://file:g.sqlite", "without file:"),
        ("sqlite://my%20data/g.sqlite", "without percent-encoding"),
        ("sqlite:g.sqlite", "expected sqlite://PATH"),
    ] {
        assert_refused(
            &[("GOCHAT__DATABASE__URL", url)],
            &["database.url = ", "from the environment", right],
        );
    }
    for (bind, right) in [
        ("unix:http.sock", "expected an absolute path after unix:, like unix:/run/gochat/http.sock"),
        ("unix:@gochat", "abstract sockets (@) are not supported"),
        ("unix:/run/http.sock?mode=660", "expected only a path after unix:"),
        (&*format!("unix:/run/{}", "x".repeat(103)), "expected a path of at most 107 bytes after unix:"),
    ] {
        let named = format!("http.bind = \"{bind}\" from the environment is refused: ");
        assert_refused(&[("GOCHAT__HTTP__BIND", bind)], &[&named, right]);
    }
    assert_refused(&[("GOCHAT__WRITER__BATCH", "0")], &["writer.batch = \"0\"", "from 1 to 10000"]);
    // Even root cannot create this folder.
    assert_refused(
        &[
            ("GOCHAT__HTTP__BIND", "127.0.0.1:0"),
            ("GOCHAT__ADMIN__BIND", "127.0.0.1:0"),
            ("GOCHAT__DATABASE__URL", "sqlite:///dev/null/data/g.sqlite"),
        ],
        &["database.url = \"sqlite:///dev/null/data/g.sqlite\"", "cannot create the folder /dev/null/data"],
    );
    // Nothing listens on port 1.
    assert_refused(
        &[
            ("GOCHAT__HTTP__BIND", "127.0.0.1:0"),
            ("GOCHAT__ADMIN__BIND", "127.0.0.1:0"),
            ("GOCHAT__DATABASE__URL", "postgres://u:secret@127.0.0.1:1/d"),
        ],
        &["database.url = \"postgres://u:***@127.0.0.1:1/d\"", "refused"],
    );
    Ok(())
}

fn a_port_in_use_is_reported_and_no_database_is_created() -> anyhow::Result<()> {
    let taken = TcpListener::bind("127.0.0.1:0")?;
    let address = taken.local_addr()?.to_string();
    assert_refused(&[("GOCHAT__HTTP__BIND", &address)], &["http.bind", &address, "in use"]);
    assert_refused(
        &[("GOCHAT__HTTP__BIND", "127.0.0.1:0"), ("GOCHAT__ADMIN__BIND", &address)],
        &["admin.bind", &address, "in use", "set a free address"],
    );
    Ok(())
}

fn an_unreadable_settings_file_is_refused() -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    // Even root cannot read a folder as a file.
    fs::create_dir_all(folder.path().join("config/development.toml"))?;
    let ended = run_in(folder.path(), &["config"], &[]);
    assert_eq!((ended.code, &*ended.stdout), (Some(1), ""), "{ended:?}");
    assert_eq!(ended.stderr, "gochat: config/development.toml is refused: Is a directory (os error 21)\n");
    Ok(())
}

fn a_variable_that_is_not_unicode_is_refused() -> anyhow::Result<()> {
    let url = OsStr::from_bytes(b"sqlite:///srv/\xff.sqlite");
    let mut command = Command::new(env!("CARGO_BIN_EXE_gochat"));
    let output = deadline::run(command.arg("config").env("GOCHAT__DATABASE__URL", url));
    assert_eq!((output.status.code(), &*output.stdout), (Some(1), &b""[..]));
    let message = String::from_utf8(output.stderr)?;
    assert_eq!(message, "gochat: GOCHAT__DATABASE__URL is refused: expected Unicode\n");
    Ok(())
}

fn an_invalid_command_line_exits_with_2() -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    for arguments in
        [&["sing"][..], &["keys", "create"], &["keys", "create", "--name", "x", "--scope", "all"]]
    {
        assert_eq!(run_in(folder.path(), arguments, &[]).code, Some(2), "{arguments:?}");
    }
    assert_eq!(fs::read_dir(folder.path())?.count(), 0);
    Ok(())
}

fn an_invalid_settings_file_is_named_without_showing_its_secrets() -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    fs::create_dir(folder.path().join("config"))?;
    let refused = |text: &str| {
        fs::write(folder.path().join("config/production.toml"), text).unwrap();
        let ended = run_in(folder.path(), &["--profile", "production", "config"], &[]);
        assert_eq!((ended.code, &*ended.stdout), (Some(1), ""), "{ended:?}");
        ended.stderr
    };
    let unknown = refused("[database]\nulr = \"postgres://u:secret@h/d\"\n");
    let start =
        "gochat: database.ulr = \"…\" from config/production.toml is refused: expected one of the settings ";
    assert!(unknown.starts_with(start), "{unknown}");
    assert_eq!(
        refused("[log]\nlevel = \"loud\"\n"),
        "gochat: log.level = \"loud\" from config/production.toml is refused: expected error or warn or info or debug or trace\n"
    );
    assert_eq!(
        refused("[database]\nurl = \"postgres://u:secret@h/d\n"),
        "gochat: config/production.toml is refused: line 2: invalid basic string, expected `\"`\n"
    );
    Ok(())
}

fn a_wrong_password_is_reported_but_not_shown(database: TestDatabase) -> anyhow::Result<()> {
    let url = database.url().replace(&format!(":{}@", Cluster::PASSWORD), ":secret@");
    if url == database.url() {
        // The server of GOCHAT_TEST_DATABASE_URL may accept any password.
        return Ok(());
    }
    let parts = ["database.url = \"postgres://", ":***@", "password authentication failed"];
    let variables = [
        ("GOCHAT__HTTP__BIND", "127.0.0.1:0"),
        ("GOCHAT__ADMIN__BIND", "127.0.0.1:0"),
        ("GOCHAT__DATABASE__URL", &url),
    ];
    assert_refused(&variables, &parts);
    Ok(())
}

fn a_schema_with_missing_or_unknown_migrations_is_refused(database: TestDatabase) -> anyhow::Result<()> {
    let variables = [
        ("GOCHAT__HTTP__BIND", "127.0.0.1:0"),
        ("GOCHAT__ADMIN__BIND", "127.0.0.1:0"),
        ("GOCHAT__DATABASE__URL", database.url()),
        ("GOCHAT__DATABASE__MIGRATE_ON_START", "false"),
    ];
    let versions = schema::versions(database.backend())?;
    assert_refused(&variables, &["database.url", &versions.join(", "), "gochat migrate"]);
    let migrated = run(&database, &["migrate"]);
    let lines =
        versions.iter().map(|version| format!("migrated to {version}\n")).collect::<Vec<_>>().concat();
    assert_eq!((migrated.code, &*migrated.stdout), (Some(0), &*lines), "{migrated:?}");
    assert_eq!(run(&database, &["migrate"]).stdout, "the schema is up to date\n");

    database.execute(
        "INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000');
         UPDATE schema_compatibility SET oldest_program = '29980101000000'",
    )?;
    let newest = versions.last().unwrap();
    assert_refused(&variables[..3], &["29990101000000", "29980101000000", newest]);
    let refused = run(&database, &["migrate"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("29980101000000") && refused.stderr.contains(newest), "{refused:?}");
    Ok(())
}

fn migrations_before_a_failed_one_are_reported(database: TestDatabase) -> anyhow::Result<()> {
    let versions = schema::versions(database.backend())?;
    let (first, second, third) = (&versions[0], &versions[1], &schema::names(database.backend())?[2]);
    // Conflicts with the third migration.
    database.execute("CREATE TABLE idempotency_keys (id integer)")?;
    let migrated = run(&database, &["migrate"]);
    assert_eq!(
        (migrated.code, migrated.stdout),
        (Some(1), format!("migrated to {first}\nmigrated to {second}\n"))
    );
    assert!(
        migrated.stderr.contains("database.url") && migrated.stderr.contains(third),
        "{}",
        migrated.stderr
    );

    database.execute(
        "DROP TABLE api_keys; DELETE FROM __diesel_schema_migrations WHERE version > '20261123000000'",
    )?;
    let served = run(&database, &["serve"]);
    assert_eq!((served.code, &*served.stdout), (Some(1), ""));
    assert!(
        served.stderr.contains(&format!("INFO migrated the database to {second}\n")),
        "{}",
        served.stderr
    );
    assert!(served.stderr.contains(third), "{}", served.stderr);
    Ok(())
}

/// No command prints any part of a password, however the URL is malformed, and wherever it is set.
fn no_part_of_a_password_is_printed() -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    let file = folder.path().join("url");
    let (port, encode) = ("127.0.0.1:1", "with user, password, database and values percent-encoded");
    for (url, message) in [
        (format!("postgres://u:pa%%s3cret@{port}/d"), encode),
        (format!("postgres://u:s3cret%@{port}/d"), encode),
        (format!("postgres://u:s3cret%00@{port}/d"), encode),
        (format!("postgres://u:1/s3cret@{port}/d"), encode),
        (format!("postgres://u:a/s3cret@{port}/d"), encode),
        (format!("postgres://u:a@s3cret@{port}/d"), encode),
        (format!("postgres://u:a?s3cret@{port}/d"), encode),
        (format!("postgres://u:1#s3cret@{port}/d"), encode),
        (format!("postgres://u:a s3cret@{port}/d"), encode),
        (format!("postgres://{port}/d?password=a&s3cret"), encode),
        (format!("postgres://{port}/d?password=a&s3cret=1"), "parameters of libpq after ?"),
        (format!("postgres://{port}/d?pasword=s3cret"), "parameters of libpq after ?"),
        (format!("postgres://{port}/d?passw%6frd=s3cret"), "refused"),
        (format!("postgres://u@{port}/d?passw%6Frd=s%33cret"), "refused"),
        (format!("postgres://{port}/d?password=a&sslmode=s3cret"), "invalid sslmode value: \"***\""),
        (format!("postgres://{port}/d?password=a&hostaddr=s3cret"), "***"),
        (format!("postgres//u:s3cret@{port}/d"), "expected sqlite://PATH"),
        (format!("postgres:u:s3cret://@{port}/d"), "expected sqlite://PATH"),
        (format!(" postgres://u:s3cret@{port}/d"), "expected sqlite://PATH"),
        (format!("POSTGRES://u:s3cret@{port}/d"), "expected sqlite://PATH"),
    ] {
        fs::write(&file, &url)?;
        let variables =
            [("GOCHAT__DATABASE__URL", &*url), ("GOCHAT__DATABASE__URL_FILE", file.to_str().unwrap())];
        for variable in variables {
            let listeners = [("GOCHAT__HTTP__BIND", "127.0.0.1:0"), ("GOCHAT__ADMIN__BIND", "127.0.0.1:0")];
            let variables = [&listeners[..], &[variable]].concat();
            for arguments in [&["serve"][..], &["keys", "list"], &["config"]] {
                let ended = run_in(folder.path(), arguments, &variables);
                assert!(!format!("{ended:?}").contains("cret"), "{url}: {ended:?}");
                if arguments == ["config"] {
                    continue;
                }
                assert_eq!((ended.code, &*ended.stdout), (Some(1), ""), "{url}: {ended:?}");
                assert!(ended.stderr.contains(message), "{url}: {message} is not in {ended:?}");
            }
        }
    }
    let url = "postgres://u:s3cret@h/d";
    for variable in
        ["GOCHAT__HTTP__BIND", "GOCHAT__LOG__LEVEL", "GOCHAT__DATABASE__POOL_SIZE", "GOCHAT__DATABASE__ULR"]
    {
        let ended = run_in(folder.path(), &["serve"], &[(variable, url)]);
        assert!(ended.code == Some(1) && !ended.stderr.contains("s3cret"), "{ended:?}");
    }
    Ok(())
}
