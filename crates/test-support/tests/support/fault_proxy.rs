//! Tests of the fault proxy.

use gochat_test_support::{
    Case, Cluster, FaultProxy, Message, PlainSql, Shutdown, TestDatabase, cases, deadline::eventually,
};
use std::thread::{self, JoinHandle};

pub fn cases() -> Vec<Case> {
    cases![
        a_proxy_forwards_traffic,
        a_cut_closes_all_open_connections,
        held_traffic_arrives_after_release,
        a_connection_close_is_held_too,
        a_commit_whose_answer_is_lost_still_happens,
        only_the_chosen_execute_loses_its_answer,
        a_truncated_answer_is_an_error,
    ]
}

/// Sets a proxy in front of a database.
fn behind_a_proxy(database: TestDatabase) -> anyhow::Result<(FaultProxy, TestDatabase)> {
    let proxy = FaultProxy::in_front_of(database.url())?;
    let database = database.through(proxy.url());
    Ok((proxy, database))
}

fn a_proxy_forwards_traffic(database: TestDatabase) -> anyhow::Result<()> {
    let (_proxy, database) = behind_a_proxy(database)?;
    let mut connection = PlainSql::connect(database.url())?;
    connection.execute("CREATE TABLE numbers AS SELECT generate_series(1, 100000) AS number")?;
    let sent = "x".repeat(1_000_000);
    let rows = connection.rows(&format!("SELECT '{sent}', number::text FROM numbers LIMIT 3"))?;
    assert_eq!(rows.concat(), [&*sent, "1", &sent, "2", &sent, "3"]);
    assert_eq!(database.rows("SELECT count(*)::text FROM numbers")?, [["100000"]]);
    Ok(())
}

fn a_cut_closes_all_open_connections(database: TestDatabase) -> anyhow::Result<()> {
    let (proxy, database) = behind_a_proxy(database)?;
    let mut connections = [PlainSql::connect(database.url())?, PlainSql::connect(database.url())?];
    proxy.cut();
    for connection in &mut connections {
        connection.execute("SELECT 1").unwrap_err();
    }
    PlainSql::connect(database.url())?.execute("SELECT 1")?;
    let mut direct = database.plain_sql()?;
    eventually("the server notices the closed connections", || (backends(&mut direct) == 0).then_some(()));
    Ok(())
}

/// Number of connections to this database, other than `direct`.
fn backends(direct: &mut PlainSql) -> usize {
    let others = "SELECT pid::text FROM pg_stat_activity
                  WHERE datname = current_database() AND pid <> pg_backend_pid()";
    direct.rows(others).unwrap().len()
}

fn held_traffic_arrives_after_release(database: TestDatabase) -> anyhow::Result<()> {
    let (proxy, database) = behind_a_proxy(database)?;
    let mut connection = PlainSql::connect(database.url())?;
    let mut direct = database.plain_sql()?;
    proxy.hold();
    let url = database.url().to_owned();
    let threads = [
        thread::spawn(move || connection.execute("CREATE TABLE there ()")),
        thread::spawn(move || PlainSql::connect(&url)?.execute("CREATE TABLE there_too ()")),
    ];
    for _ in 0..100 {
        assert_eq!((backends(&mut direct), threads.each_ref().map(JoinHandle::is_finished)), (1, [false; 2]));
    }
    database.rows("SELECT 'x' FROM there").unwrap_err();
    proxy.release();
    for thread in threads {
        thread.join().unwrap()?;
    }
    database.rows("SELECT 'x' FROM there, there_too").map(drop)
}

fn a_connection_close_is_held_too(_: TestDatabase) -> anyhow::Result<()> {
    let cluster = Cluster::start(Cluster::FAST)?;
    let (proxy, database) = behind_a_proxy(cluster.database()?)?;
    let [closed_by_client, mut closed_by_server] =
        [PlainSql::connect(database.url())?, PlainSql::connect(database.url())?];
    let mut direct = database.plain_sql()?;
    proxy.hold();
    drop(closed_by_client);
    for _ in 0..100 {
        assert_eq!(backends(&mut direct), 2);
    }
    cluster.stop(Shutdown::Fast)?;
    let asks = thread::spawn(move || closed_by_server.execute("SELECT 1"));
    cluster.start_again()?;
    assert!(!asks.is_finished());
    proxy.release();
    asks.join().unwrap().unwrap_err();
    Ok(())
}

fn a_commit_whose_answer_is_lost_still_happens(database: TestDatabase) -> anyhow::Result<()> {
    let (proxy, database) = behind_a_proxy(database)?;
    proxy.lose_answer(Message::Commit, 2);
    for (name, is_answered) in [("first", true), ("second", false), ("third", true)] {
        let mut connection = PlainSql::connect(database.url())?;
        connection.execute("BEGIN")?;
        connection.execute(&format!("CREATE TABLE {name} ()"))?;
        assert_eq!(connection.execute("COMMIT").is_ok(), is_answered, "{name}");
        assert_eq!(connection.execute("SELECT 1").is_ok(), is_answered, "{name}");
    }
    assert_eq!(proxy.answers_lost(), 1);
    database.rows("SELECT 'x' FROM first, second, third").map(drop)
}

fn only_the_chosen_execute_loses_its_answer(database: TestDatabase) -> anyhow::Result<()> {
    let (proxy, database) = behind_a_proxy(database)?;
    let mut connection = PlainSql::connect(database.url())?;
    database.execute("CREATE TABLE numbers (number int)")?;
    proxy.lose_answer(Message::Execute, 3);
    let mut insert =
        |number| connection.rows(&format!("INSERT INTO numbers VALUES ({number}) RETURNING 'x'"));
    assert_eq!([1, 2, 3, 4].map(|number| insert(number).is_ok()), [true, true, false, false]);
    assert_eq!(proxy.answers_lost(), 1);
    assert_eq!(database.rows("SELECT number::text FROM numbers")?, [["1"], ["2"], ["3"]]);
    Ok(())
}

fn a_truncated_answer_is_an_error(database: TestDatabase) -> anyhow::Result<()> {
    let (proxy, database) = behind_a_proxy(database)?;
    // `CommandComplete` with its tag, and `ReadyForQuery`.
    let length = 1 + 4 + "COMMIT\0".len() + 1 + 4 + 1;
    for bytes in 0..=length {
        let mut connection = PlainSql::connect(database.url())?;
        connection.execute("BEGIN")?;
        proxy.cut_answer(Message::Commit, 1, bytes);
        assert_eq!(connection.execute("COMMIT").is_ok(), bytes == length, "{bytes}");
        connection.execute("SELECT 1").unwrap_err();
        assert_eq!((proxy.answers_lost(), proxy.answer_length()), (bytes + 1, length));
    }
    Ok(())
}
