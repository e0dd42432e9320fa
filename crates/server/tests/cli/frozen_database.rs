//! Commands on a frozen PostgreSQL server: its machine still acknowledges TCP data, but nothing answers. Each command
//! must end with an error.

use crate::process::{self, Ended, Server, command, fill, ndjson};
use gochat_test_support::{
    Case, Cluster, FaultProxy, Message, TestDatabase, cases,
    deadline::{self, Lines},
    http::{Connection, Request},
};
use std::{
    io::{BufRead, BufReader, Read, Write},
    process::{Child, Stdio},
};
use tempfile::TempDir;

pub fn postgres_cases() -> Vec<Case> {
    cases![
        an_import_ends_with_its_error,
        an_export_ends_with_its_error,
        the_key_commands_end_with_their_error,
        a_command_that_finds_the_server_frozen_ends_with_its_error,
        a_command_that_hangs_while_it_connects_ends_with_its_error,
        a_server_with_hanging_reads_can_be_stopped,
    ]
}

const SHORT_TIMEOUT: (&str, &str) = ("GOCHAT__DATABASE__TIMEOUT", "1s");

fn start(database: &TestDatabase, arguments: &[&str]) -> (Child, TempDir) {
    let folder = TempDir::new().unwrap();
    let child =
        command(folder.path(), arguments, &[("GOCHAT__DATABASE__URL", database.url()), SHORT_TIMEOUT])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
    (child, folder)
}

/// Runs a command with a short timeout until it ends.
fn run(database: &TestDatabase, arguments: &[&str]) -> Ended {
    let (child, _folder) = start(database, arguments);
    Ended::from(deadline::output(child))
}

fn an_import_ends_with_its_error(_: TestDatabase) -> anyhow::Result<()> {
    let cluster = Cluster::start(Cluster::FAST)?;
    let database = cluster.database()?;
    let (mut import, _folder) = start(&database, &["groups", "import", "-"]);
    let mut input = import.stdin.take().unwrap();
    let stderr = Lines::of(import.stderr.take().unwrap());
    // An invalid line is reported once all lines before it are stored.
    input.write_all(format!("{}x\n", ndjson("g", 0..10)).as_bytes())?;
    assert_eq!(stderr.line().as_deref(), Some("line 11: it is not a JSON object\n"));
    cluster.pause()?;
    input.write_all(ndjson("late", 0..1).as_bytes())?;
    assert_eq!(
        stderr.rest(),
        "stopped after line 11: created 10, already existing 0, refused 1; it is safe to run the same import again\n\
         gochat: line 12: the storage is unavailable: the database took too long\n"
    );
    assert_eq!(deadline::exit(&mut import).code(), Some(2));
    cluster.resume()
}

fn an_export_ends_with_its_error(_: TestDatabase) -> anyhow::Result<()> {
    let cluster = Cluster::start(Cluster::FAST)?;
    let database = cluster.database()?;
    let groups = ndjson(&"g".repeat(50), 0..10_000);
    fill(&database, &groups);
    let (mut export, _folder) = start(&database, &["groups", "export", "-"]);
    // The export can fill the pipe and then blocks.
    let mut exported = BufReader::new(export.stdout.take().unwrap());
    exported.read_line(&mut String::new())?;
    cluster.pause()?;
    let stderr = Lines::of(export.stderr.take().unwrap());
    exported.read_to_string(&mut String::new())?;
    // Either the reading connection hangs, or a new one cannot be opened.
    let error = stderr.rest();
    assert!(error.starts_with("gochat: the storage is unavailable: "), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
    assert_eq!(deadline::exit(&mut export).code(), Some(1));
    cluster.resume()
}

fn the_key_commands_end_with_their_error(database: TestDatabase) -> anyhow::Result<()> {
    let create = ["keys", "create", "--name", "k", "--scope", "groups:read"];
    let made = process::run(&database, &create);
    assert_eq!(made.code, Some(0), "{made:?}");
    let id = made.stderr.split_whitespace().find(|word| word.len() == 36).unwrap();
    let proxy = FaultProxy::in_front_of(database.url())?;
    let database = database.through(proxy.url());
    // Freezes first the lookup of keys, then the writer's transaction.
    for (message, arguments) in [
        (r#"FROM "api_keys""#, &["keys", "list"][..]),
        ("pg_advisory_xact_lock_shared", &create),
        ("pg_advisory_xact_lock_shared", &["keys", "revoke", id]),
    ] {
        proxy.mute(Message::Containing(message));
        let ended = run(&database, arguments);
        let expected = "gochat: the storage is unavailable: the database took too long\n";
        assert_eq!((ended.code, &*ended.stderr), (Some(1), expected), "{arguments:?}");
    }
    Ok(())
}

fn a_command_that_finds_the_server_frozen_ends_with_its_error(_: TestDatabase) -> anyhow::Result<()> {
    let cluster = Cluster::start(Cluster::FAST)?;
    let database = cluster.database()?;
    cluster.pause()?;
    for arguments in [&["keys", "list"][..], &["groups", "export", "-"], &["migrate"]] {
        let ended = run(&database, arguments);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.stderr.contains("timeout expired"), "{ended:?}");
    }
    cluster.resume()
}

fn a_command_that_hangs_while_it_connects_ends_with_its_error(database: TestDatabase) -> anyhow::Result<()> {
    let proxy = FaultProxy::in_front_of(database.url())?;
    let database = database.through(proxy.url());
    // Freezes after the login, like a pooler that waits for a server connection.
    proxy.mute(Message::Containing("pg_backend_pid"));
    let ended = run(&database, &["keys", "list"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.ends_with(" cannot be used: no answer within 23s\n"), "{ended:?}");
    Ok(())
}

fn a_server_with_hanging_reads_can_be_stopped(database: TestDatabase) -> anyhow::Result<()> {
    let proxy = FaultProxy::in_front_of(database.url())?;
    let database = database.through(proxy.url());
    let server = Server::start(&database, &[SHORT_TIMEOUT, ("GOCHAT__HTTP__SHUTDOWN_TIMEOUT", "30s")]);
    proxy.mute(Message::Containing(r#"FROM "groups""#));
    let mut connection = Connection::open(server.port);
    connection.write(&Request::get("/v1/group").bytes());
    assert_eq!(connection.read().status, 503);
    server.stop();
    Ok(())
}
