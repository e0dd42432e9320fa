//! Shutdown of the server.

use crate::{process::Server, serve::create_in_flight};
use gochat_test_support::{
    Case, TestDatabase, cases,
    deadline::eventually,
    http::{LineStream, Reply, Request},
};
use std::{
    net::TcpStream,
    time::{Duration, Instant},
};

pub fn cases() -> Vec<Case> {
    cases![
        a_stopping_server_serves_new_connections_until_the_second_signal,
        the_shutdown_delay_ends_by_itself,
        without_a_delay_the_listener_closes_at_the_first_signal,
        requests_in_flight_and_the_writers_share_one_timeout,
        a_stream_ends_when_its_lines_are_answered,
        a_stream_ends_although_its_client_goes_on_sending,
    ]
}

pub fn postgres_cases() -> Vec<Case> {
    cases![a_sweep_blocked_by_a_lock_delays_neither_creates_nor_the_shutdown]
}

fn ready(server: &Server) -> Reply {
    Request::new("GET", "/readyz").send(server.admin_port)
}

/// Waits until the signal has arrived, which takes a moment.
#[track_caller]
fn assert_reports_shutdown(server: &Server) {
    let expected = r#"{"database":"not checked","migrations":"not checked","writes":"not checked","shutdown":"shutting down"}"#;
    let says_so = |reply: &Reply| reply.body == expected;
    assert_eq!(
        eventually("the server reports its shutdown", || Some(ready(server)).filter(says_so)).status,
        503
    );
}

#[track_caller]
fn assert_refuses_connections(server: &Server) {
    eventually("no new connection", || TcpStream::connect(("127.0.0.1", server.port)).err());
}

fn a_stopping_server_serves_new_connections_until_the_second_signal(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let long = [("GOCHAT__HTTP__SHUTDOWN_DELAY", "600s"), ("GOCHAT__DATABASE__TIMEOUT", "60s")];
    let server = Server::start(&database, &long);
    server.wait_until_ready();
    server.terminate();
    assert_reports_shutdown(&server);
    // Each uses a new connection.
    assert_eq!(Request::group("g").send(server.port).status, 201);
    assert_eq!(Request::group("g").send(server.port).status, 409);
    let mut lock = database.lock_groups()?;
    let mut connection = create_in_flight(&server);
    server.interrupt();
    // The request in flight keeps the process running.
    assert_refuses_connections(&server);
    assert_reports_shutdown(&server);
    lock.execute("ROLLBACK")?;
    assert_eq!(connection.read().status, 409);
    let ended = server.wait();
    assert_eq!(ended.code, Some(0));
    assert!(ended.stderr.contains("shutting down in 600s; /readyz answers 503 from now on"), "{ended:?}");
    Ok(())
}

fn the_shutdown_delay_ends_by_itself(database: TestDatabase) -> anyhow::Result<()> {
    let server = Server::start(&database, &[("GOCHAT__HTTP__SHUTDOWN_DELAY", "5s")]);
    let signalled_at = Instant::now();
    server.terminate();
    assert_reports_shutdown(&server);
    assert_refuses_connections(&server);
    assert!(signalled_at.elapsed() >= Duration::from_secs(5), "{:?}", signalled_at.elapsed());
    assert_eq!(server.wait().code, Some(0));
    Ok(())
}

fn without_a_delay_the_listener_closes_at_the_first_signal(database: TestDatabase) -> anyhow::Result<()> {
    let server = Server::start(&database, &[("GOCHAT__DATABASE__TIMEOUT", "60s")]);
    let mut lock = database.lock_groups()?;
    let mut connection = create_in_flight(&server);
    server.terminate();
    assert_refuses_connections(&server);
    assert_reports_shutdown(&server);
    assert_eq!(Request::new("GET", "/livez").send(server.admin_port).status, 200);
    lock.execute("ROLLBACK")?;
    assert_eq!(connection.read().status, 201);
    let ended = server.wait();
    assert_eq!(ended.code, Some(0));
    assert!(!ended.stderr.contains("shutting down in"), "{ended:?}");
    assert_eq!(database.rows("SELECT name FROM groups")?, [["g"]]);
    Ok(())
}

