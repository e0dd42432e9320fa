//! `gochat healthcheck`.

use crate::process::{Ended, Server, command, run_in, signal};
use gochat_test_support::{
    Case, CaseWithoutDatabase, TestDatabase, cases, cases_without_database, deadline, free_port,
};
use std::{
    io::{Read, Write},
    net::TcpListener,
    process::Stdio,
    thread,
    time::Duration,
};
use tempfile::TempDir;

pub fn cases() -> Vec<CaseWithoutDatabase> {
    cases_without_database![
        without_a_listener_the_check_fails,
        a_listener_that_never_answers_times_out,
        an_unexpected_answer_is_reported,
        an_address_without_a_fixed_port_is_refused,
    ]
}

pub fn database_cases() -> Vec<Case> {
    cases![a_server_is_healthy_while_it_is_ready, a_server_on_all_addresses_is_asked_on_a_loopback_address]
}

/// Asks the admin listener at an address. The database URL is unusable, because the command must not open the
/// database.
fn healthcheck(address: &str) -> Ended {
    let variables = [
        ("GOCHAT__ADMIN__BIND", address),
        // The dashboard needs a certificate on an address that other machines reach.
        ("GOCHAT__ADMIN__DASHBOARD", "false"),
        ("GOCHAT__DATABASE__URL", "sqlite:///dev/null/g.sqlite"),
    ];
    run_in(TempDir::new().unwrap().path(), &["healthcheck"], &variables)
}

/// Waits until the server is healthy: on a busy machine, the database may answer later than `/readyz` waits.
#[track_caller]
fn assert_healthy(address: &str) {
    let ended = deadline::eventually("the server is healthy", || {
        Some(healthcheck(address)).filter(|ended| ended.code == Some(0))
    });
    assert_eq!((&*ended.stdout, &*ended.stderr), ("", ""));
}

#[track_caller]
fn assert_unhealthy(ended: &Ended, message: &str) {
    assert_eq!((ended.code, &*ended.stdout, &*ended.stderr), (Some(1), "", &*format!("gochat: {message}\n")));
}

fn a_server_is_healthy_while_it_is_ready(database: TestDatabase) -> anyhow::Result<()> {
    let server = Server::start(&database, &[("GOCHAT__HTTP__SHUTDOWN_DELAY", "600s")]);
    let address = format!("127.0.0.1:{}", server.admin_port);
    assert_healthy(&address);
    server.terminate();
    // Until the signal has arrived, the server may also be unhealthy for another reason.
    let ended = deadline::eventually("a server that stops is not healthy", || {
        Some(healthcheck(&address)).filter(|ended| ended.stderr.contains("shutting down"))
    });
    let body = r#"{"database":"not checked","migrations":"not checked","writes":"not checked","shutdown":"shutting down"}"#;
    assert_unhealthy(&ended, &format!("http://{address}/readyz answers 503: {body}"));
    server.interrupt();
    assert_eq!(server.wait().code, Some(0));
    Ok(())
}

fn a_server_on_all_addresses_is_asked_on_a_loopback_address(database: TestDatabase) -> anyhow::Result<()> {
    let port = free_port()?;
    let address = format!("0.0.0.0:{port}");
    let variables = [
        ("GOCHAT__HTTP__BIND", "127.0.0.1:0"),
        ("GOCHAT__ADMIN__BIND", &*address),
        ("GOCHAT__ADMIN__DASHBOARD", "false"),
        ("GOCHAT__DATABASE__URL", database.url()),
    ];
    let folder = TempDir::new()?;
    let mut server = command(folder.path(), &[], &variables).stderr(Stdio::null()).spawn()?;
    assert_healthy(&address);
    signal(&server, "-TERM");
    assert_eq!(deadline::exit(&mut server).code(), Some(0));
    Ok(())
}

fn without_a_listener_the_check_fails() -> anyhow::Result<()> {
    // Nothing listens on port 1.
    let message = "http://127.0.0.1:1/readyz does not answer: Connection refused (os error 111)";
    assert_unhealthy(&healthcheck("127.0.0.1:1"), message);
    assert_unhealthy(&healthcheck("0.0.0.0:1"), message);
    Ok(())
}

fn a_listener_that_never_answers_times_out() -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?.to_string();
    let message = format!("http://{address}/readyz does not answer: no complete reply within 5 seconds");
    // A listener that accepts the connection and sends nothing.
    assert_unhealthy(&healthcheck(&address), &message);
    // A listener that sends one byte at a time, each well before a read would time out.
    let dribbles = thread::spawn(move || {
        let (_silent, (mut stream, _)) = (listener.accept()?, listener.accept()?);
        stream.set_read_timeout(Some(Duration::from_millis(500)))?;
        stream.write_all(b"HTTP/1.1 200 OK\r\nx: ")?;
        while stream.write_all(b"x").is_ok() {
            let _pause = stream.read(&mut [0; 1024]);
        }
        anyhow::Ok(())
    });
    assert_unhealthy(&healthcheck(&address), &message);
    dribbles.join().unwrap()
}

fn an_unexpected_answer_is_reported() -> anyhow::Result<()> {
    for (reply, message) in [
        ("HTTP/1.1 404 Not Found\r\ncontent-length: 8\r\n\r\nno\nhere\n", "answers 404: no here"),
        ("SSH-2.0-OpenSSH_9.2\r\n", "does not answer: the reply is not HTTP"),
        ("", "does not answer: the reply is not HTTP"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?.to_string();
        let answers = thread::spawn(move || {
            let (mut stream, _) = listener.accept()?;
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte)?;
                request.extend(byte);
            }
            stream.write_all(reply.as_bytes())?;
            anyhow::Ok(String::from_utf8(request)?)
        });
        assert_unhealthy(&healthcheck(&address), &format!("http://{address}/readyz {message}"));
        let request = format!("GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        assert_eq!(answers.join().unwrap()?, request);
    }
    Ok(())
}

fn an_address_without_a_fixed_port_is_refused() -> anyhow::Result<()> {
    let message =
        "admin.bind = \"127.0.0.1:0\" cannot be used by this command: port 0 is another port at each start";
    assert_unhealthy(&healthcheck("127.0.0.1:0"), message);
    let ended = healthcheck("here");
    assert!(ended.code == Some(1) && ended.stderr.starts_with("gochat: admin.bind = \"here\""), "{ended:?}");
    Ok(())
}
