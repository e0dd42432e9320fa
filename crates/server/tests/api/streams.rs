//! Streams of lines: the reply is read while the body is being sent.

use crate::{
    app::App,
    keys::issue,
    lines::{error_line, group_line, send_lines},
};
use gochat_domain::auth::Scope;
use gochat_test_support::{
    Case, TestDatabase, cases,
    deadline::eventually,
    http::{Connection, LineStream, Request, metric},
};
use serde_json::{Value, json};
use std::{
    io::{Read, Write},
    net::{Shutdown, TcpStream},
    time::{Duration, Instant},
};

pub fn cases() -> Vec<Case> {
    cases![
        the_first_answer_comes_while_the_body_is_being_sent,
        nothing_is_served_after_a_reply_that_began_before_the_end_of_the_body,
        a_stream_that_stalls_ends_with_what_was_read,
        a_stream_that_never_begins_is_answered_408,
        a_line_without_end_stalls_the_stream,
        a_sender_that_does_not_read_its_reply_is_stopped,
        a_full_queue_makes_a_stream_wait,
        lines_are_unavailable_while_the_database_is_locked,
        a_stream_broken_in_the_middle_stores_nothing_twice_when_it_is_sent_again,
        a_body_in_many_chunks_of_one_byte_is_read,
        the_server_sends_100_continue_once_it_reads_the_lines,
        a_body_cut_short_ends_the_stream,
        a_key_that_is_no_longer_valid_ends_a_stream,
        a_failed_look_up_of_the_key_fails_only_the_lines_that_need_it,
        a_client_may_close_its_half_after_the_last_line,
        chunks_that_are_almost_only_framing_are_refused,
    ]
}

fn open(app: &App) -> LineStream {
    LineStream::open(app.port, "/v1/group")
}

fn statuses(lines: &[Value]) -> Vec<u64> {
    lines.iter().map(|line| line["status"].as_u64().unwrap()).collect()
}

fn the_first_answer_comes_while_the_body_is_being_sent(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let mut stream = open(&app);
    for number in 0..5 {
        stream.send(&group_line(&format!("g{number}")));
        if number == 0 {
            stream.read_head();
            assert_eq!(metric(app.admin_port, "gochat_http_streams"), Some(1.0));
        }
        let line = stream.read_line().unwrap();
        assert_eq!((&line["line"], &line["status"]), (&json!(number + 1), &json!(201)));
        assert_eq!(app.names().len(), number + 1);
    }
    stream.end();
    assert_eq!(stream.read_line(), None);
    eventually("the stream is closed", || {
        (metric(app.admin_port, "gochat_http_streams") == Some(0.0)).then_some(())
    });
    Ok(())
}

fn nothing_is_served_after_a_reply_that_began_before_the_end_of_the_body(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let app = App::on(database);
    let mut stream = open(&app);
    stream.send(&group_line("a"));
    assert_eq!(stream.read_head().header("connection"), "close");
    stream.send(&group_line("b"));
    let mut connection = {
        let mut rest = b"0\r\n\r\n".to_vec();
        rest.extend(Request::group("behind").bytes());
        let mut ended = stream;
        assert_eq!(ended.read_line().unwrap()["line"], 1);
        assert_eq!(ended.read_line().unwrap()["line"], 2);
        ended.write(&rest);
        assert_eq!(ended.read_line(), None);
        ended.into_connection()
    };
    assert!(connection.is_closed());
    assert_eq!(app.names(), ["a", "b"]);
    Ok(())
}

