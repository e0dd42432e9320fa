//! More readers than the database serves.

use crate::process::Server;
use gochat_test_support::{
    Case, TestDatabase, cases, deadline,
    http::{Connection, DEVELOPMENT_KEY, Request},
};
use std::fs;

pub fn cases() -> Vec<Case> {
    cases![more_connections_than_there_are_files_for_keep_out_nobody].to_vec()
}

pub fn postgres_cases() -> Vec<Case> {
    cases![readers_that_meet_a_lock_are_answered_in_time_and_take_no_threads].to_vec()
}

const READERS: usize = 400;

const QUEUE: usize = 100;

/// The threads of a server.
fn threads(server: &Server) -> usize {
    let status = fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    status.lines().find_map(|line| line.strip_prefix("Threads:")).unwrap().trim().parse().unwrap()
}

fn waiting(server: &Server) -> usize {
    let metrics = Request::new("GET", "/metrics").send(server.admin_port).body;
    let sample = metrics.lines().find_map(|line| line.strip_prefix("gochat_read_queue_depth "));
    sample.unwrap().parse().unwrap()
}

/// PostgreSQL alone: nothing that another connection to SQLite holds keeps readers waiting.
fn readers_that_meet_a_lock_are_answered_in_time_and_take_no_threads(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let queue = QUEUE.to_string();
    let server = Server::start(
        &database,
        &[("GOCHAT__DATABASE__READ_QUEUE", &queue), ("GOCHAT__DATABASE__TIMEOUT", "5s")],
    );
    let read = Request::new("GET", "/v1/group/1").header("GoChat-Token", DEVELOPMENT_KEY);
    assert_eq!(read.send(server.port).status, 404);
    let threads_before = threads(&server);
    let mut lock = database.lock_groups()?;
    let mut readers: Vec<_> = (0..READERS).map(|_| Connection::open(server.port)).collect();
    for reader in &mut readers {
        reader.write(&read.bytes());
    }
    deadline::eventually("the queue of reads is full", || (waiting(&server) == QUEUE).then_some(()));
    // Each worker may start a thread for each of four connections.
    let most = threads_before + 4 * std::thread::available_parallelism()?.get();
    assert!(threads(&server) <= most, "{} threads, {threads_before} before", threads(&server));
    for reader in &mut readers {
        let reply = reader.read();
        reply.assert_error(503, "unavailable", None, "the service cannot serve this now; try again");
    }
    assert_eq!(waiting(&server), 0);
    lock.execute("ROLLBACK")?;
    assert_eq!(read.send(server.port).status, 404);
    server.terminate();
    assert_eq!(server.wait().code, Some(0));
    Ok(())
}

fn more_connections_than_there_are_files_for_keep_out_nobody(database: TestDatabase) -> anyhow::Result<()> {
    let few_files = ["sh", "-c", r#"ulimit -n 256; exec "$0" "$@""#];
    let server = Server::start_by(&few_files, &database, &[("GOCHAT__HTTP__WORKERS", "2")]);
    let mut idle: Vec<_> = (0..600).map(|_| Connection::open(server.port)).collect();
    let create = Request::create(r#"{"name":"g","token":"t","admin_id":1}"#);
    for status in [201, 409, 409] {
        assert_eq!(create.send(server.port).status, status);
        for path in ["/livez", "/readyz"] {
            assert_eq!(Request::new("GET", path).send(server.admin_port).status, 200);
        }
    }
    // Those that had waited longest made way.
    assert!(idle[0].is_closed());
    server.terminate();
    assert_eq!(server.wait().code, Some(0));
    Ok(())
}
