//! `gochat groups import --to` and `gochat members import --to`: imports over HTTP.

use crate::{
    import::assert_shows_a_bar,
    process::{Ended, Server, ndjson, run, run_in, run_on_terminal, stored},
};
use gochat_test_support::{Case, TestDatabase, cases, http::DEVELOPMENT_KEY};
use std::{
    fs,
    io::{self, Read, Write},
    iter,
    net::{Shutdown, TcpListener, TcpStream},
    thread,
};
use tempfile::TempDir;

pub fn cases() -> Vec<Case> {
    cases![
        every_line_has_the_outcome_of_a_local_import,
        an_import_goes_on_after_broken_connections,
        members_are_imported_by_id_and_by_name,
        members_are_imported_over_connections_that_break,
        a_look_up_that_is_unavailable_is_repeated,
        progress_is_a_bar_on_a_terminal,
        an_import_that_cannot_begin_says_why,
    ]
}

/// Imports a file by the server on this port.
fn import(kind: &str, port: u16, key: &str, name: &str, content: &str) -> Ended {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join(name), content).unwrap();
    fs::write(folder.path().join("key.txt"), format!("{key}\n")).unwrap();
    let url = format!("http://127.0.0.1:{port}");
    run_in(folder.path(), &[kind, "import", "--to", &url, "--key-file", "key.txt", name], &[])
}

fn every_line_has_the_outcome_of_a_local_import(database: TestDatabase) -> anyhow::Result<()> {
    let server = Server::start(&database, &[]);
    let lines = "\u{feff}{\"name\":\"a\",\"token\":\"t\",\"admin_id\":\"7\"}\n\nnonsense\n{\"name\":\"b\",\"token\":\"\"}\n\
                 {\"name\":\"a\",\"token\":\"u\",\"admin_id\":1}\n{\"name\":\"c\",\"token\":\"t\",\"admin_id\":8}";
    let ended = import("groups", server.port, DEVELOPMENT_KEY, "groups.ndjson", lines);
    let expected = "line 3: it is not a JSON object\nline 4: token must not be empty\n\
                    created 2, already existing 1, refused 2\n";
    assert_eq!((ended.code, &*ended.stderr), (Some(1), expected));
    let csv = "name,token,admin_id\nc,t,8\nd,t,9\n";
    let ended = import("groups", server.port, DEVELOPMENT_KEY, "groups.csv", csv);
    assert_eq!((ended.code, &*ended.stderr), (Some(0), "created 1, already existing 1, refused 0\n"));
    assert_eq!(stored(&database), [["a", "t", "7"], ["c", "t", "8"], ["d", "t", "9"]]);
    server.stop();
    Ok(())
}

/// Forwards each connection to `port`, until the server has sent as many bytes as the next of `limits`.
fn forward(listener: &TcpListener, port: u16, limits: impl Iterator<Item = u64>) {
    for (client, limit) in listener.incoming().flatten().zip(limits) {
        let server = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let (mut to_server, mut from_client) = (server.try_clone().unwrap(), client.try_clone().unwrap());
        thread::spawn(move || {
            let _broken = io::copy(&mut from_client, &mut to_server);
            let _closed = to_server.shutdown(Shutdown::Write);
        });
        thread::spawn(move || {
            let (mut server, mut client) = (server, client);
            let _broken = io::copy(&mut Read::by_ref(&mut server).take(limit), &mut client);
            let _flushed = client.flush();
            let _closed = (client.shutdown(Shutdown::Both), server.shutdown(Shutdown::Both));
        });
    }
}

/// Forwards connections to `port`. The first connections break: the one at position `i` after the server has sent
/// `breaks[i]` bytes.
fn breaking_proxy(port: u16, breaks: &'static [u64]) -> io::Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        forward(&listener, port, breaks.iter().copied().chain(iter::repeat(u64::MAX)));
    });
    Ok(address.port())
}

fn an_import_goes_on_after_broken_connections(database: TestDatabase) -> anyhow::Result<()> {
    let server = Server::start(&database, &[]);
    let proxy = breaking_proxy(server.port, &[0, 20_000, 100, 50_000])?;
    let ended = import("groups", proxy, DEVELOPMENT_KEY, "groups.ndjson", &ndjson("g", 0..3000));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stderr.ends_with(", refused 0\n"), "{ended:?}");
    assert_eq!(database.rows("SELECT name FROM groups")?.len(), 3000);
    let again = import("groups", server.port, DEVELOPMENT_KEY, "groups.ndjson", &ndjson("g", 0..3000));
    assert_eq!((again.code, &*again.stderr), (Some(0), "created 0, already existing 3,000, refused 0\n"));
    server.stop();
    Ok(())
}

