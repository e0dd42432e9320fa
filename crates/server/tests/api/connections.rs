//! Connection limits, and clients that use more than their share.

use crate::app::App;
use anyhow::ensure;
use gochat_test_support::{
    Case, TestDatabase, cases,
    deadline::{LIMIT, eventually},
    http::{Connection, DEVELOPMENT_KEY, Request},
};
use std::{
    io::{self, ErrorKind, Read, Write},
    net::TcpStream,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

pub fn cases() -> Vec<Case> {
    cases![
        clients_that_send_at_full_speed_do_not_delay_others,
        an_early_reply_ends_the_connection_even_if_the_client_keeps_sending,
        a_client_that_does_not_read_its_reply_is_disconnected,
        an_idle_connection_is_closed_for_a_new_one,
        a_connection_with_an_incomplete_head_is_closed_for_a_new_one,
        a_new_connection_is_answered_503_while_all_others_are_busy,
        the_connections_of_all_workers_count_together,
        a_connection_whose_client_does_not_read_is_closed_for_a_new_one,
        a_connection_that_waits_too_long_for_its_next_request_is_closed,
        empty_lines_do_not_keep_a_connection_open,
        a_connection_that_sends_empty_lines_is_as_idle_as_a_silent_one,
        bytes_after_a_head_timeout_do_not_keep_the_connection_open,
    ]
}

const BODY: &str = r#"{"name":"g","token":"t","admin_id":1}"#;

/// Head of a request without a key, with a body that would take a day to send.
const ENDLESS: &[u8] = b"POST /v1/group HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1099511627776\r\n\r\n";

fn open(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    stream.set_write_timeout(Some(LIMIT)).unwrap();
    stream
}

fn clients_that_send_at_full_speed_do_not_delay_others(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let _end = crate::concurrent_reads::SetOnDrop(&is_over);
        // Each sender opens a new connection when the previous one is closed.
        let send_until_over = |start: &'static [u8], rest: Vec<u8>| {
            let (is_over, port) = (&is_over, app.port);
            scope.spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    let mut stream = open(port);
                    let mut reader = stream.try_clone().unwrap();
                    let discard =
                        thread::spawn(
                            move || while reader.read(&mut [0; 8_192]).is_ok_and(|read| read > 0) {},
                        );
                    let mut sent = stream.write_all(start);
                    while sent.is_ok() && !is_over.load(Ordering::Relaxed) {
                        sent = stream.write_all(&rest);
                    }
                    let _closed = stream.shutdown(std::net::Shutdown::Both);
                    discard.join().unwrap();
                }
            });
        };
        for _ in 0..2 {
            send_until_over(ENDLESS, vec![b'x'; 65_536]);
            send_until_over(b"", b"GET /nope HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(1_000));
        }
        for number in 0..50 {
            let reply = Request::group(&format!("g{number}")).send(app.port);
            assert_eq!(reply.status, 201);
            assert_eq!(Request::new("GET", "/livez").send(app.admin_port).status, 200);
        }
    });
    assert_eq!(app.names().len(), 50);
    Ok(())
}

/// The error of a write to a connection that the server has cut. `None` if the server has only stopped reading.
fn cut(written: io::Result<()>) -> Option<io::Error> {
    written.err().filter(|error| ![ErrorKind::WouldBlock, ErrorKind::TimedOut].contains(&error.kind()))
}

fn an_early_reply_ends_the_connection_even_if_the_client_keeps_sending(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let app = App::on(database);
    let mut stream = open(app.port);
    stream.write_all(ENDLESS)?;
    let body = vec![b'x'; 65_536];
    // The server eventually stops reading.
    eventually("the connection is cut", || cut(stream.write_all(&body)));
    Ok(())
}

fn a_client_that_does_not_read_its_reply_is_disconnected(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::with(database, &[("GOCHAT__HTTP__REQUEST_TIMEOUT", "1s")]);
    for number in 0..100 {
        let name = format!("{number:063}");
        assert_eq!(Request::group(&name).send(app.port).status, 201);
    }
    let mut stream = open(app.port);
    let page = Request::get("/v1/group").bytes();
    let pages = page.repeat(100);
    // Unread replies fill the socket buffers towards the client, then unread requests fill those towards the server.
    eventually("the connection is cut", || cut(stream.write_all(&pages)));
    // Other clients are not affected.
    assert_eq!(Request::group("g").send(app.port).status, 201);
    Ok(())
}

