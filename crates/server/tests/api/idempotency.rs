//! Retries with an Idempotency-Key.

use crate::app::{App, options};
use gochat_adapters::Database;
use gochat_test_support::{
    Backend, Case, TestDatabase, cases, deadline,
    http::{Connection, Reply, Request},
};

pub fn cases() -> Vec<Case> {
    cases![
        a_repeated_request_gets_the_first_reply_again,
        a_retry_after_a_lost_reply_gets_the_stored_group,
        another_body_under_the_same_key_is_refused,
        a_malformed_key_is_refused,
        a_refused_create_is_not_recorded,
        a_replay_is_the_first_reply_whatever_became_of_the_group,
        expired_keys_are_deleted,
    ]
}

fn create(key: &str, body: &str) -> Request {
    Request::create(body).header("Idempotency-Key", key)
}

const BODY: &str = r#"{"name":"g","token":"t","admin_id":1}"#;

fn assert_same(first: &Reply, again: &Reply) {
    assert_eq!((again.status, &again.body), (201, &first.body));
    for header in ["location", "content-type"] {
        assert_eq!(again.header(header), first.header(header));
    }
    again.assert_common_headers();
}

fn a_repeated_request_gets_the_first_reply_again(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let longest = "x".repeat(255);
    for (number, key) in ["8e03978e-40d5-43dd-bc93-6894a57f9324", "~", &longest].into_iter().enumerate() {
        let body = format!(r#"{{"name":"g{number}","token":"t","admin_id":1}}"#);
        let first = create(key, &body).send(app.port);
        assert_eq!((first.status, first.header("idempotency-replayed")), (201, ""));
        // The same request, formatted differently.
        let again = create(key, &format!(r#" {{"admin_id":"1","token":"t","name":"g{number}","x":0}}"#))
            .send(app.port);
        assert_same(&first, &again);
        assert_eq!(again.header("idempotency-replayed"), "true");
    }
    assert_eq!(app.names(), ["g0", "g1", "g2"]);
    Ok(())
}

fn a_retry_after_a_lost_reply_gets_the_stored_group(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let mut lost = Connection::open(app.port);
    lost.write(&create("k", BODY).bytes());
    deadline::eventually("the group is stored", || (app.names() == ["g"]).then_some(()));
    // The group is stored, but the client disconnects without reading the reply.
    drop(lost);
    let again = create("k", BODY).send(app.port);
    assert_eq!((again.status, again.header("idempotency-replayed")), (201, "true"), "{}", again.body);
    assert!(again.body.contains(&format!(r#""id":{},"#, app.groups()[0][0])), "{}", again.body);
    assert_eq!(app.names(), ["g"]);
    Ok(())
}

fn another_body_under_the_same_key_is_refused(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    assert_eq!(create("k", BODY).send(app.port).status, 201);
    for body in [
        r#"{"name":"h","token":"t","admin_id":1}"#,
        r#"{"name":"g","token":"u","admin_id":1}"#,
        r#"{"name":"g","token":"t","admin_id":2}"#,
    ] {
        create("k", body).send(app.port).assert_error(
            422,
            "idempotency_key_reused",
            None,
            "the Idempotency-Key was used for another request",
        );
    }
    assert_eq!(app.names(), ["g"]);
    Ok(())
}

fn a_malformed_key_is_refused(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let malformed = ["", "a b", "\u{e9}", &"x".repeat(256)].map(|key| create(key, BODY));
    let twice = create("a", BODY).header("Idempotency-Key", "a");
    for request in malformed.iter().chain([&twice]) {
        request.send(app.port).assert_error(
            400,
            "invalid_idempotency_key",
            None,
            "Idempotency-Key must have 1 to 255 visible ASCII characters",
        );
    }
    assert!(app.names().is_empty());
    Ok(())
}

fn a_refused_create_is_not_recorded(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    assert_eq!(Request::group("g").send(app.port).status, 201);
    assert_eq!(create("k", BODY).send(app.port).status, 409);
    assert_eq!(create("k", r#"{"name":""}"#).send(app.port).status, 422);
    let created = create("k", r#"{"name":"h","token":"t","admin_id":1}"#).send(app.port);
    assert_eq!((created.status, created.header("idempotency-replayed")), (201, ""));
    Ok(())
}

fn a_replay_is_the_first_reply_whatever_became_of_the_group(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let first = create("k", BODY).send(app.port);
    assert_eq!(first.status, 201);
    for change in [
        "UPDATE groups SET name = 'renamed'",
        "UPDATE groups SET token = 'changed', admin_id = 7",
        "DELETE FROM groups",
        "INSERT INTO groups (id, uuid, name, token, admin_id, created_at)
         SELECT 99, group_uuid, 'g', 'other', 8, created_at FROM idempotency_keys",
    ] {
        app.database.execute(change)?;
        let again = create("k", BODY).send(app.port);
        assert_same(&again, &first);
        assert_eq!(again.header("idempotency-replayed"), "true", "{change}");
    }
    assert_eq!(app.groups().len(), 1);
    Ok(())
}

fn expired_keys_are_deleted(database: TestDatabase) -> anyhow::Result<()> {
    Database::connect(&database.url().parse()?, options(&database))?.migrate()?;
    for (key, hours) in [("old", 25), ("young", 23)] {
        let (uuid, moment) = match database.backend() {
            Backend::Sqlite => ("zeroblob(16)", format!("unixepoch() * 1000000 - {hours} * 3600000000")),
            Backend::Postgres => ("gen_random_uuid()", format!("now() - interval '{hours} hours'")),
        };
        database.execute(&format!(
            "INSERT INTO idempotency_keys (caller, key, group_uuid, created_at)
                 VALUES ({uuid}, '{key}', {uuid}, {moment})"
        ))?;
    }
    let app = App::on(database);
    // The first sweep runs at start.
    deadline::eventually("a sweep", || {
        let keys = app.database.rows("SELECT key FROM idempotency_keys").unwrap();
        (keys == [["young"]]).then_some(())
    });
    Ok(())
}
