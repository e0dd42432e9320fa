//! Settings in files: `GOCHAT__DATABASE__URL_FILE` and similar variables.

use crate::process::{Ended, run_in};
use gochat_test_support::{Case, CaseWithoutDatabase, TestDatabase, cases, cases_without_database, schema};
use std::{collections::BTreeSet, fs, path::PathBuf, process::Command, thread};
use tempfile::TempDir;

pub fn cases() -> Vec<CaseWithoutDatabase> {
    cases_without_database![
        every_setting_can_come_from_a_file,
        an_invalid_file_is_refused_by_name,
        a_pipe_is_accepted_but_has_a_timeout,
        a_setting_and_its_file_must_not_both_be_set,
        error_messages_do_not_show_the_content_of_a_file,
        the_file_of_an_unknown_setting_is_not_read,
    ]
}

pub fn database_cases() -> Vec<Case> {
    cases![a_database_whose_url_is_in_a_file_is_used]
}

/// A folder in which commands run, and another one for the files that they read.
struct TestFolder {
    files: TempDir,
    folder: TempDir,
}

impl TestFolder {
    fn new() -> Self {
        Self { files: TempDir::new().unwrap(), folder: TempDir::new().unwrap() }
    }

    fn file(&self, content: impl AsRef<[u8]>) -> String {
        let path = self.path("secret-file");
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.files.path().join(name)
    }

    fn run(&self, command: &str, variables: &[(&str, &str)]) -> Ended {
        run_in(self.folder.path(), &[command], variables)
    }

    /// Passes if the start is refused with exactly this sentence, and nothing is created.
    #[track_caller]
    fn assert_refused(&self, variables: &[(&str, &str)], message: &str) {
        let ended = self.run("serve", variables);
        assert_eq!(
            (ended.code, &*ended.stdout, &*ended.stderr),
            (Some(1), "", &*format!("gochat: {message}\n"))
        );
        assert_eq!(fs::read_dir(self.folder.path()).unwrap().count(), 0, "something was made");
    }
}

/// For each setting, a value other than its default.
const OTHER_VALUES: &[(&str, &str)] = &[
    ("admin.bind", "127.0.0.1:4322"),
    ("admin.dashboard", "false"),
    ("admin.tls_certificate", "/etc/gochat/tls.crt"),
    ("admin.tls_key", "/etc/gochat/tls.key"),
    ("auth.development_key", "false"),
    ("database.migrate_on_start", "false"),
    ("database.pool_size", "7"),
    ("database.prepared_statements", "false"),
    ("database.read_queue", "77"),
    ("database.timeout", "7s"),
    ("database.url", "sqlite://other.sqlite"),
    ("http.allowed_origins", "https://chat.example.org"),
    ("http.base_path", "/api"),
    ("http.bind", "127.0.0.1:4321"),
    ("http.keep_alive", "70s"),
    ("http.max_connections", "100"),
    ("http.request_timeout", "17s"),
    ("http.shutdown_delay", "1s"),
    ("http.shutdown_timeout", "37s"),
    ("http.socket_mode", "666"),
    ("http.trusted_proxies", "10.0.0.1"),
    ("http.workers", "3"),
    ("idempotency.keep", "2h"),
    ("limits.groups", "200"),
    ("limits.groups_per_administrator", "10"),
    ("limits.members_per_group", "100"),
    ("log.format", "json"),
    ("log.level", "debug"),
    ("writer.batch", "17"),
    ("writer.queue", "177"),
    ("writer.writers", "2"),
];

fn every_setting_can_come_from_a_file() -> anyhow::Result<()> {
    let folder = TestFolder::new();
    let defaults = folder.run("config", &[]).stdout;
    let mut expected: toml::Table = defaults.parse()?;
    let names = expected.iter().flat_map(|(section, settings)| {
        settings.as_table().unwrap().keys().map(move |key| format!("{section}.{key}"))
    });
    let names: BTreeSet<_> = names.collect();
    assert_eq!(names, OTHER_VALUES.iter().map(|(name, _)| (*name).to_owned()).collect());
    let mut variables = Vec::new();
    for (name, value) in OTHER_VALUES {
        let path = folder.path(name);
        fs::write(&path, format!("{value}\n"))?;
        let variable = format!("GOCHAT__{}_FILE", name.replace('.', "__").to_uppercase());
        variables.push((variable, path.to_str().unwrap().to_owned()));
        let (section, key) = name.split_once('.').unwrap();
        let setting = &mut expected[section][key];
        let other = match &setting {
            toml::Value::Integer(_) => toml::Value::Integer(value.parse()?),
            toml::Value::Boolean(_) => toml::Value::Boolean(value.parse()?),
            _ => toml::Value::String((*value).to_owned()),
        };
        assert_ne!(*setting, other, "{name}");
        // Alone, it changes this setting and no other. A certificate and its key are refused alone.
        if !name.starts_with("admin.tls_") {
            let (variable, path) = variables.last().unwrap();
            let alone = folder.run("config", &[(variable, path)]);
            let mut changed: toml::Table = defaults.parse()?;
            changed[section][key] = other.clone();
            assert_eq!((alone.code, alone.stdout.parse::<toml::Table>()?), (Some(0), changed), "{name}");
        }
        *setting = other;
    }
    let variables: Vec<_> = variables.iter().map(|(name, path)| (&**name, &**path)).collect();
    let ended = folder.run("config", &variables);
    assert_eq!((ended.code, ended.stdout.parse()?, &*ended.stderr), (Some(0), expected, ""));
    Ok(())
}