fn an_idle_connection_is_closed_for_a_new_one(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::with(database, &[("GOCHAT__HTTP__MAX_CONNECTIONS", "4")]);
    let get = Request::get("/v1/group/1").bytes();
    let mut connections: Vec<_> = (0..4).map(|_| Connection::open(app.port)).collect();
    for connection in &mut connections {
        connection.write(&get);
        assert_eq!(connection.read().status, 404);
    }
    let metrics = Request::new("GET", "/metrics").send(app.admin_port).body;
    for sample in ["gochat_http_connections 4\n", "gochat_http_connections_max 4\n"] {
        assert!(metrics.contains(sample), "{metrics}");
    }
    // The first connection is no longer the longest idle one.
    connections[0].write(&get);
    assert_eq!(connections[0].read().status, 404);
    for number in 0..2 {
        assert_eq!(Request::group(&format!("g{number}")).send(app.port).status, 201);
    }
    assert!(connections[1].is_closed());
    connections[0].write(&get);
    assert_eq!(connections[0].read().status, 200);
    Ok(())
}

fn a_new_connection_is_answered_503_while_all_others_are_busy(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::with(database, &[("GOCHAT__HTTP__MAX_CONNECTIONS", "2")]);
    let head = create_after_continue();
    let mut served: Vec<_> = (0..2).map(|_| Connection::open(app.port)).collect();
    for connection in &mut served {
        connection.write(head.as_bytes());
        connection.read_continue();
    }
    let mut refused = Connection::open(app.port);
    let reply = refused.read();
    reply.assert_unavailable();
    assert_eq!((reply.header("retry-after"), reply.header("connection")), ("1", "close"));
    assert!(refused.is_closed());
    for (connection, status) in served.iter_mut().zip([201, 409]) {
        connection.write(BODY.as_bytes());
        assert_eq!(connection.read().status, status);
    }
    assert_eq!(Request::group("g").send(app.port).status, 409);
    Ok(())
}

fn a_connection_whose_client_does_not_read_is_closed_for_a_new_one(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let app = App::with(
        database,
        &[("GOCHAT__HTTP__MAX_CONNECTIONS", "4"), ("GOCHAT__HTTP__REQUEST_TIMEOUT", "300s")],
    );
    let requests = Request::new("GET", "/openapi.json").bytes().repeat(1_000);
    let mut unread: Vec<_> = (0..4).map(|_| open(app.port)).collect();
    for stream in &mut unread {
        stream.write_all(&requests)?;
        // The first reply has begun.
        stream.peek(&mut [0])?;
    }
    // Until the socket buffers are full.
    thread::sleep(Duration::from_millis(500));
    eventually("a request is served", || send_if_open(app.port).then_some(()));
    // Only one of them had to make room.
    eventually("one is cut", || {
        (unread.iter().filter(|stream| was_reset(stream)).count() == 1).then_some(())
    });
    Ok(())
}

/// Returns true if the server has closed the connection before it has read everything.
fn was_reset(stream: &TcpStream) -> bool {
    stream.take_error().is_ok_and(|error| error.is_some())
}

fn the_connections_of_all_workers_count_together(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::with(database, &[("GOCHAT__HTTP__WORKERS", "2"), ("GOCHAT__HTTP__MAX_CONNECTIONS", "4")]);
    let mut connections: Vec<_> = (0..4).map(|_| Connection::open(app.port)).collect();
    for (number, connection) in connections.iter_mut().enumerate() {
        connection.write(&Request::new("GET", &format!("/{number}")).bytes());
        assert_eq!(connection.read().status, 404);
    }
    // The workers take turns, so one of them serves both requests.
    for connection in connections.iter_mut().step_by(2) {
        connection.write(create_after_continue().as_bytes());
        connection.read_continue();
    }
    // The longest idle connection of any worker makes room.
    assert_eq!(Request::new("GET", "/nothing").send(app.port).status, 404);
    assert!(connections[1].is_closed());
    connections[3].write(&Request::new("GET", "/nothing").bytes());
    assert_eq!(connections[3].read().status, 404);
    // Half of the slots are free.
    connections.remove(3);
    connections.remove(1);
    for _ in 0..6 {
        assert_eq!(Request::new("GET", "/nothing").send(app.port).status, 404);
    }
    for (connection, status) in connections.iter_mut().zip([201, 409]) {
        connection.write(BODY.as_bytes());
        assert_eq!(connection.read().status, status);
    }
    Ok(())
}