fn members_are_imported_by_id_and_by_name(database: TestDatabase) -> anyhow::Result<()> {
    let server = Server::start(&database, &[]);
    let groups = "{\"name\":\"a b&c\",\"token\":\"t\",\"admin_id\":1}\n";
    assert_eq!(import("groups", server.port, DEVELOPMENT_KEY, "groups.ndjson", groups).code, Some(0));
    let members = "{\"group_id\":1,\"user_id\":10}\n{\"group_name\":\"a b&c\",\"user_id\":11}\n\
                   {\"group_name\":\"x\",\"user_id\":11}\n{\"group_id\":9,\"user_id\":11}\n{\"group_id\":1,\"user_id\":1}\n";
    let ended = import("members", server.port, DEVELOPMENT_KEY, "members.ndjson", members);
    let expected = "line 3: there is no such group\nline 4: there is no such group\n\
                    created 2, already existing 1, refused 2\n";
    assert_eq!((ended.code, &*ended.stderr), (Some(1), expected));
    let sql = "SELECT CAST(user_id AS text) FROM members ORDER BY members.user_id";
    assert_eq!(database.rows(sql)?.concat(), ["10", "11"]);
    server.stop();
    Ok(())
}

fn members_are_imported_over_connections_that_break(database: TestDatabase) -> anyhow::Result<()> {
    let server = Server::start(&database, &[]);
    assert_eq!(
        import("groups", server.port, DEVELOPMENT_KEY, "groups.ndjson", &ndjson("g", 0..3)).code,
        Some(0)
    );
    // The first connections look the groups up.
    let proxy = breaking_proxy(server.port, &[0, 50, 0, 50])?;
    let members = "{\"group_name\":\"g0000\",\"user_id\":77}\n{\"group_name\":\"g0001\",\"user_id\":77}\n\
                   {\"group_name\":\"g0002\",\"user_id\":77}\n";
    let ended = import("members", proxy, DEVELOPMENT_KEY, "members.ndjson", members);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stderr.ends_with(", refused 0\n"), "{ended:?}");
    assert_eq!(database.rows("SELECT CAST(group_id AS text) FROM members WHERE user_id = 77")?.len(), 3);
    server.stop();
    Ok(())
}

/// Answers the first connection, which must look a group up, 503. Forwards the others to `port`.
fn unavailable_at_first(port: u16) -> io::Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let mut request = [0; 4_096];
        let length = client.read(&mut request).unwrap();
        assert!(request[..length].starts_with(b"GET /v1/group"));
        let body = r#"{"error":"busy","code":"unavailable"}"#;
        let head = "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nConnection: close";
        write!(client, "{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        drop(client);
        forward(&listener, port, iter::repeat(u64::MAX));
    });
    Ok(address.port())
}

fn a_look_up_that_is_unavailable_is_repeated(database: TestDatabase) -> anyhow::Result<()> {
    let server = Server::start(&database, &[]);
    let groups = import("groups", server.port, DEVELOPMENT_KEY, "groups.ndjson", &ndjson("g", 0..1));
    assert_eq!(groups.code, Some(0));
    let proxy = unavailable_at_first(server.port)?;
    let member = "{\"group_name\":\"g0000\",\"user_id\":77}\n";
    let ended = import("members", proxy, DEVELOPMENT_KEY, "members.ndjson", member);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stderr.ends_with("created 1, already existing 0, refused 0\n"), "{ended:?}");
    server.stop();
    Ok(())
}

fn progress_is_a_bar_on_a_terminal(database: TestDatabase) -> anyhow::Result<()> {
    let server = Server::start(&database, &[]);
    let folder = TempDir::new()?;
    fs::write(folder.path().join("groups.ndjson"), ndjson("g", 0..3000) + "x\n")?;
    fs::write(folder.path().join("key.txt"), DEVELOPMENT_KEY)?;
    let url = format!("http://127.0.0.1:{}", server.port);
    let arguments = ["groups", "import", "--to", &url, "--key-file", "key.txt", "groups.ndjson"];
    let ended = run_on_terminal(folder.path(), &arguments, &[]);
    assert_shows_a_bar(&ended);
    server.stop();
    Ok(())
}

fn an_import_that_cannot_begin_says_why(database: TestDatabase) -> anyhow::Result<()> {
    let server = Server::start(&database, &[]);
    let groups = ndjson("g", 0..10);
    let made = run(&database, &["keys", "create", "--name", "reader", "--scope", "groups:read"]);
    for (port, key, reason) in [
        (server.port, "gck_unknown", "401 Unauthorized: the API key is missing or not valid"),
        (server.port, made.stdout.trim(), "403 Forbidden: the API key lacks the scope groups:write"),
        (server.admin_port, DEVELOPMENT_KEY, "404 Not Found; is the URL the one of a GoChat group service?"),
        (1, DEVELOPMENT_KEY, "cannot reach http://127.0.0.1:1: Connection refused"),
        (server.port, "", "key.txt has no API key"),
    ] {
        let ended = import("groups", port, key, "groups.ndjson", &groups);
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.stderr.contains(reason), "{ended:?}");
    }
    let folder = TempDir::new()?;
    for (arguments, reason) in [
        (&["--to", "https://localhost", "--key-file", "x"][..], "https is not supported"),
        (&["--to", "http://localhost"], "--key-file <FILE>"),
        (&["--to", "http://localhost", "--key-file", "x", "--dry-run"], "cannot be used with"),
    ] {
        let ended = run_in(folder.path(), &[&["groups", "import", "groups.ndjson"], arguments].concat(), &[]);
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.stderr.contains(reason), "{ended:?}");
    }
    assert!(stored(&database).is_empty());
    server.stop();
    Ok(())
}
