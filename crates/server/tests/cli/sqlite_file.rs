//! Damage to the SQLite file while a server runs.

use crate::process::{Server, command_by, fill, ndjson, run};
use gochat_test_support::{
    Case, TestDatabase, cases, deadline,
    http::{Reply, Request},
};
use std::{
    fs::{self, File, Permissions},
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    process::Command,
};

pub fn sqlite_cases() -> Vec<Case> {
    cases![
        writes_to_a_deleted_file_are_refused,
        writes_to_a_renamed_file_are_refused,
        writes_to_a_replaced_file_are_refused,
        acknowledged_groups_survive_the_loss_of_the_write_ahead_log,
        an_emptied_file_is_neither_written_nor_taken_for_a_new_one,
        a_truncated_file_is_not_written,
        an_empty_file_with_a_write_ahead_log_is_not_taken_for_a_new_one,
        overwritten_pages_are_unavailable_and_not_ready,
        a_server_with_a_full_disk_is_not_ready_until_there_is_space,
        a_file_that_was_read_only_at_start_is_usable_once_writable,
        only_the_service_can_access_the_files,
    ]
}

fn path(database: &TestDatabase) -> PathBuf {
    database.url().trim_start_matches("sqlite://").into()
}

fn beside(database: &TestDatabase, suffix: &str) -> PathBuf {
    let mut path = path(database).into_os_string();
    path.push(suffix);
    path.into()
}

fn create(server: &Server, name: &str) -> Reply {
    Request::group(name).send(server.port)
}

#[track_caller]
fn assert_stored(server: &Server, name: &str) {
    assert_eq!(create(server, name).status, 201);
}

#[track_caller]
fn assert_not_ready(server: &Server) {
    let ready = Request::new("GET", "/readyz").send(server.admin_port);
    assert_eq!(ready.status, 503, "{ready:?}");
}

/// Passes if every create is refused and the server is not ready.
#[track_caller]
fn assert_refused(server: &Server) {
    for name in ["late", "later"] {
        create(server, name).assert_unavailable();
    }
    assert_not_ready(server);
}

/// Stops the server. Passes if a new one refuses to start for this reason.
#[track_caller]
fn assert_no_restart(database: &TestDatabase, server: Server, reason: &str) {
    server.stop();
    let restarted = run(database, &["serve"]);
    assert_eq!(restarted.code, Some(1), "{restarted:?}");
    assert!(restarted.stderr.contains(reason), "{restarted:?}");
}

fn writes_to_a_deleted_file_are_refused(database: TestDatabase) -> anyhow::Result<()> {
    let server = Server::start(&database, &[]);
    assert_stored(&server, "g");
    fs::remove_file(path(&database))?;
    assert_refused(&server);
    assert!(!path(&database).exists());
    assert_no_restart(&database, server, "is missing");
    assert!(!path(&database).exists());
    Ok(())
}

fn writes_to_a_renamed_file_are_refused(database: TestDatabase) -> anyhow::Result<()> {
    let server = Server::start(&database, &[]);
    assert_stored(&server, "g");
    let elsewhere = beside(&database, ".elsewhere");
    fs::rename(path(&database), &elsewhere)?;
    assert_refused(&server);
    fs::rename(&elsewhere, path(&database))?;
    // The file is back, with everything that was acknowledged.
    assert_stored(&server, "h");
    assert_eq!(database.rows("SELECT name FROM groups ORDER BY name")?, [["g"], ["h"]]);
    server.stop();
    Ok(())
}

fn writes_to_a_replaced_file_are_refused(database: TestDatabase) -> anyhow::Result<()> {
    let server = Server::start(&database, &[]);
    assert_stored(&server, "g");
    let copy = beside(&database, ".copy");
    database.execute(&format!("VACUUM INTO '{}'", copy.display()))?;
    fs::rename(&copy, path(&database))?;
    assert_refused(&server);
    server.kill();
    Ok(())
}

fn acknowledged_groups_survive_the_loss_of_the_write_ahead_log(database: TestDatabase) -> anyhow::Result<()> {
    let server = Server::start(&database, &[]);
    assert_stored(&server, "before");
    fs::remove_file(beside(&database, "-wal"))?;
    // The first write is refused; it may be one of the server's own. The writer then drops its connection, which
    // copies the open write-ahead log into the database.
    let later: Vec<_> = (0..10).map(|number| format!("later {number}")).collect();
    let stored = later.iter().filter(|name| create(&server, name).status == 201).cloned();
    let mut acknowledged: Vec<_> = stored.chain(["before".to_owned()]).collect();
    acknowledged.sort();
    server.kill();
    let names = database.rows("SELECT name FROM groups ORDER BY name")?.concat();
    assert!(acknowledged.iter().all(|name| names.contains(name)), "{acknowledged:?} {names:?}");
    Ok(())
}

/// Copies the whole write-ahead log into the database, as the last server does at its end.
fn checkpoint(database: &TestDatabase) -> anyhow::Result<()> {
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
}

