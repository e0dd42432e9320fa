//! Sockets passed by systemd: descriptors from 3 on, described by `LISTEN_FDS`, `LISTEN_PID` and `LISTEN_FDNAMES`.
//!
//! A shell plays the part of systemd; it has the sockets as its standard input and output.

use crate::process::{Ended, Server, command_by};
use gochat_test_support::{
    Case, CaseWithoutDatabase, TestDatabase, cases, cases_without_database, deadline,
    http::{Connection, Request},
};
use std::{
    net::{TcpListener, TcpStream, UdpSocket},
    os::{fd::OwnedFd, unix::net::UnixListener},
    process::{Command, Stdio},
};
use tempfile::TempDir;

pub fn cases() -> Vec<CaseWithoutDatabase> {
    cases_without_database![
        without_a_socket_from_systemd_the_start_is_refused,
        an_inherited_descriptor_that_does_not_listen_is_refused,
        the_development_key_is_refused_on_a_socket_that_other_machines_can_reach,
        a_healthcheck_cannot_ask_a_socket_from_systemd,
    ]
}

pub fn database_cases() -> Vec<Case> {
    cases![
        a_socket_from_systemd_is_served,
        the_sockets_of_both_listeners_are_distinguished_by_name,
        a_unix_socket_from_systemd_is_served_and_not_removed,
        a_connection_made_while_the_server_restarts_is_answered,
        a_socket_that_no_setting_uses_is_reported,
    ]
}

const HTTP: (&str, &str) = ("GOCHAT__HTTP__BIND", "systemd");
const ADMIN: (&str, &str) = ("GOCHAT__ADMIN__BIND", "systemd");

/// Builds a command whose process inherits at most two sockets, with names separated by `:`.
fn command_with(
    sockets: impl IntoIterator<Item = OwnedFd>,
    names: &str,
    folder: &TempDir,
    arguments: &[&str],
    variables: &[(&str, &str)],
) -> Command {
    let script = "exec 3<&0 4<&1 0</dev/null 1>&2; export LISTEN_PID=$$; exec \"$0\" \"$@\"";
    let mut sockets = sockets.into_iter();
    let (first, second) = (sockets.next(), sockets.next());
    let count = [&first, &second].into_iter().flatten().count().to_string();
    let told = [("LISTEN_FDS", &*count), ("LISTEN_FDNAMES", names), ("GOCHAT__ADMIN__BIND", "127.0.0.1:0")];
    let variables: Vec<_> = told.iter().chain(variables).copied().collect();
    let mut command = command_by(&["sh", "-c", script], folder.path(), arguments, &variables);
    command.stdin(first.map_or_else(Stdio::null, Stdio::from));
    command.stdout(second.map_or_else(Stdio::null, Stdio::from));
    command
}

fn server_with(
    database: &TestDatabase,
    sockets: impl IntoIterator<Item = OwnedFd>,
    names: &str,
    variables: &[(&str, &str)],
) -> Server {
    let folder = TempDir::new().unwrap();
    let url = ("GOCHAT__DATABASE__URL", database.url());
    let variables: Vec<_> = [url].iter().chain(variables).copied().collect();
    Server::spawn(command_with(sockets, names, &folder, &[], &variables), folder)
}

fn tcp() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").unwrap()
}

/// Duplicates the socket, because systemd keeps its own copy open.
fn copy(listener: &TcpListener) -> OwnedFd {
    listener.try_clone().unwrap().into()
}

fn a_socket_from_systemd_is_served(database: TestDatabase) -> anyhow::Result<()> {
    let listener = tcp();
    let port = listener.local_addr()?.port();
    // A socket without a name has the name of its unit.
    let server = server_with(&database, [copy(&listener)], "gochat.socket", &[HTTP]);
    assert_eq!(server.port, port);
    assert_eq!(Request::group("g").send(port).status, 201);
    let log = server.stop();
    let message = format!("INFO listening on http://127.0.0.1:{port}, passed by systemd\n");
    assert!(log.contains(&message), "{log}");
    assert!(!log.contains("WARN"), "{log}");
    Ok(())
}

fn the_sockets_of_both_listeners_are_distinguished_by_name(database: TestDatabase) -> anyhow::Result<()> {
    for names in ["http:admin", "admin:http"] {
        let (first, second) = (tcp(), tcp());
        let server = server_with(&database, [copy(&first), copy(&second)], names, &[HTTP, ADMIN]);
        let (http, admin) = if names == "http:admin" { (&first, &second) } else { (&second, &first) };
        assert_eq!(server.port, http.local_addr()?.port());
        assert_eq!(server.admin_port, admin.local_addr()?.port());
        server.wait_until_ready();
        assert_eq!(Request::new("GET", "/readyz").send(server.port).status, 404);
        // The hosts are checked, because the address is a loopback address.
        let other = Request::new("GET", "/metrics").without("host").header("Host", "evil.example");
        assert_eq!(other.send(server.admin_port).status, 421);
        server.stop();
    }
    Ok(())
}

