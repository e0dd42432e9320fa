//! `gochat keys`, while a server runs.

use crate::process::{Server, ndjson, run, run_with};
use gochat_domain::clock::{Clock, SystemClock};
use gochat_test_support::{
    Case, TestDatabase, cases,
    http::{Connection, Reply, Request},
};
use serde_json::Value;
use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

pub fn cases() -> Vec<Case> {
    cases![
        a_key_is_printed_once_and_works_on_a_running_server,
        keys_are_listed_without_their_secrets,
        the_last_use_of_a_key_is_listed,
        an_invalid_id_or_expiry_is_refused,
        key_commands_work_while_a_server_writes_continuously,
    ]
}

fn create(server: &Server, key: &str, name: &str) -> Reply {
    Request::group(name).by(key).send(server.port)
}

fn a_key_is_printed_once_and_works_on_a_running_server(database: TestDatabase) -> anyhow::Result<()> {
    let server = Server::start(&database, &[("GOCHAT_PROFILE", "production")]);
    let made = run(&database, &["keys", "create", "--name", "mobile app", "--scope", "groups:write"]);
    assert_eq!(made.code, Some(0), "{made:?}");
    let key = made.stdout.strip_suffix('\n').unwrap();
    assert!(key.starts_with("gck_") && key.len() == 68 && !key.contains(char::is_whitespace), "{key}");
    assert_eq!(create(&server, key, "g").status, 201);

    let id = made.stderr.split_whitespace().find(|word| word.len() == 36).unwrap();
    let revoked = run(&database, &["keys", "revoke", id]);
    assert_eq!((revoked.code, &*revoked.stdout), (Some(0), ""));
    let revoked_at = Instant::now();
    loop {
        // The reply may take long on a busy machine, but the key is checked after this moment.
        let age = revoked_at.elapsed();
        if create(&server, key, "g").status == 401 {
            break;
        }
        assert!(age < Duration::from_secs(5), "the key still works");
    }
    // A server without a cached answer refuses it at once.
    let fresh = Server::start(&database, &[]);
    create(&fresh, key, "h").assert_error(401, "unauthorized", None, "the API key is missing or not valid");
    for server in [server, fresh] {
        server.stop();
    }
    Ok(())
}