fn requests_in_flight_and_the_writers_share_one_timeout(database: TestDatabase) -> anyhow::Result<()> {
    let settings = [("GOCHAT__HTTP__SHUTDOWN_TIMEOUT", "10s"), ("GOCHAT__DATABASE__TIMEOUT", "60s")];
    let server = Server::start(&database, &settings);
    let _lock = database.lock_groups()?;
    let _in_flight = create_in_flight(&server);
    let signalled_at = Instant::now();
    server.terminate();
    let ended = server.wait();
    let took = signalled_at.elapsed();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("the database does not answer"), "{ended:?}");
    // Two separate timeouts would take 20 s.
    assert!(took >= Duration::from_secs(10) && took < Duration::from_secs(18), "{took:?}");
    Ok(())
}

fn a_stream_ends_when_its_lines_are_answered(database: TestDatabase) -> anyhow::Result<()> {
    let group = |name: &str| format!("{{\"name\":\"{name}\",\"token\":\"t\",\"admin_id\":1}}\n");
    let server = Server::start(&database, &[("GOCHAT__DATABASE__TIMEOUT", "60s")]);
    let mut stream = LineStream::open(server.port, "/v1/group");
    stream.send(&group("a"));
    stream.read_head();
    assert_eq!(stream.read_line().unwrap()["status"], 201);
    let mut lock = database.lock_groups()?;
    stream.send(&group("b"));
    server.terminate();
    assert_refuses_connections(&server);
    // The line may come too late to be read, and the end of the body never comes.
    stream.send(&group("c"));
    lock.execute("ROLLBACK")?;
    let answered: Vec<_> =
        stream.read_lines().iter().map(|line| (line["line"].clone(), line["status"].clone())).collect();
    let ended = server.wait();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let stored = database.rows("SELECT name FROM groups ORDER BY id")?.concat();
    assert_eq!(stored, ["a", "b", "c"][..=answered.len()]);
    assert!(answered.iter().all(|(_, status)| status == 201), "{answered:?}");
    assert!(ended.stderr.contains("stopping"), "{ended:?}");
    Ok(())
}

fn a_stream_ends_although_its_client_goes_on_sending(database: TestDatabase) -> anyhow::Result<()> {
    let settings = [
        ("GOCHAT__DATABASE__TIMEOUT", "60s"),
        ("GOCHAT__WRITER__QUEUE", "2"),
        ("GOCHAT__WRITER__BATCH", "1"),
    ];
    let server = Server::start(&database, &settings);
    let mut stream = LineStream::open(server.port, "/v1/group");
    let line = |number| format!("{{\"name\":\"g{number}\",\"token\":\"t\",\"admin_id\":1}}\n");
    stream.send(&line(0));
    stream.read_head();
    assert_eq!(stream.read_line().unwrap()["status"], 201);
    let mut lock = database.lock_groups()?;
    for part in 0..20 {
        stream.send(&(100 * part + 1..=100 * part + 100).map(line).collect::<String>());
    }
    server.terminate();
    assert_refuses_connections(&server);
    lock.execute("ROLLBACK")?;
    let answered = stream.read_lines();
    let ended = server.wait();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(answered.iter().all(|line| line["status"] == 201), "{answered:?}");
    // Lines that were already taken are answered, and the others are not read.
    assert!(answered.len() < 1_000, "{}", answered.len());
    assert_eq!(database.rows("SELECT name FROM groups")?.len(), 1 + answered.len());
    Ok(())
}

fn a_sweep_blocked_by_a_lock_delays_neither_creates_nor_the_shutdown(
    database: TestDatabase,
) -> anyhow::Result<()> {
    // Once the schema exists, the table of keys is locked.
    let first = Server::start(&database, &[]);
    first.stop();
    let mut lock = database.plain_sql()?;
    lock.execute("BEGIN; LOCK TABLE idempotency_keys IN ACCESS EXCLUSIVE MODE")?;
    let server = Server::start(&database, &[("GOCHAT__HTTP__SHUTDOWN_TIMEOUT", "10s")]);
    assert_eq!(Request::group("g").send(server.port).status, 201);
    server.line_with("expired idempotency keys could not be deleted");
    server.stop();
    // The sweep of this server may still wait for the lock.
    Server::start(&database, &[("GOCHAT__HTTP__SHUTDOWN_TIMEOUT", "10s")]).stop();
    Ok(())
}