fn a_unix_socket_from_systemd_is_served_and_not_removed(database: TestDatabase) -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    let socket = folder.path().join("http.sock");
    let listener = UnixListener::bind(&socket)?;
    let url = ("GOCHAT__DATABASE__URL", database.url());
    let mut command = command_with([listener.try_clone()?.into()], "http", &folder, &[], &[url, HTTP]);
    let mut server = command.stderr(Stdio::null()).spawn()?;
    // The connection waits in the socket until the server has started.
    assert_eq!(Request::group("g").send_to(&socket).status, 201);
    crate::process::signal(&server, "-TERM");
    assert_eq!(deadline::exit(&mut server).code(), Some(0));
    // Only systemd may remove it.
    assert!(socket.exists());
    Ok(())
}

fn a_connection_made_while_the_server_restarts_is_answered(database: TestDatabase) -> anyhow::Result<()> {
    let listener = tcp();
    let first = server_with(&database, [copy(&listener)], "http", &[HTTP]);
    assert_eq!(Request::group("g").send(first.port).status, 201);
    first.terminate();
    let port = first.port;
    assert_eq!(first.wait().code, Some(0));
    let mut connection = Connection::open(port);
    connection.write(&Request::group("g").bytes());
    let second = server_with(&database, [copy(&listener)], "http", &[HTTP]);
    assert_eq!(connection.read().status, 409);
    second.stop();
    Ok(())
}

fn a_socket_that_no_setting_uses_is_reported(database: TestDatabase) -> anyhow::Result<()> {
    for (names, bind, unused) in
        [("http:metrics", HTTP, "metrics"), ("http", ("GOCHAT__HTTP__BIND", "127.0.0.1:0"), "http")]
    {
        let sockets: Vec<_> = names.split(':').map(|_| tcp()).collect();
        let server = server_with(&database, sockets.iter().map(copy), names, &[bind]);
        assert_eq!(server.port == sockets[0].local_addr()?.port(), bind == HTTP);
        let log = server.stop();
        let message = format!("WARN systemd passed the socket {unused}, which no setting uses\n");
        assert!(log.contains(&message), "{log}");
    }
    Ok(())
}

/// Passes if a start with these sockets is refused with this sentence.
#[track_caller]
fn assert_refused(
    sockets: impl IntoIterator<Item = OwnedFd>,
    names: &str,
    variables: &[(&str, &str)],
    message: &str,
) {
    let folder = TempDir::new().unwrap();
    let mut command = command_with(sockets, names, &folder, &[], variables);
    let ended = Ended::from(deadline::output(command.stderr(Stdio::piped()).spawn().unwrap()));
    assert_eq!((ended.code, &*ended.stderr), (Some(1), &*format!("gochat: {message}\n")));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "something was made");
}

fn without_a_socket_from_systemd_the_start_is_refused() -> anyhow::Result<()> {
    let message = "http.bind = \"systemd\" cannot be used: systemd passed no socket; start the service with its socket unit, or set an address";
    assert_refused([], "", &[HTTP], message);
    // The sockets were meant for another process.
    let folder = TempDir::new()?;
    let variables = [("LISTEN_FDS", "1"), ("LISTEN_PID", "1"), ("LISTEN_FDNAMES", "http"), HTTP];
    let ended = crate::process::run_in(folder.path(), &[], &variables);
    assert_eq!((ended.code, ended.stderr), (Some(1), format!("gochat: {message}\n")));
    Ok(())
}

fn an_inherited_descriptor_that_does_not_listen_is_refused() -> anyhow::Result<()> {
    let listener = tcp();
    let connection = TcpStream::connect(listener.local_addr()?)?;
    assert_refused(
        [connection.into()],
        "http",
        &[HTTP],
        "http.bind = \"systemd\" cannot be used: the socket http does not listen; its unit needs Accept=no",
    );
    let neither = "http.bind = \"systemd\" cannot be used: the socket http is neither a TCP socket nor a Unix stream socket: fd 3 is not a";
    assert_refused(
        [UdpSocket::bind("127.0.0.1:0")?.into()],
        "http",
        &[HTTP],
        &format!("{neither} valid unix stream socket"),
    );
    assert_refused([std::fs::File::open("/dev/null")?.into()], "http", &[HTTP], &format!("{neither} socket"));
    Ok(())
}

fn the_development_key_is_refused_on_a_socket_that_other_machines_can_reach() -> anyhow::Result<()> {
    let listener = TcpListener::bind("0.0.0.0:0")?;
    let port = listener.local_addr()?.port();
    assert_refused(
        [listener.into()],
        "http",
        &[HTTP],
        &format!(
            "systemd passed the socket http://0.0.0.0:{port} for http.bind, which is not a loopback address, while the development key, \
             which is public, is on; set auth.development_key = false, and make a real key with `gochat keys create --name NAME --scope groups:write`"
        ),
    );
    Ok(())
}

fn a_healthcheck_cannot_ask_a_socket_from_systemd() -> anyhow::Result<()> {
    let ended = crate::process::run_in(TempDir::new()?.path(), &["healthcheck"], &[ADMIN]);
    let message = "gochat: admin.bind = \"systemd\" does not tell the address; for this command, set the address of the socket unit, like GOCHAT__ADMIN__BIND=127.0.0.1:1214\n";
    assert_eq!((ended.code, &*ended.stderr), (Some(1), message));
    Ok(())
}
