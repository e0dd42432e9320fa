//! `gochat serve`: how it starts, what it logs, how it stops.

use crate::process::{Server, run};
use gochat_test_support::{
    Backend, TestDatabase, cases,
    http::{Connection, DEVELOPMENT_KEY, Request},
};
use std::thread;

type Case = (&'static str, fn(TestDatabase) -> anyhow::Result<()>);

pub fn cases() -> Vec<Case> {
    cases![
        the_first_lines_say_what_runs_and_how_to_use_it,
        three_servers_started_at_once_on_an_empty_database_all_come_up,
        sigterm_answers_what_is_in_flight_and_exits_0,
        what_was_answered_201_is_there_after_kill_9,
        neither_a_key_nor_a_token_is_ever_in_the_log,
    ]
    .to_vec()
}

const BODY: &str = r#"{"name":"g","token":"t","admin_id":1}"#;

fn the_first_lines_say_what_runs_and_how_to_use_it(database: TestDatabase) -> anyhow::Result<()> {
    let server = Server::start(&database, &[]);
    let (port, admin_port) = (server.port, server.admin_port);
    server.terminate();
    let ended = server.wait();
    assert_eq!(ended.code, Some(0));
    let lines: Vec<_> =
        ended.stderr.lines().map(|line| line.split_once("INFO ").unwrap().1.to_owned()).collect();
    let url = database.url().replace(":throwaway@", ":***@");
    assert_eq!(
        lines,
        [
            format!("gochat {}, profile development", env!("CARGO_PKG_VERSION")),
            format!("listening on http://127.0.0.1:{port}"),
            format!("admin listener on http://127.0.0.1:{admin_port}: /livez, /readyz, /metrics"),
            format!("database {url}"),
            format!("API keys: the development key {DEVELOPMENT_KEY}, and those of `gochat keys create`"),
            "documentation: README.md and docs/api.md".to_owned(),
            "stopped".to_owned(),
        ]
    );
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

fn sigterm_answers_what_is_in_flight_and_exits_0(database: TestDatabase) -> anyhow::Result<()> {
    let server = Server::start(&database, &[("GOCHAT__DATABASE__TIMEOUT", "60s")]);
    let mut lock = database.plain_sql()?;
    lock.execute(match database.backend() {
        Backend::Sqlite => "BEGIN IMMEDIATE",
        Backend::Postgres => "BEGIN; LOCK TABLE groups IN ACCESS EXCLUSIVE MODE",
    })?;
    // `100 Continue` shows that the request is in the hands of the server, where it waits for the lock.
    let request = Request::create(BODY).header("Expect", "100-continue").bytes();
    let (head, body) = request.split_at(request.len() - BODY.len());
    let mut connection = Connection::open(server.port);
    connection.write(head);
    connection.read_continue();
    connection.write(body);
    server.terminate();
    lock.execute("ROLLBACK")?;
    assert_eq!(connection.read().status, 201);
    assert_eq!(server.wait().code, Some(0));
    assert_eq!(database.rows("SELECT name FROM groups")?, [["g"]]);
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

fn neither_a_key_nor_a_token_is_ever_in_the_log(database: TestDatabase) -> anyhow::Result<()> {
    let made = run(&database, &["keys", "create", "--name", "x", "--scope", "groups:write"]);
    let (key, token) = (made.stdout.trim(), "the-token-of-the-group");
    let variables = [("GOCHAT__LOG__LEVEL", "trace"), ("GOCHAT__LOG__FORMAT", "json")];
    let server = Server::start(&database, &variables);
    let with_key = |body: String| Request::create(body).without("gochat-token").header("GoChat-Token", key);
    let right = format!(r#"{{"name":"g","token":"{token}","admin_id":1}}"#);
    let requests = [
        (with_key(right.clone()), 201),
        (with_key(right.clone()), 409),
        (with_key(right.replace("\"g\"", "7")), 422),
        (with_key(right.replace('}', "")), 400),
        (with_key(right.replace("\"g\"", token)), 400),
        (with_key(format!("\"{token}\"")), 400),
        (
            Request::create(right.clone())
                .without("gochat-token")
                .header("GoChat-Token", "the-token-of-the-group"),
            401,
        ),
        (with_key(right.clone()).header("GoChat-Token", key), 401),
        (with_key(right.clone()).without("content-type"), 415),
        (with_key(right.clone()).header("bad header", token), 400),
        (with_key(format!("{right}{}", " ".repeat(20_000))), 413),
    ];
    for (number, (request, status)) in requests.iter().enumerate() {
        assert_eq!(request.send(server.port).status, *status, "request {number}");
    }
    server.terminate();
    let ended = server.wait();
    assert_eq!(ended.code, Some(0));
    for secret in [key, token, &token[..12]] {
        assert!(!ended.stderr.contains(secret), "{}", ended.stderr);
    }
    let lines: Vec<serde_json::Value> =
        ended.stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let statuses: Vec<_> = lines.iter().filter_map(|line| line["status"].as_u64()).collect();
    assert_eq!(statuses, requests.iter().map(|(_, status)| u64::from(*status)).collect::<Vec<_>>());
    let first = lines.iter().find(|line| line["status"] == 201).unwrap();
    assert_eq!((&first["method"], &first["route"]), (&"POST".into(), &"/v1/group".into()));
    assert!(made.stderr.contains(first["key"].as_str().unwrap()));
    Ok(())
}