fn a_database_whose_url_is_in_a_file_is_used(database: TestDatabase) -> anyhow::Result<()> {
    let folder = TestFolder::new();
    let file = folder.file(format!("{}\n", database.url()));
    let migrated = folder.run("migrate", &[("GOCHAT__DATABASE__URL_FILE", &file)]);
    let versions = schema::versions(database.backend())?;
    let message =
        versions.iter().map(|version| format!("migrated to {version}\n")).collect::<Vec<_>>().concat();
    assert_eq!((migrated.code, migrated.stdout, migrated.stderr), (Some(0), message, String::new()));
    assert_eq!(database.rows("SELECT name FROM groups")?.len(), 0);
    // A password in the file is redacted.
    let shown =
        folder.run("config", &[("GOCHAT__DATABASE__URL_FILE", &folder.file("postgres://u:secret@h/d\n"))]);
    assert!(shown.stdout.contains("url = \"postgres://u:***@h/d\""), "{shown:?}");
    Ok(())
}

fn an_invalid_file_is_refused_by_name() -> anyhow::Result<()> {
    let folder = TestFolder::new();
    let variable = "GOCHAT__DATABASE__URL_FILE";
    let refused = |path: &str, fault: &str| {
        folder.assert_refused(
            &[(variable, path)],
            &format!("the file \"{path}\" of {variable} is refused: {fault}"),
        );
    };
    let missing = folder.path("missing");
    refused(missing.to_str().unwrap(), "it cannot be read: No such file or directory (os error 2)");
    refused("", "it cannot be read: No such file or directory (os error 2)");
    refused(&folder.file(""), "it is empty");
    refused(&folder.file("sqlite://g\0.sqlite\n"), "it has a control character, such as a zero byte");
    // A URL as the value of the variable is a secret in the wrong place.
    folder.assert_refused(
        &[(variable, "postgres://u:secret@h/d")],
        "GOCHAT__DATABASE__URL_FILE is refused: expected the path of a file, not a URL",
    );
    Ok(())
}

fn a_pipe_is_accepted_but_has_a_timeout() -> anyhow::Result<()> {
    let folder = TestFolder::new();
    let pipe = folder.path("pipe");
    let path = pipe.to_str().unwrap();
    assert!(Command::new("mkfifo").arg(path).status()?.success());
    let variable = "GOCHAT__LOG__LEVEL_FILE";
    let message = "it could not be read to its end within 10 seconds";
    folder.assert_refused(
        &[(variable, path)],
        &format!("the file \"{path}\" of {variable} is refused: {message}"),
    );
    let shown = thread::scope(|scope| {
        scope.spawn(|| fs::write(&pipe, "debug\n").unwrap());
        folder.run("config", &[(variable, path)])
    });
    assert!(shown.code == Some(0) && shown.stdout.contains("level = \"debug\""), "{shown:?}");
    Ok(())
}

fn a_setting_and_its_file_must_not_both_be_set() -> anyhow::Result<()> {
    let folder = TestFolder::new();
    let file = folder.file("sqlite://g.sqlite");
    for (other, value) in
        [("GOCHAT__DATABASE__URL", "postgres://u:secret@h/d"), ("GOCHAT__database__url", "")]
    {
        folder.assert_refused(
            &[("GOCHAT__DATABASE__URL_FILE", &file), (other, value)],
            &format!("the file \"{file}\" of GOCHAT__DATABASE__URL_FILE is refused: {other} is set too; set one of the two"),
        );
    }
    Ok(())
}

fn error_messages_do_not_show_the_content_of_a_file() -> anyhow::Result<()> {
    let folder = TestFolder::new();
    let file = folder.file("mysql://u:secret@h/d");
    let cases = [
        (
            "GOCHAT__DATABASE__URL_FILE",
            "database.url",
            "sqlite://PATH, sqlite::memory: or postgres://USER:PASSWORD@HOST/DATABASE",
        ),
        ("GOCHAT__DATABASE__POOL_SIZE_FILE", "database.pool_size", "a whole number from 1 to 1000"),
        ("GOCHAT__DATABASE__TIMEOUT_FILE", "database.timeout", "a duration from 1s to 60s, like 1s"),
        ("GOCHAT__DATABASE__MIGRATE_ON_START_FILE", "database.migrate_on_start", "true or false"),
        ("GOCHAT__LOG__FORMAT_FILE", "log.format", "pretty or json"),
    ];
    for (variable, setting, expected) in cases {
        folder.assert_refused(
            &[(variable, &file)],
            &format!(
                "{setting} = \"…\" from the file \"{file}\" of {variable} is refused: expected {expected}"
            ),
        );
    }
    Ok(())
}

fn the_file_of_an_unknown_setting_is_not_read() -> anyhow::Result<()> {
    let folder = TestFolder::new();
    let ended = folder.run("serve", &[("GOCHAT__HTTP__BNID_FILE", "/nowhere")]);
    let start = "gochat: http.bnid_file = \"…\" from the environment is refused: expected one of the settings admin.bind, ";
    assert!(ended.code == Some(1) && ended.stderr.starts_with(start), "{ended:?}");
    Ok(())
}
