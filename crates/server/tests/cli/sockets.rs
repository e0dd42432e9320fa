//! `http.bind = "unix:PATH"`: a Unix socket.

use crate::process::{Ended, command, signal};
use gochat_test_support::{
    Case, TestDatabase, cases,
    deadline::{self, Lines},
    http::{Connection, Request},
};
use serde_json::Value;
use std::{
    fs,
    os::unix::fs::{FileTypeExt, PermissionsExt},
    path::{Path, PathBuf},
    process::{Child, Stdio},
};
use tempfile::TempDir;

pub fn cases() -> Vec<Case> {
    cases![
        a_unix_socket_is_served_and_removed_at_the_end,
        the_socket_of_a_killed_server_is_replaced_but_not_that_of_a_running_one,
        a_start_that_fails_leaves_no_socket,
        behind_a_trusted_unix_socket_the_client_address_is_known,
        the_development_key_on_a_unix_socket_accepts_only_loopback_hosts,
    ]
}

const BODY: &str = r#"{"name":"g","token":"t","admin_id":1}"#;

/// A server on a Unix socket, in a folder that remains after the server.
struct UnixServer {
    child: Child,
    stderr: Lines,
    startup_log: String,
}

impl UnixServer {
    fn start(database: &TestDatabase, folder: &Path, variables: &[(&str, &str)]) -> Self {
        let mut child = start(database, folder, variables);
        let stderr = Lines::of(child.stderr.take().unwrap());
        let mut startup_log = String::new();
        while !startup_log.contains("documentation: ") {
            startup_log += &stderr.line().unwrap_or_else(|| panic!("the server ended: {startup_log}"));
        }
        Self { child, stderr, startup_log }
    }

    fn end(mut self, by: &str) -> Ended {
        signal(&self.child, by);
        let code = deadline::exit(&mut self.child).code();
        Ended { code, stdout: String::new(), stderr: self.startup_log + &self.stderr.rest() }
    }
}

fn start(database: &TestDatabase, folder: &Path, variables: &[(&str, &str)]) -> Child {
    let bind = format!("unix:{}", socket_in(folder).display());
    let always = [
        ("GOCHAT__HTTP__BIND", &*bind),
        ("GOCHAT__ADMIN__BIND", "127.0.0.1:0"),
        ("GOCHAT__DATABASE__URL", database.url()),
    ];
    let variables: Vec<_> = always.iter().chain(variables).copied().collect();
    command(folder, &[], &variables).stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

fn socket_in(folder: &Path) -> PathBuf {
    folder.join("http.sock")
}

fn mode_of(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn a_unix_socket_is_served_and_removed_at_the_end(database: TestDatabase) -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    let socket = socket_in(folder.path());
    for (number, (variables, mode)) in
        [(&[][..], 0o660), (&[("GOCHAT__HTTP__SOCKET_MODE", "606")], 0o606)].into_iter().enumerate()
    {
        let server = UnixServer::start(&database, folder.path(), variables);
        assert!(fs::metadata(&socket)?.file_type().is_socket());
        assert_eq!(mode_of(&socket), mode);
        let create = Request::create(BODY.replace("\"g\"", &format!("\"g{number}\"")));
        let mut connection = Connection::open_unix(&socket);
        for status in [201, 409] {
            connection.write(&create.bytes());
            assert_eq!(connection.read().status, status);
        }
        // A malformed request is answered as over TCP.
        let mut malformed = Connection::open_unix(&socket);
        malformed.write(b"nonsense\r\n\r\n");
        let message = "the head of the request is malformed, or its target is too long";
        malformed.read().assert_error(400, "malformed_request", None, message);
        let ended = server.end("-TERM");
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let listening = format!("INFO listening on unix:{}\n", socket.display());
        assert!(ended.stderr.contains(&listening), "{ended:?}");
        assert!(ended.stderr.contains("INFO documentation: /docs, README.md and docs/api.md\n"), "{ended:?}");
        assert!(!socket.exists());
    }
    assert_eq!(database.rows("SELECT name FROM groups ORDER BY id")?, [["g0"], ["g1"]]);
    Ok(())
}

fn the_socket_of_a_killed_server_is_replaced_but_not_that_of_a_running_one(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    let socket = socket_in(folder.path());
    let killed = UnixServer::start(&database, folder.path(), &[]);
    assert_eq!(killed.end("-KILL").code, None);
    assert!(socket.exists());
    let server = UnixServer::start(&database, folder.path(), &[]);
    let second = Ended::from(deadline::output(start(&database, folder.path(), &[])));
    let message = format!(
        "gochat: http.bind = \"unix:{}\" cannot be used: another process listens on it; stop that process, or set another path\n",
        socket.display()
    );
    assert_eq!((second.code, second.stderr), (Some(1), message));
    // The running server still serves its socket.
    assert_eq!(Request::group("g").send_to(&socket).status, 201);
    assert_eq!(server.end("-TERM").code, Some(0));
    assert!(!socket.exists());
    Ok(())
}

fn a_start_that_fails_leaves_no_socket(database: TestDatabase) -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    let broken = [("GOCHAT__DATABASE__URL", "sqlite:///dev/null/g.sqlite")];
    let ended = Ended::from(deadline::output(start(&database, folder.path(), &broken)));
    assert!(ended.code == Some(1) && ended.stderr.contains("database.url"), "{ended:?}");
    assert_eq!(fs::read_dir(folder.path())?.count(), 0);
    Ok(())
}

fn behind_a_trusted_unix_socket_the_client_address_is_known(database: TestDatabase) -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    for (proxies, expected) in [
        ("unix", ["192.0.2.1".into(), Value::Null, "192.0.2.1".into(), "10.1.1.1".into()]),
        ("unix,10.0.0.0/8", ["192.0.2.1".into(), Value::Null, "192.0.2.1".into(), "192.0.2.1".into()]),
        ("0.0.0.0/0,::/0", [Value::Null, Value::Null, Value::Null, Value::Null]),
        ("", [Value::Null, Value::Null, Value::Null, Value::Null]),
    ] {
        let variables = [("GOCHAT_PROFILE", "production"), ("GOCHAT__HTTP__TRUSTED_PROXIES", proxies)];
        let server = UnixServer::start(&database, folder.path(), &variables);
        for (name, value) in [
            ("X-Forwarded-For", "203.0.113.7, 192.0.2.1"),
            ("X-Forwarded-For", "192.0.2.1, unknown"),
            ("Forwarded", "for=192.0.2.1"),
            ("X-Forwarded-For", "192.0.2.1, 10.1.1.1"),
        ] {
            let request = Request::new("GET", "/v1/group").header(name, value);
            assert_eq!(request.send_to(&socket_in(folder.path())).status, 401);
        }
        let ended = server.end("-TERM");
        let lines = ended.stderr.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let requests = lines.filter(|line| line["message"] == "request");
        let peers: Vec<_> = requests.map(|line| line["peer"].clone()).collect();
        assert_eq!(peers, expected, "{proxies}");
    }
    Ok(())
}

fn the_development_key_on_a_unix_socket_accepts_only_loopback_hosts(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    let server = UnixServer::start(&database, folder.path(), &[]);
    let create = |host: &str| {
        let request = Request::group("g").without("host").header("Host", host);
        request.send_to(&socket_in(folder.path())).status
    };
    assert_eq!([create("evil.example"), create("chat.example.org:80")], [421; 2]);
    assert_eq!([create("localhost"), create("127.0.0.1:1213")], [201, 409]);
    assert_eq!(server.end("-TERM").code, Some(0));
    Ok(())
}
