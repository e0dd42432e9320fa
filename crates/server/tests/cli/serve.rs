//! `gochat serve`: start, log and stop.

use crate::process::Server;
use gochat_test_support::{
    Case, Cluster, TestDatabase, cases, deadline,
    http::{Connection, DEVELOPMENT_KEY, Request},
    schema,
};
use std::thread;

pub fn cases() -> Vec<Case> {
    cases![
        the_first_log_lines_tell_the_version_addresses_and_keys,
        three_servers_can_start_at_once_on_an_empty_database,
        a_group_answered_201_survives_kill_9,
        an_unresponsive_database_does_not_block_the_shutdown,
    ]
}

pub fn postgres_cases() -> Vec<Case> {
    cases![a_server_with_a_hanging_database_answers_and_stops]
}

const BODY: &str = r#"{"name":"g","token":"t","admin_id":1}"#;

fn the_first_log_lines_tell_the_version_addresses_and_keys(database: TestDatabase) -> anyhow::Result<()> {
    // The dashboard is off, because the line with its link could come at any position.
    let server = Server::start(&database, &[("GOCHAT__ADMIN__DASHBOARD", "false")]);
    let (port, admin_port) = (server.port, server.admin_port);
    let log = server.stop();
    let lines: Vec<_> = log.lines().map(|line| line.split_once("INFO ").unwrap().1.to_owned()).collect();
    let url = database.url().replace(":throwaway@", ":***@");
    let migrated = schema::versions(database.backend())?;
    let migrated = migrated.iter().map(|version| format!("migrated the database to {version}"));
    let started = [
        format!("gochat {}, profile development", env!("CARGO_PKG_VERSION")),
        format!("listening on http://127.0.0.1:{port}"),
        format!("admin listener on http://127.0.0.1:{admin_port}: /livez, /readyz, /metrics"),
        format!("database {url}"),
        format!("API keys: the development key {DEVELOPMENT_KEY}, and those of `gochat keys create`"),
        format!("documentation: http://127.0.0.1:{port}/docs, README.md and docs/api.md"),
        "stopped".to_owned(),
    ];
    assert_eq!(lines, migrated.chain(started).collect::<Vec<_>>());
    Ok(())
}

fn three_servers_can_start_at_once_on_an_empty_database(database: TestDatabase) -> anyhow::Result<()> {
    let servers: Vec<_> = thread::scope(|scope| {
        let starts: Vec<_> = (0..3).map(|_| scope.spawn(|| Server::start(&database, &[]))).collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    for (number, server) in servers.iter().enumerate() {
        let body = format!(r#"{{"name":"g{number}","token":"t","admin_id":1}}"#);
        assert_eq!(Request::create(body).send(server.port).status, 201);
        assert_eq!(Request::group("g0").send(server.port).status, 409);
    }
    for server in servers {
        server.stop();
    }
    assert_eq!(database.rows("SELECT name FROM groups ORDER BY name")?, [["g0"], ["g1"], ["g2"]]);
    Ok(())
}

/// Sends a create. Its body is sent only after `100 Continue`, which shows that the server has read the head.
pub fn create_in_flight(server: &Server) -> Connection {
    let request = Request::group("g").header("Expect", "100-continue").bytes();
    let (head, body) = request.split_at(request.len() - BODY.len());
    let mut connection = Connection::open(server.port);
    connection.write(head);
    connection.read_continue();
    connection.write(body);
    connection
}

fn a_group_answered_201_survives_kill_9(database: TestDatabase) -> anyhow::Result<()> {
    let server = Server::start(&database, &[]);
    let names: Vec<_> = (0..50).map(|number| format!("g{number:02}")).collect();
    for name in &names {
        let body = format!(r#"{{"name":"{name}","token":"t","admin_id":1}}"#);
        assert_eq!(Request::create(body).send(server.port).status, 201);
    }
    server.kill();
    let stored: Vec<_> = database.rows("SELECT name FROM groups ORDER BY name")?.concat();
    assert_eq!(stored, names);
    // The next server continues with the same data.
    let next = Server::start(&database, &[]);
    assert_eq!(Request::group("g49").send(next.port).status, 409);
    next.stop();
    Ok(())
}

fn a_server_with_a_hanging_database_answers_and_stops(_: TestDatabase) -> anyhow::Result<()> {
    let cluster = Cluster::start(Cluster::FAST)?;
    let database = cluster.database()?;
    let short = [("GOCHAT__DATABASE__TIMEOUT", "1s"), ("GOCHAT__HTTP__SHUTDOWN_TIMEOUT", "2s")];
    let server = Server::start(&database, &short);
    // On a busy machine, a create may take longer than the timeout.
    deadline::eventually("a group is stored", || {
        [201, 409].contains(&Request::group("g").send(server.port).status).then_some(())
    });
    // TCP data is still acknowledged, but nothing answers.
    cluster.pause()?;
    let find = Request::get("/v1/group/1");
    for request in [Request::group("h"), find] {
        let reply = request.send(server.port);
        reply.assert_unavailable();
    }
    assert_eq!(Request::new("GET", "/readyz").send(server.admin_port).status, 503);
    server.terminate();
    let ended = server.wait();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("the database does not answer"), "{ended:?}");
    cluster.resume()
}

fn an_unresponsive_database_does_not_block_the_shutdown(database: TestDatabase) -> anyhow::Result<()> {
    let short = [("GOCHAT__DATABASE__TIMEOUT", "1s"), ("GOCHAT__HTTP__SHUTDOWN_TIMEOUT", "30s")];
    let server = Server::start(&database, &short);
    let _lock = database.lock_groups()?;
    let reply = Request::group("g").send(server.port);
    assert_eq!(reply.status, 503);
    // On SQLite and on PostgreSQL, the blocked write ends by its own timeout.
    server.stop();
    Ok(())
}