fn an_emptied_file_is_neither_written_nor_taken_for_a_new_one(database: TestDatabase) -> anyhow::Result<()> {
    let server = Server::start(&database, &[]);
    assert_stored(&server, "g");
    checkpoint(&database)?;
    File::options().write(true).open(path(&database))?.set_len(0)?;
    assert_refused(&server);
    assert_no_restart(&database, server, "is empty");
    assert_eq!(fs::metadata(path(&database))?.len(), 0);
    Ok(())
}

fn a_truncated_file_is_not_written(database: TestDatabase) -> anyhow::Result<()> {
    fill(&database, &ndjson("g", 0..2000));
    let server = Server::start(&database, &[]);
    assert_stored(&server, "h");
    // Changes by SQLite itself are not damage, even if they shrink the file.
    database.execute("DELETE FROM groups WHERE id % 2 = 0; VACUUM")?;
    checkpoint(&database)?;
    assert_stored(&server, "i");
    checkpoint(&database)?;
    let whole = fs::metadata(path(&database))?.len();
    File::options().write(true).open(path(&database))?.set_len(whole / 2)?;
    assert_refused(&server);
    assert_refused(&server);
    server.kill();
    assert_eq!(fs::metadata(path(&database))?.len(), whole / 2);
    Ok(())
}

fn an_empty_file_with_a_write_ahead_log_is_not_taken_for_a_new_one(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let server = Server::start(&database, &[]);
    assert_stored(&server, "g");
    server.kill();
    for file in fs::read_dir(path(&database).parent().unwrap())? {
        let file = file?.path();
        if !["gochat.sqlite", "gochat.sqlite-wal"]
            .map(Path::new)
            .contains(&Path::new(file.file_name().unwrap()))
        {
            fs::remove_file(file)?;
        }
    }
    fs::write(path(&database), "")?;
    let restarted = run(&database, &["serve"]);
    assert_eq!(restarted.code, Some(1), "{restarted:?}");
    assert!(restarted.stderr.contains("-wal"), "{restarted:?}");
    Ok(())
}

fn overwritten_pages_are_unavailable_and_not_ready(database: TestDatabase) -> anyhow::Result<()> {
    fill(&database, &ndjson(&"x".repeat(59), 0..2000));
    // Every page but the first ones, which have the schema.
    let mut bytes = fs::read(path(&database))?;
    let pages = bytes.len() / 4096;
    assert!(pages > 40, "{pages}");
    for page in bytes.chunks_mut(4096).skip(12) {
        page.fill(0x2a);
    }
    fs::write(path(&database), bytes)?;
    let server = Server::start(&database, &[]);
    let list = Request::get("/v1/group?limit=1000");
    let reply = list.send(server.port);
    reply.assert_unavailable();
    assert_not_ready(&server);
    server.stop();
    Ok(())
}

/// Limits the size of the server's files.
fn limit_files(server: &Server, bytes: &str) {
    let pid = server.pid().to_string();
    let mut limit = Command::new("prlimit");
    assert!(deadline::run(limit.args(["--pid", &pid, &format!("--fsize={bytes}:")])).status.success());
}

fn a_server_with_a_full_disk_is_not_ready_until_there_is_space(database: TestDatabase) -> anyhow::Result<()> {
    let server = Server::start(&database, &[]);
    assert_stored(&server, "g");
    // A write beyond the limit raises SIGXFSZ, which the server survives, and fails as on a full disk.
    limit_files(&server, "4096");
    assert_refused(&server);
    limit_files(&server, "unlimited");
    assert_stored(&server, "room");
    server.wait_until_ready();
    server.stop();
    Ok(())
}

fn a_file_that_was_read_only_at_start_is_usable_once_writable(database: TestDatabase) -> anyhow::Result<()> {
    assert_eq!(run(&database, &["migrate"]).code, Some(0));
    let set_mode = |mode| fs::set_permissions(path(&database), Permissions::from_mode(mode));
    set_mode(0o400)?;
    // Root can write to any file unless it lacks the capability.
    let bound = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--"];
    let is_root = fs::metadata("/proc/self")?.uid() == 0;
    let server = Server::start_by(if is_root { &bound } else { &[] }, &database, &[]);
    assert_refused(&server);
    set_mode(0o600)?;
    assert_stored(&server, "g");
    server.wait_until_ready();
    server.stop();
    Ok(())
}

fn only_the_service_can_access_the_files(database: TestDatabase) -> anyhow::Result<()> {
    let folder = path(&database).parent().unwrap().join("new");
    let url = format!("sqlite://{}/gochat.sqlite", folder.display());
    let mut child = command_by(
        &["sh", "-c", "umask 0; exec \"$@\"", "sh"],
        folder.parent().unwrap(),
        &["keys", "create", "--name", "k", "--scope", "groups:read"],
        &[("GOCHAT__DATABASE__URL", &url)],
    );
    assert!(deadline::run(&mut child).status.success());
    let mode = |path: &Path| fs::metadata(path).map(|file| file.permissions().mode() & 0o777);
    assert_eq!(mode(&folder)?, 0o700);
    for file in fs::read_dir(&folder)? {
        let file = file?.path();
        assert_eq!(mode(&file)?, 0o600, "{}", file.display());
    }
    Ok(())
}
