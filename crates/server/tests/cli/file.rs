//! The file of SQLite, when something happens to it under a running server.

use crate::process::{Server, command_by, run, run_with};
use gochat_test_support::{
    Case, TestDatabase, cases, deadline,
    http::{DEVELOPMENT_KEY, Reply, Request},
};
use std::{
    fs::{self, File},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

pub fn sqlite_cases() -> Vec<Case> {
    cases![
        nothing_is_acknowledged_into_a_file_that_was_deleted,
        nothing_is_acknowledged_into_a_file_that_was_renamed,
        nothing_is_acknowledged_beside_a_file_that_was_put_in_its_place,
        nothing_is_acknowledged_without_the_log_that_was_deleted,
        a_file_that_was_cut_is_neither_written_nor_taken_for_a_first_start,
        an_empty_file_with_a_log_beside_it_is_not_a_first_start,
        pages_that_were_overwritten_are_unavailable_and_not_ready,
        a_disk_that_is_full_is_not_ready_until_there_is_room,
        the_files_are_for_the_service_alone,
    ]
    .to_vec()
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
    Request::create(format!(r#"{{"name":"{name}","token":"t","admin_id":1}}"#)).send(server.port)
}

#[track_caller]
fn assert_stored(server: &Server, name: &str) {
    assert_eq!(create(server, name).status, 201);
}

/// Passes if every create is refused, and the server says that it is not ready.
#[track_caller]
fn assert_refused(server: &Server, writes: &str) {
    for name in ["late", "later"] {
        let reply = create(server, name);
        reply.assert_error(503, "unavailable", None, "the service cannot serve this now; try again");
    }
    let ready = Request::new("GET", "/readyz").send(server.admin_port);
    assert_eq!((ready.status, &ready.json()["writes"]), (503, &writes.into()), "{ready:?}");
}

const REFUSED: &str = "refused; the log has the cause";

/// Ends the server, and passes if no other one starts, for this reason.
#[track_caller]
fn assert_no_restart(database: &TestDatabase, server: Server, reason: &str) {
    server.terminate();
    assert_eq!(server.wait().code, Some(0));
    let restarted = run(database, &["serve"]);
    assert_eq!(restarted.code, Some(1), "{restarted:?}");
    assert!(restarted.stderr.contains(reason), "{restarted:?}");
}

fn nothing_is_acknowledged_into_a_file_that_was_deleted(database: TestDatabase) -> anyhow::Result<()> {
    let server = Server::start(&database, &[]);
    assert_stored(&server, "g");
    fs::remove_file(path(&database))?;
    assert_refused(&server, REFUSED);
    assert!(!path(&database).exists());
    assert_no_restart(&database, server, "is missing");
    assert!(!path(&database).exists());
    Ok(())
}

fn nothing_is_acknowledged_into_a_file_that_was_renamed(database: TestDatabase) -> anyhow::Result<()> {
    let server = Server::start(&database, &[]);
    assert_stored(&server, "g");
    let elsewhere = beside(&database, ".elsewhere");
    fs::rename(path(&database), &elsewhere)?;
    assert_refused(&server, REFUSED);
    fs::rename(&elsewhere, path(&database))?;
    // It is back, and all that was acknowledged is in it.
    assert_stored(&server, "h");
    assert_eq!(database.rows("SELECT name FROM groups ORDER BY name")?, [["g"], ["h"]]);
    server.terminate();
    assert_eq!(server.wait().code, Some(0));
    Ok(())
}

fn nothing_is_acknowledged_beside_a_file_that_was_put_in_its_place(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let server = Server::start(&database, &[]);
    assert_stored(&server, "g");
    let copy = beside(&database, ".copy");
    database.execute(&format!("VACUUM INTO '{}'", copy.display()))?;
    fs::rename(&copy, path(&database))?;
    assert_refused(&server, REFUSED);
    server.kill();
    server.wait();
    Ok(())
}

fn nothing_is_acknowledged_without_the_log_that_was_deleted(database: TestDatabase) -> anyhow::Result<()> {
    let server = Server::start(&database, &[]);
    assert_stored(&server, "g");
    fs::remove_file(beside(&database, "-wal"))?;
    assert_refused(&server, REFUSED);
    server.kill();
    server.wait();
    Ok(())
}

/// Copies all of the log into the database, as the end of the last server does.
fn checkpoint(database: &TestDatabase) -> anyhow::Result<()> {
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
}

fn a_file_that_was_cut_is_neither_written_nor_taken_for_a_first_start(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let server = Server::start(&database, &[]);
    assert_stored(&server, "g");
    checkpoint(&database)?;
    File::options().write(true).open(path(&database))?.set_len(0)?;
    assert_refused(&server, REFUSED);
    assert_no_restart(&database, server, "is empty");
    assert_eq!(fs::metadata(path(&database))?.len(), 0);
    Ok(())
}

fn an_empty_file_with_a_log_beside_it_is_not_a_first_start(database: TestDatabase) -> anyhow::Result<()> {
    let server = Server::start(&database, &[]);
    assert_stored(&server, "g");
    server.kill();
    server.wait();
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

fn pages_that_were_overwritten_are_unavailable_and_not_ready(database: TestDatabase) -> anyhow::Result<()> {
    let lines: String = (0..2000)
        .map(|number| format!("{{\"name\":\"{number:063}\",\"token\":\"t\",\"admin_id\":1}}\n"))
        .collect();
    let imported = run_with(&database, &["groups", "import", "--format", "ndjson", "-"], lines.as_bytes());
    assert_eq!(imported.code, Some(0), "{imported:?}");
    // All but the first pages, which have the schema.
    let mut bytes = fs::read(path(&database))?;
    let pages = bytes.len() / 4096;
    assert!(pages > 40, "{pages}");
    for page in bytes.chunks_mut(4096).skip(12) {
        page.fill(0x2a);
    }
    fs::write(path(&database), bytes)?;
    let server = Server::start(&database, &[]);
    let list = Request::new("GET", "/v1/group?limit=1000").header("GoChat-Token", DEVELOPMENT_KEY);
    let reply = list.send(server.port);
    reply.assert_error(503, "unavailable", None, "the service cannot serve this now; try again");
    let ready = Request::new("GET", "/readyz").send(server.admin_port);
    assert_eq!(ready.status, 503, "{ready:?}");
    server.terminate();
    assert_eq!(server.wait().code, Some(0));
    Ok(())
}

fn a_disk_that_is_full_is_not_ready_until_there_is_room(database: TestDatabase) -> anyhow::Result<()> {
    // Files of this process may have 400 KiB at most, until the limit is raised.
    let limited = ["sh", "-c", "trap '' XFSZ; ulimit -S -f 400; exec \"$@\"", "sh"];
    let server = Server::start_by(&limited, &database, &[]);
    let filled = (0..10_000).any(|number| create(&server, &format!("{number:063}")).status == 503);
    assert!(filled, "the disk is never full");
    assert_refused(&server, REFUSED);
    let raised = std::process::Command::new("prlimit")
        .args(["--pid", &server.pid().to_string(), "--fsize=unlimited:"])
        .output()?;
    assert!(raised.status.success(), "{raised:?}");
    assert_stored(&server, "room");
    let ready = Request::new("GET", "/readyz").send(server.admin_port);
    assert_eq!(ready.status, 200, "{ready:?}");
    server.terminate();
    assert_eq!(server.wait().code, Some(0));
    Ok(())
}

fn the_files_are_for_the_service_alone(database: TestDatabase) -> anyhow::Result<()> {
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