fn key_commands_work_while_a_server_writes_continuously(database: TestDatabase) -> anyhow::Result<()> {
    // A starved command would fail after this timeout.
    let server = Server::start(&database, &[("GOCHAT__DATABASE__TIMEOUT", "5s")]);
    let is_over = AtomicBool::new(false);
    let created = thread::scope(|scope| {
        let clients: Vec<_> = (0..16)
            .map(|client| {
                let (port, is_over) = (server.port, &is_over);
                scope.spawn(move || {
                    let mut connection = Connection::open(port);
                    let mut created = 0;
                    while !is_over.load(Ordering::Relaxed) {
                        let name = format!("client {client} group {created}");
                        let body = format!(r#"{{"name":"{name}","token":"t","admin_id":1}}"#);
                        connection.write(&Request::create(body).bytes());
                        assert_eq!(connection.read().status, 201);
                        created += 1;
                    }
                    created
                })
            })
            .collect();
        for number in 0..5 {
            let made = run(&database, &["keys", "create", "--name", "k", "--scope", "groups:read"]);
            assert_eq!(made.code, Some(0), "{made:?}");
            let id = made.stderr.split_whitespace().find(|word| word.len() == 36).unwrap();
            let revoked = run(&database, &["keys", "revoke", id]);
            assert_eq!(revoked.code, Some(0), "{revoked:?}");
            let lines = ndjson(&format!("import {number} "), 0..10);
            let imported = run_with(&database, &["groups", "import", "-"], lines.as_bytes());
            assert_eq!(imported.code, Some(0), "{imported:?}");
        }
        is_over.store(true, Ordering::Relaxed);
        clients.into_iter().map(|client| client.join().unwrap()).sum::<usize>()
    });
    let stored = database.rows("SELECT CAST(count(*) AS TEXT) FROM groups")?;
    assert_eq!(stored[0][0], (created + 50).to_string());
    let revoked =
        database.rows("SELECT CAST(count(*) AS TEXT) FROM api_keys WHERE revoked_at IS NOT NULL")?;
    assert_eq!(revoked[0][0], "5");
    server.stop();
    Ok(())
}

fn keys_are_listed_without_their_secrets(database: TestDatabase) -> anyhow::Result<()> {
    let scopes = ["--scope", "groups:write", "--scope", "groups:read"];
    let first = run(
        &database,
        &[&["keys", "create", "--name", "first", "--expires-in", "90d"], &scopes[..]].concat(),
    );
    let second = run(&database, &["keys", "create", "--name", "second", "--scope", "groups:read"]);
    let keys: Value = serde_json::from_str(&run(&database, &["keys", "list", "--json"]).stdout)?;
    let [one, two] = &keys.as_array().unwrap()[..] else { panic!("{keys}") };
    assert_eq!(
        (&one["name"], &one["scopes"]),
        (&"first".into(), &serde_json::json!(["groups:read", "groups:write"]))
    );
    assert_eq!((&two["name"], &two["scopes"]), (&"second".into(), &serde_json::json!(["groups:read"])));
    assert!(one["expires_at"].as_str() > one["created_at"].as_str());
    assert_eq!(
        (&two["expires_at"], &two["last_used_at"], &two["revoked_at"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );

    assert_eq!(run(&database, &["keys", "revoke", two["id"].as_str().unwrap()]).code, Some(0));
    let table = run(&database, &["keys", "list"]).stdout;
    let lines: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["ID", "NAME", "SCOPES", "CREATED", "EXPIRES", "LAST", "USED", "REVOKED"]);
    assert_eq!((lines[1][1], lines[1].last()), ("first", Some(&"-")));
    assert!(lines[2].last().unwrap().ends_with('Z'), "{table}");
    for key in [first.stdout.trim(), second.stdout.trim()] {
        assert!(!table.contains(key) && !keys.to_string().contains(key));
    }
    Ok(())
}

fn the_last_use_of_a_key_is_listed(database: TestDatabase) -> anyhow::Result<()> {
    let make = |name: &str| {
        let made = run(&database, &["keys", "create", "--name", name, "--scope", "groups:write"]);
        assert_eq!(made.code, Some(0), "{made:?}");
        made.stdout.trim().to_owned()
    };
    let (used, revoked, _unused) = (make("used"), make("revoked"), make("unused"));
    let list = || -> anyhow::Result<Vec<Value>> {
        Ok(serde_json::from_str(&run(&database, &["keys", "list", "--json"]).stdout)?)
    };
    let id = list()?[1]["id"].as_str().unwrap().to_owned();
    assert_eq!(run(&database, &["keys", "revoke", &id]).code, Some(0));
    let server = Server::start(&database, &[("GOCHAT_PROFILE", "production")]);
    let before = SystemClock.now();
    assert_eq!(create(&server, &used, "g").status, 201);
    assert_eq!(create(&server, &revoked, "h").status, 401);
    let after = SystemClock.now();
    // The server stores the last uses before it ends.
    server.stop();
    let keys = list()?;
    let last_use = keys[0]["last_used_at"].as_str().unwrap();
    let minutes = [before, after].map(|moment| format!("{}:00.000000Z", &moment.to_string()[..16]));
    assert!(minutes.iter().any(|minute| minute == last_use), "{last_use} is none of {minutes:?}");
    assert_eq!((&keys[1]["last_used_at"], &keys[2]["last_used_at"]), (&Value::Null, &Value::Null));
    let table = run(&database, &["keys", "list"]).stdout;
    let lines: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[1][4..], ["-", last_use, "-"], "{table}");
    Ok(())
}

fn an_invalid_id_or_expiry_is_refused(database: TestDatabase) -> anyhow::Result<()> {
    let unknown = "01a207c9-3cc9-7ec5-b262-d79df75c3ae6";
    let ended = run(&database, &["keys", "revoke", unknown]);
    assert_eq!(ended.code, Some(1));
    assert_eq!(
        ended.stderr,
        format!("gochat: no key has the id {unknown}; `gochat keys list` shows all keys\n")
    );
    assert_eq!(run(&database, &["keys", "revoke", "x"]).code, Some(2));
    let create = ["keys", "create", "--name", "x", "--scope", "groups:read", "--expires-in"];
    assert_eq!(run(&database, &[&create[..], &["soon"]].concat()).code, Some(2));
    let too_far = run(&database, &[&create[..], &["900000y"]].concat());
    assert_eq!((too_far.code, &*too_far.stderr), (Some(1), "gochat: the expiry is too far in the future\n"));
    let blank = run(&database, &["keys", "create", "--name", " ", "--scope", "groups:read"]);
    assert_eq!((blank.code, &*blank.stdout), (Some(1), ""));
    Ok(())
}
