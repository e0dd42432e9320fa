//! `gochat serve`: how it starts, what it logs, how it stops.

use crate::process::Server;
use gochat_test_support::{
    Case, Cluster, TestDatabase, cases, deadline,
    http::{Connection, DEVELOPMENT_KEY, Request},
    schema,
};
use std::thread;

pub fn cases() -> Vec<Case> {
    cases![
        the_first_lines_say_what_runs_and_how_to_use_it,
        three_servers_started_at_once_on_an_empty_database_all_come_up,
        sigterm_answers_what_is_in_flight_and_exits_0,
        what_was_answered_201_is_there_after_kill_9,
        a_database_that_does_not_answer_does_not_hold_up_the_end,
        a_server_that_was_told_to_stop_says_so_until_it_ends,
    ]
    .to_vec()
}

pub fn postgres_cases() -> Vec<Case> {
    cases![a_server_of_a_database_that_hangs_answers_and_ends].to_vec()
}

pub const BODY: &str = r#"{"name":"g","token":"t","admin_id":1}"#;

fn the_first_lines_say_what_runs_and_how_to_use_it(database: TestDatabase) -> anyhow::Result<()> {
    let server = Server::start(&database, &[]);
    let (port, admin_port) = (server.port, server.admin_port);
    server.terminate();
    let ended = server.wait();
    assert_eq!(ended.code, Some(0));
    let lines: Vec<_> =
        ended.stderr.lines().map(|line| line.split_once("INFO ").unwrap().1.to_owned()).collect();
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

fn three_servers_started_at_once_on_an_empty_database_all_come_up(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let servers: Vec<_> = thread::scope(|scope| {
        let starts: Vec<_> = (0..3).map(|_| scope.spawn(|| Server::start(&database, &[]))).collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    for (number, server) in servers.iter().enumerate() {
        let body = format!(r#"{{"name":"g{number}","token":"t","admin_id":1}}"#);
        assert_eq!(Request::create(body).send(server.port).status, 201);
        assert_eq!(
            Request::create(r#"{"name":"g0","token":"t","admin_id":1}"#).send(server.port).status,
            409
        );
    }
    for server in servers {
        server.terminate();
        assert_eq!(server.wait().code, Some(0));
    }
    assert_eq!(database.rows("SELECT name FROM groups ORDER BY name")?, [["g0"], ["g1"], ["g2"]]);
    Ok(())
}

/// Sends a create, and returns when it is in the hands of the server: `100 Continue` shows that.
pub fn create_in_flight(server: &Server) -> Connection {
    let request = Request::create(BODY).header("Expect", "100-continue").bytes();
    let (head, body) = request.split_at(request.len() - BODY.len());
    let mut connection = Connection::open(server.port);
    connection.write(head);
    connection.read_continue();
    connection.write(body);
    connection
}

fn sigterm_answers_what_is_in_flight_and_exits_0(database: TestDatabase) -> anyhow::Result<()> {
    let server = Server::start(&database, &[("GOCHAT__DATABASE__TIMEOUT", "60s")]);
    let mut lock = database.lock_groups()?;
    let mut connection = create_in_flight(&server);
    server.terminate();
    lock.execute("ROLLBACK")?;
    assert_eq!(connection.read().status, 201);
    assert_eq!(server.wait().code, Some(0));
    assert_eq!(database.rows("SELECT name FROM groups")?, [["g"]]);
    Ok(())
}

fn a_server_that_was_told_to_stop_says_so_until_it_ends(database: TestDatabase) -> anyhow::Result<()> {
    let server = Server::start(&database, &[("GOCHAT__DATABASE__TIMEOUT", "60s")]);
    let ready = || Request::new("GET", "/readyz").send(server.admin_port);
    assert_eq!(ready().status, 200);
    let mut lock = database.lock_groups()?;
    let mut connection = create_in_flight(&server);
    server.terminate();
    // The signal takes a moment to arrive; from then on the request in flight keeps the server up.
    let told = deadline::eventually("a server that stops says so", || {
        Some(ready()).filter(|reply| reply.status != 200)
    });
    let expected = r#"{"database":"not checked","migrations":"not checked","writes":"not checked","shutdown":"shutting down"}"#;
    assert_eq!((told.status, &*told.body), (503, expected));
    assert_eq!(Request::new("GET", "/livez").send(server.admin_port).status, 200);
    lock.execute("ROLLBACK")?;
    assert_eq!(connection.read().status, 201);
    assert_eq!(server.wait().code, Some(0));
    Ok(())
}

fn what_was_answered_201_is_there_after_kill_9(database: TestDatabase) -> anyhow::Result<()> {
    let server = Server::start(&database, &[]);
    let names: Vec<_> = (0..50).map(|number| format!("g{number:02}")).collect();
    for name in &names {
        let body = format!(r#"{{"name":"{name}","token":"t","admin_id":1}}"#);
        assert_eq!(Request::create(body).send(server.port).status, 201);
    }
    server.kill();
    assert_eq!(server.wait().code, None);
    let stored: Vec<_> = database.rows("SELECT name FROM groups ORDER BY name")?.concat();
    assert_eq!(stored, names);
    // And the next server goes on from there.
    let next = Server::start(&database, &[]);
    assert_eq!(Request::create(r#"{"name":"g49","token":"t","admin_id":1}"#).send(next.port).status, 409);
    next.terminate();
    assert_eq!(next.wait().code, Some(0));
    Ok(())
}

fn a_server_of_a_database_that_hangs_answers_and_ends(_: TestDatabase) -> anyhow::Result<()> {
    let cluster = Cluster::start(Cluster::FAST)?;
    let database = cluster.database()?;
    let short = [("GOCHAT__DATABASE__TIMEOUT", "1s"), ("GOCHAT__HTTP__SHUTDOWN_TIMEOUT", "2s")];
    let server = Server::start(&database, &short);
    assert_eq!(Request::create(BODY).send(server.port).status, 201);
    // The machine of the database still acknowledges what it is sent, and nothing answers.
    cluster.pause()?;
    let find = Request::new("GET", "/v1/group/1").header("GoChat-Token", DEVELOPMENT_KEY);
    for request in [Request::create(r#"{"name":"h","token":"t","admin_id":1}"#), find] {
        let reply = request.send(server.port);
        reply.assert_error(503, "unavailable", None, "the service cannot serve this now; try again");
    }
    assert_eq!(Request::new("GET", "/readyz").send(server.admin_port).status, 503);
    server.terminate();
    let ended = server.wait();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("the database does not answer"), "{ended:?}");
    cluster.resume()
}

fn a_database_that_does_not_answer_does_not_hold_up_the_end(database: TestDatabase) -> anyhow::Result<()> {
    let short = [("GOCHAT__DATABASE__TIMEOUT", "1s"), ("GOCHAT__HTTP__SHUTDOWN_TIMEOUT", "2s")];
    let server = Server::start(&database, &short);
    let _lock = database.lock_groups()?;
    let reply = Request::create(r#"{"name":"g","token":"t","admin_id":1}"#).send(server.port);
    assert_eq!(reply.status, 503);
    server.terminate();
    let ended = server.wait();
    // Both databases give up by themselves.
    assert_eq!(ended.code, Some(0), "{ended:?}");
    Ok(())
}