/// Head of a create whose body is sent after `100 Continue`.
fn create_after_continue() -> String {
    format!(
        "POST /v1/group HTTP/1.1\r\nHost: localhost\r\nGoChat-Token: {DEVELOPMENT_KEY}\r\n\
         Content-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n",
        BODY.len()
    )
}

fn a_connection_that_waits_too_long_for_its_next_request_is_closed(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let app = App::with(database, &[("GOCHAT__HTTP__KEEP_ALIVE", "1s")]);
    let mut connection = Connection::open(app.port);
    connection.write(&Request::group("g").bytes());
    assert_eq!(connection.read().status, 201);
    assert!(connection.is_closed());
    Ok(())
}

fn empty_lines_do_not_keep_a_connection_open(database: TestDatabase) -> anyhow::Result<()> {
    let app =
        App::with(database, &[("GOCHAT__HTTP__REQUEST_TIMEOUT", "1s"), ("GOCHAT__HTTP__KEEP_ALIVE", "1s")]);
    for first in [Vec::new(), Request::new("GET", "/nothing").bytes()] {
        let mut stream = open(app.port);
        stream.write_all(&first)?;
        sends_until_cut(&mut stream, b"\r\n")?;
    }
    Ok(())
}

fn bytes_after_a_head_timeout_do_not_keep_the_connection_open(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::with(database, &[("GOCHAT__HTTP__REQUEST_TIMEOUT", "1s")]);
    sends_until_cut(&mut open(app.port), b"G")
}

/// Sends `bytes` ten times a second until the connection is cut, which must be soon.
fn sends_until_cut(stream: &mut TcpStream, bytes: &[u8]) -> anyhow::Result<()> {
    let start = Instant::now();
    while stream.write_all(bytes).is_ok() {
        ensure!(start.elapsed() < Duration::from_secs(6), "the connection is still open");
        thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

fn a_connection_that_sends_empty_lines_is_as_idle_as_a_silent_one(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let app = App::with(database, &[("GOCHAT__HTTP__MAX_CONNECTIONS", "2")]);
    let get = Request::new("GET", "/v1/group/1").header("GoChat-Token", DEVELOPMENT_KEY).bytes();
    let mut connections: Vec<_> = (0..2).map(|_| Connection::open(app.port)).collect();
    for connection in &mut connections {
        connection.write(&get);
        assert_eq!(connection.read().status, 404);
    }
    for _ in 0..5 {
        connections[0].write(b"\r\n");
        thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(Request::create(BODY).send(app.port).status, 201);
    connections[1].write(&get);
    assert_eq!(connections[1].read().status, 200);
    assert!(connections[0].is_closed());
    Ok(())
}

fn a_connection_with_an_incomplete_head_is_closed_for_a_new_one(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let app = App::with(
        database,
        &[("GOCHAT__HTTP__MAX_CONNECTIONS", "4"), ("GOCHAT__HTTP__REQUEST_TIMEOUT", "300s")],
    );
    let _halves: Vec<_> = (0..24)
        .map(|_| {
            let mut half = Connection::open(app.port);
            half.write(b"G");
            half
        })
        .collect();
    // Connections beyond the limit are answered 503. A connection that has waited a second for the rest of its head
    // can be evicted.
    eventually("a request is served", || send_if_open(app.port).then_some(()));
    Ok(())
}

/// Sends a create on a new connection. Returns true if it was served.
fn send_if_open(port: u16) -> bool {
    let mut stream = open(port);
    let mut reply = String::new();
    let request = Request::group("g").header("Connection", "close").bytes();
    // A refused connection may be reset.
    stream.write_all(&request).is_ok()
        && stream.read_to_string(&mut reply).is_ok()
        && reply.starts_with("HTTP/1.1 201")
}