fn a_stream_that_stalls_ends_with_what_was_read(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::with(database, &[("GOCHAT__HTTP__REQUEST_TIMEOUT", "1s")]);
    let mut stream = open(&app);
    stream.send(&(group_line("a") + &group_line("b") + r#"{"name":"c","token":"t","#));
    stream.read_head();
    assert_eq!(statuses(&stream.read_lines()), [201, 201]);
    assert!(stream.into_connection().is_closed());
    assert_eq!(app.names(), ["a", "b"]);
    Ok(())
}

fn a_stream_that_never_begins_is_answered_408(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::with(database, &[("GOCHAT__HTTP__REQUEST_TIMEOUT", "1s")]);
    let reply = open(&app).into_connection().read();
    reply.assert_error(408, "request_timeout", None, "the request was not sent within the time limit");
    assert_eq!(reply.header("connection"), "close");
    Ok(())
}

/// The bytes of a line that is too long do not extend the time limit.
fn a_line_without_end_stalls_the_stream(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::with(database, &[("GOCHAT__HTTP__REQUEST_TIMEOUT", "1s")]);
    let mut socket = TcpStream::connect(("127.0.0.1", app.port))?;
    let head = Request::lines("/v1/group", "").header("Transfer-Encoding", "chunked").bytes();
    let first = group_line("a");
    socket.write_all(&[&head[..], format!("{:x}\r\n{first}\r\n", first.len()).as_bytes()].concat())?;
    let chunk = format!("1000\r\n{}\r\n", "x".repeat(0x1000));
    let start = Instant::now();
    while socket.write_all(chunk.as_bytes()).is_ok() {
        assert!(start.elapsed() < gochat_test_support::deadline::LIMIT, "the line is read without end");
    }
    assert_eq!(app.names(), ["a"]);
    Ok(())
}

fn a_sender_that_does_not_read_its_reply_is_stopped(database: TestDatabase) -> anyhow::Result<()> {
    const MAX_BYTES: usize = 48 * 1024 * 1024;
    let app = App::with(database, &[("GOCHAT__HTTP__REQUEST_TIMEOUT", "60s")]);
    let mut socket = TcpStream::connect(("127.0.0.1", app.port))?;
    socket.set_write_timeout(Some(Duration::from_secs(2)))?;
    socket.write_all(&Request::lines("/v1/group", "").header("Transfer-Encoding", "chunked").bytes())?;
    // Invalid lines, so that the database does not slow the server down.
    let lines = "x\n".repeat(2_048);
    let chunk = format!("{:x}\r\n{lines}\r\n", lines.len());
    let mut accepted = 0;
    while socket.write_all(chunk.as_bytes()).is_ok() {
        accepted += chunk.len();
        assert!(accepted < MAX_BYTES, "{accepted} bytes were accepted");
    }
    // The server serves others meanwhile.
    assert_eq!(Request::group("g").send(app.port).status, 201);
    Ok(())
}

fn a_full_queue_makes_a_stream_wait(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::with(database, &[("GOCHAT__WRITER__QUEUE", "2"), ("GOCHAT__WRITER__BATCH", "1")]);
    let lock = app.database.lock_groups()?;
    let mut stream = open(&app);
    let names: Vec<_> = (0..200).map(|number| format!("g{number}")).collect();
    stream.send(&names.iter().map(|name| group_line(name)).collect::<String>());
    stream.end();
    drop(lock);
    stream.read_head();
    assert_eq!(statuses(&stream.read_lines()), [201; 200]);
    assert_eq!(app.names(), names);
    Ok(())
}

fn lines_are_unavailable_while_the_database_is_locked(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::with(database, &[("GOCHAT__DATABASE__TIMEOUT", "1s")]);
    let mut lock = app.database.lock_groups()?;
    let mut stream = open(&app);
    stream.send(&(group_line("a") + &group_line("b")));
    stream.read_head();
    for line in [1, 2] {
        let unavailable = json!({ "line": line, "status": 503, "code": "unavailable",
                                  "error": "the service cannot serve this now; try again" });
        assert_eq!(stream.read_line(), Some(unavailable));
    }
    lock.execute("ROLLBACK")?;
    stream.send(&group_line("c"));
    stream.end();
    assert_eq!(statuses(&stream.read_lines()), [201]);
    assert!(app.names().contains(&"c".to_owned()));
    Ok(())
}

fn a_stream_broken_in_the_middle_stores_nothing_twice_when_it_is_sent_again(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let app = App::on(database);
    let lines: Vec<_> = (0..1_000)
        .map(|number| {
            let name = format!("g{number}");
            format!("{}\n", json!({ "name": name, "token": "t", "admin_id": 1, "idempotency_key": name }))
        })
        .collect();
    let mut stream = open(&app);
    lines.chunks(100).for_each(|part| stream.send(&part.concat()));
    stream.read_head();
    let answered: Vec<_> = (0..10).map(|_| stream.read_line().unwrap()).collect();
    drop(stream);
    let stored = app.names();
    for line in &answered {
        assert!(stored.contains(&line["group"]["name"].as_str().unwrap().to_owned()), "{line}");
    }
    let again = send_lines(&app, lines.concat()).json_lines();
    assert_eq!(statuses(&again), [201; 1_000]);
    for (first, again) in std::iter::zip(&answered, &again) {
        assert_eq!(first["group"], again["group"]);
        assert_eq!(again["idempotency_replayed"], true);
    }
    assert_eq!(app.groups().len(), 1_000);
    Ok(())
}

fn a_body_in_many_chunks_of_one_byte_is_read(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let line = format!("{}{}", " ".repeat(10_000), group_line("g"));
    let chunks = line
        .repeat(5)
        .chars()
        .fold(String::new(), |chunks, byte| chunks + "1\r\n" + &byte.to_string() + "\r\n");
    let mut stream = open(&app);
    stream.write(chunks.as_bytes());
    stream.end();
    stream.read_head();
    assert_eq!(statuses(&stream.read_lines()), [201, 409, 409, 409, 409]);
    Ok(())
}

fn the_server_sends_100_continue_once_it_reads_the_lines(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let mut connection = Connection::open(app.port);
    let head = Request::lines("/v1/group", "").header("Transfer-Encoding", "chunked");
    connection.write(&head.header("Expect", "100-continue").bytes());
    connection.read_continue();
    let mut stream = LineStream::on(connection);
    stream.send(&group_line("g"));
    stream.read_head();
    assert_eq!(stream.read_line().unwrap()["status"], 201);
    stream.end();
    assert_eq!(stream.read_line(), None);
    Ok(())
}

fn a_body_cut_short_ends_the_stream(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let mut stream = open(&app);
    stream.send(&(group_line("a") + "{"));
    stream.read_head();
    assert_eq!(stream.read_line().unwrap()["status"], 201);
    stream.write(b"not a chunk\r\n");
    assert_eq!(stream.read_line(), None);
    assert_eq!(app.names(), ["a"]);
    Ok(())
}

fn a_key_that_is_no_longer_valid_ends_a_stream(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    for (path, scope) in [("/v1/group", Scope::GroupsWrite), ("/v1/member", Scope::MembersJoin)] {
        for statement in ["SET revoked_at = created_at", "SET expires_at = created_at"] {
            let (key, _) = issue(&app, scope, None);
            let mut stream = LineStream::open_by(app.port, path, key.expose());
            stream.send("x\n");
            stream.read_head();
            assert_eq!(stream.read_line().unwrap()["status"], 400);
            app.database.execute(&format!("UPDATE api_keys {statement}"))?;
            let mut sent = 1;
            let refused = eventually("the key is refused", || {
                stream.send("x\n");
                sent += 1;
                Some(stream.read_line().unwrap()).filter(|line| line["status"] != 400)
            });
            let unauthorized = json!({ "line": sent, "status": 401, "code": "unauthorized",
                                       "error": "the API key is missing or not valid" });
            assert_eq!(refused, unauthorized);
            stream.send("x\n");
            assert_eq!(stream.read_line(), None);
            assert!(stream.into_connection().is_closed());
        }
    }
    Ok(())
}

/// While keys cannot be looked up, lines are refused, and the stream goes on.
fn a_failed_look_up_of_the_key_fails_only_the_lines_that_need_it(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let app = App::on(database);
    let (key, _) = issue(&app, Scope::GroupsWrite, None);
    let mut stream = LineStream::open_by(app.port, "/v1/group", key.expose());
    stream.send(&group_line("a"));
    stream.read_head();
    assert_eq!(stream.read_line().unwrap()["status"], 201);
    let mut answer = |name: &str| {
        stream.send(&group_line(name));
        stream.read_line().unwrap()
    };
    app.database.execute("ALTER TABLE api_keys RENAME TO other")?;
    let mut names = vec!["a".to_owned()];
    let failed = eventually("the key cannot be looked up", || {
        let name = format!("b{}", names.len());
        let line = answer(&name);
        if line["status"] != 201 {
            return Some(line);
        }
        names.push(name);
        None
    });
    let single = Request::group("b").by(key.expose()).send(app.port);
    assert_eq!(failed, error_line(names.len() as u64 + 1, &single));
    assert!(single.status >= 500, "{}", single.status);
    app.database.execute("ALTER TABLE other RENAME TO api_keys")?;
    assert_eq!(answer("c")["status"], 201);
    names.push("c".to_owned());
    assert_eq!(app.names(), names);
    Ok(())
}

/// The end of the body waits in the server's buffers when the client closes its half: before the key is known, or before
/// the lines are stored.
fn a_client_may_close_its_half_after_the_last_line(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::with(database, &[("GOCHAT__WRITER__QUEUE", "2"), ("GOCHAT__WRITER__BATCH", "1")]);
    for (prefix, is_begun) in [("a", false), ("b", true)] {
        let (key, _) = issue(&app, Scope::GroupsWrite, None);
        let line = |number| " ".repeat(500) + &group_line(&format!("{prefix}{number}"));
        let lines: String = (0..400).map(line).collect();
        let request = Request::lines("/v1/group", format!("x\n{lines}")).by(key.expose()).bytes();
        let (first, second) = request.split_at(1_000);
        let lock = app.database.lock_groups()?;
        let mut socket = TcpStream::connect(("127.0.0.1", app.port))?;
        socket.write_all(first)?;
        let mut reply = vec![0; 4_096];
        let begun = if is_begun { socket.read(&mut reply)? } else { 0 };
        reply.truncate(begun);
        socket.write_all(second)?;
        socket.shutdown(Shutdown::Write)?;
        drop(lock);
        socket.read_to_end(&mut reply)?;
        let reply = String::from_utf8(reply)?;
        let answers = |status| reply.matches(&format!("\"status\":{status}")).count();
        assert_eq!((answers(400), answers(201)), (1, 400));
    }
    assert_eq!(app.names().len(), 800);
    Ok(())
}

fn chunks_that_are_almost_only_framing_are_refused(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::with(database, &[("GOCHAT__HTTP__REQUEST_TIMEOUT", "60s")]);
    let mut stream = open(&app);
    stream.write("1;abcdefgh\r\nx\r\n".repeat(20_000).as_bytes());
    let reply = stream.into_connection().read();
    reply.assert_error(
        413,
        "body_too_large",
        None,
        "the chunks of the body have too many bytes beside their data",
    );
    assert_eq!(reply.header("connection"), "close");
    Ok(())
}
