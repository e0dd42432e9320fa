//! Tests of PgBouncer in front of a server.

use gochat_test_support::{
    Backend, Case, Cluster, FaultProxy, Message, PgBouncer, PlainSql, Shutdown, TestDatabase, cases,
    deadline::eventually,
};
use std::net::TcpStream;

pub fn cases() -> Vec<Case> {
    cases![
        the_url_uses_the_pooler_and_plain_sql_bypasses_it,
        session_state_is_lost_between_transactions,
        writes_through_the_pooler_are_visible_directly,
    ]
}

/// Cases that start a PgBouncer of their own.
pub fn cases_with_own_pgbouncer() -> Vec<Case> {
    cases![
        a_pooler_stops_when_dropped,
        a_pooler_survives_a_restart_of_its_server,
        a_proxy_loses_answers_in_front_of_a_pooler,
    ]
}

/// The backend's process id.
fn backend_pid(connection: &mut PlainSql) -> anyhow::Result<String> {
    Ok(connection.rows("SELECT pg_backend_pid()::text")?.concat().concat())
}

fn the_url_uses_the_pooler_and_plain_sql_bypasses_it(database: TestDatabase) -> anyhow::Result<()> {
    assert!(database.is_pooled() && database.backend() == Backend::Postgres);
    let mut pooled = [PlainSql::connect(database.url())?, PlainSql::connect(database.url())?];
    let [one, other] = pooled.each_mut().map(backend_pid);
    assert_eq!(one?, other?, "two clients that take turns share a connection to the server");
    let mut direct = [database.plain_sql()?, database.plain_sql()?];
    let [one, other] = direct.each_mut().map(backend_pid);
    assert_ne!(one?, other?);
    Ok(())
}

fn session_state_is_lost_between_transactions(database: TestDatabase) -> anyhow::Result<()> {
    let [mut one, mut other] = [PlainSql::connect(database.url())?, PlainSql::connect(database.url())?];
    one.execute("PREPARE answer AS SELECT 42")?;
    one.execute("BEGIN")?;
    // The server connection with the statement is in use.
    other.execute("EXECUTE answer").unwrap_err();
    one.execute("COMMIT")?;
    Ok(())
}

fn writes_through_the_pooler_are_visible_directly(database: TestDatabase) -> anyhow::Result<()> {
    PlainSql::connect(database.url())?.execute("CREATE TABLE written ()")?;
    database.rows("SELECT 'x' FROM written").map(drop)
}

fn a_pooler_stops_when_dropped(database: TestDatabase) -> anyhow::Result<()> {
    let pgbouncer = PgBouncer::in_front_of(database.url())?;
    let url = pgbouncer.url(database.url())?;
    PlainSql::connect(&url)?.execute("SELECT 1")?;
    drop(pgbouncer);
    let port = url::Url::parse(&url)?.port().unwrap();
    TcpStream::connect(("127.0.0.1", port)).unwrap_err();
    Ok(())
}

fn a_pooler_survives_a_restart_of_its_server(_: TestDatabase) -> anyhow::Result<()> {
    let cluster = Cluster::start(Cluster::FAST)?;
    let database = cluster.database()?;
    let pgbouncer = PgBouncer::in_front_of(database.url())?;
    let database = database.pooled(&pgbouncer)?;
    let mut connection = PlainSql::connect(database.url())?;
    connection.execute("SELECT 1")?;
    cluster.stop(Shutdown::Fast)?;
    cluster.start_again()?;
    eventually("the pooler connects again", || {
        PlainSql::connect(database.url()).and_then(|mut connection| connection.execute("SELECT 1")).ok()
    });
    Ok(())
}

fn a_proxy_loses_answers_in_front_of_a_pooler(database: TestDatabase) -> anyhow::Result<()> {
    let pgbouncer = PgBouncer::in_front_of(database.url())?;
    let database = database.pooled(&pgbouncer)?;
    let proxy = FaultProxy::in_front_of(database.url())?;
    let database = database.through(proxy.url());
    assert!(database.is_pooled());
    proxy.lose_answer(Message::Containing("CREATE TABLE"), 1);
    PlainSql::connect(database.url())?.execute("CREATE TABLE written ()").unwrap_err();
    database.rows("SELECT 'x' FROM written").map(drop)
}
