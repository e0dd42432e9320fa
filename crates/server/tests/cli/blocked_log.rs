//! A blocked log: standard error is a pipe whose reader has stopped.

use crate::{process::Server, serve::create_in_flight};
use gochat_test_support::{
    Case, TestDatabase, cases,
    http::{Connection, Request, metric},
};
use std::thread;

pub fn cases() -> Vec<Case> {
    cases![
        a_blocked_log_delays_neither_requests_nor_the_shutdown,
        a_failed_shutdown_ends_even_if_the_log_is_blocked,
        queued_lines_are_written_at_the_end,
    ]
}

/// Lines that fit into the log queue and the pipe.
const QUEUED: usize = 16_384 + 1_000;

fn create(name: usize) -> Request {
    Request::group(&format!("g{name}"))
}

/// Sends `count` requests over four connections, a hundred at a time. Passes if each is answered with `status`.
fn send(server: &Server, count: usize, request: &Request, status: u16) {
    let (port, request) = (server.port, request.bytes());
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut connection = Connection::open(port);
                for _ in 0..count.div_ceil(400) {
                    connection.write(&request.repeat(100));
                    for _ in 0..100 {
                        assert_eq!(connection.read().status, status);
                    }
                }
            });
        }
    });
}

fn dropped(server: &Server) -> f64 {
    metric(server.admin_port, "gochat_log_lines_dropped_total").unwrap()
}

fn a_blocked_log_delays_neither_requests_nor_the_shutdown(database: TestDatabase) -> anyhow::Result<()> {
    let (server, _unread) = Server::start_unread(&database, &[]);
    // More lines than the pipe holds.
    for name in 0..500 {
        assert_eq!(create(name).send(server.port).status, 201);
    }
    assert_eq!(dropped(&server).to_string(), "0");
    send(&server, QUEUED + 5_000, &Request::new("GET", "/nothing"), 404);
    assert!(dropped(&server) > 4_000.0, "{}", dropped(&server));
    assert_eq!(create(500).send(server.port).status, 201);
    server.stop();
    assert_eq!(database.rows("SELECT name FROM groups")?.len(), 501);
    Ok(())
}

fn a_failed_shutdown_ends_even_if_the_log_is_blocked(database: TestDatabase) -> anyhow::Result<()> {
    let settings = [("GOCHAT__HTTP__SHUTDOWN_TIMEOUT", "2s"), ("GOCHAT__DATABASE__TIMEOUT", "60s")];
    let (server, _unread) = Server::start_unread(&database, &settings);
    send(&server, 1_000, &Request::new("GET", "/nothing"), 404);
    let _lock = database.lock_groups()?;
    let _in_flight = create_in_flight(&server);
    server.terminate();
    assert_eq!(server.wait().code, Some(1));
    Ok(())
}

fn queued_lines_are_written_at_the_end(database: TestDatabase) -> anyhow::Result<()> {
    let (mut server, unread) = Server::start_unread(&database, &[]);
    send(&server, 4_000, &Request::new("GET", "/nothing"), 404);
    server.terminate();
    // The reader starts only now.
    server.read(unread);
    let ended = server.wait();
    assert_eq!(ended.code, Some(0));
    assert_eq!(ended.stderr.matches("status=404").count(), 4_000);
    assert!(ended.stderr.ends_with("stopped\n"), "{}", ended.stderr);
    Ok(())
}
