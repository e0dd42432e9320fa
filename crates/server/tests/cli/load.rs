//! More concurrent clients than the database or the file limit allows.

use crate::process::Server;
use gochat_test_support::{
    Case, TestDatabase, cases, deadline,
    http::{Connection, Request, metric},
};
use std::fs;

pub fn cases() -> Vec<Case> {
    cases![idle_connections_beyond_the_file_limit_do_not_lock_out_new_ones]
}

pub fn postgres_cases() -> Vec<Case> {
    cases![reads_blocked_by_a_lock_time_out_and_use_no_extra_threads]
}

const READERS: usize = 400;

const QUEUE: u32 = 100;

/// Returns the number of threads of a server.
fn threads(server: &Server) -> usize {
    let status = fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    status.lines().find_map(|line| line.strip_prefix("Threads:")).unwrap().trim().parse().unwrap()
}

/// Only on PostgreSQL: no lock of another connection blocks reads on SQLite.
fn reads_blocked_by_a_lock_time_out_and_use_no_extra_threads(database: TestDatabase) -> anyhow::Result<()> {
    let queue = QUEUE.to_string();
    let server = Server::start(
        &database,
        &[("GOCHAT__DATABASE__READ_QUEUE", &queue), ("GOCHAT__DATABASE__TIMEOUT", "15s")],
    );
    let read = Request::get("/v1/group/1");
    let waiting = || metric(server.admin_port, "gochat_read_queue_depth");
    assert_eq!(read.send(server.port).status, 404);
    let threads_before = threads(&server);
    let mut lock = database.lock_groups()?;
    let mut readers: Vec<_> = (0..READERS).map(|_| Connection::open(server.port)).collect();
    for reader in &mut readers {
        reader.write(&read.bytes());
    }
    deadline::eventually("the queue of reads is full", || {
        (waiting() == Some(f64::from(QUEUE))).then_some(())
    });
    // All reads share the four threads of `database.pool_size`. The bound leaves room for others that the server starts.
    let most = threads_before + 4 * std::thread::available_parallelism()?.get();
    assert!(threads(&server) <= most, "{} threads, {threads_before} before", threads(&server));
    for reader in &mut readers {
        let reply = reader.read();
        reply.assert_unavailable();
    }
    assert_eq!(waiting(), Some(0.0));
    lock.execute("ROLLBACK")?;
    assert_eq!(read.send(server.port).status, 404);
    server.stop();
    Ok(())
}

fn idle_connections_beyond_the_file_limit_do_not_lock_out_new_ones(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let few_files = ["sh", "-c", r#"ulimit -n 256; exec "$0" "$@""#];
    let server = Server::start_by(&few_files, &database, &[("GOCHAT__HTTP__WORKERS", "2")]);
    let mut idle: Vec<_> = (0..600).map(|_| Connection::open(server.port)).collect();
    let create = Request::group("g");
    for status in [201, 409, 409] {
        assert_eq!(create.send(server.port).status, status);
        assert_eq!(Request::new("GET", "/livez").send(server.admin_port).status, 200);
        server.wait_until_ready();
    }
    // The longest idle connections were closed.
    assert!(idle[0].is_closed());
    server.stop();
    Ok(())
}
