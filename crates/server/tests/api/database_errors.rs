//! Replies while the database fails.

use crate::{app::App, keys::issue};
use gochat_domain::auth::Scope;
use gochat_test_support::{Backend, Case, TestDatabase, cases, http::Request};

pub fn cases() -> Vec<Case> {
    cases![a_locked_database_is_unavailable_until_it_is_unlocked, an_unexpected_database_error_is_internal]
}

pub fn postgres_cases() -> Vec<Case> {
    cases![a_locked_table_of_keys_is_unavailable]
}

fn a_locked_database_is_unavailable_until_it_is_unlocked(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::with(database, &[("GOCHAT__DATABASE__TIMEOUT", "1s")]);
    let mut lock = app.database.lock_groups()?;
    let reply = Request::group("g").send(app.port);
    reply.assert_unavailable();
    assert_eq!(reply.header("retry-after"), "1");
    lock.execute("ROLLBACK")?;
    // The create that was answered 503 may or may not be stored.
    assert!([201, 409].contains(&Request::group("g").send(app.port).status));
    assert_eq!(app.names(), ["g"]);
    Ok(())
}

/// Adds a constraint that the service does not know, and that every new group violates.
pub fn refuse_every_create(database: &TestDatabase) -> anyhow::Result<()> {
    database.execute(match database.backend() {
        Backend::Sqlite => {
            "CREATE TRIGGER rule BEFORE INSERT ON groups BEGIN SELECT RAISE(ABORT, 'secret of the database'); END"
        }
        Backend::Postgres => {
            "ALTER TABLE groups ADD CONSTRAINT secret_of_the_database CHECK (token = '') NOT VALID"
        }
    })
}

fn an_unexpected_database_error_is_internal(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    refuse_every_create(&app.database)?;
    let reply = Request::group("g").send(app.port);
    reply.assert_error(
        500,
        "internal",
        None,
        "the service failed; the log has the cause under the request_id",
    );
    assert!(app.groups().is_empty());
    Ok(())
}

fn a_locked_table_of_keys_is_unavailable(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::with(database, &[("GOCHAT__DATABASE__TIMEOUT", "1s")]);
    let (key, _) = issue(&app, Scope::GroupsWrite, None);
    let mut lock = app.database.plain_sql()?;
    lock.execute("BEGIN; LOCK TABLE api_keys IN ACCESS EXCLUSIVE MODE")?;
    let request = Request::group("g").by(key.expose());
    let reply = request.send(app.port);
    reply.assert_unavailable();
    lock.execute("ROLLBACK")?;
    assert_eq!(request.send(app.port).status, 201);
    Ok(())
}
