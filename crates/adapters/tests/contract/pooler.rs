//! Tests of PostgreSQL behind a transaction-mode pooler.

use crate::{
    DatabaseCase,
    subject::{OPTIONS, Subject},
};
use futures_util::future::join_all;
use gochat_adapters::{Database, DatabaseOptions};
use gochat_domain::group::GroupKey;
use gochat_domain::testing::new_group;
use gochat_test_support::{PlainSql, TestDatabase, cases};

pub fn cases() -> Vec<DatabaseCase> {
    cases![
        a_pooler_without_prepared_statements_is_refused_naming_the_setting,
        the_service_leaves_no_state_in_shared_sessions,
    ]
}

fn a_pooler_without_prepared_statements_is_refused_naming_the_setting(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let url = database.url().parse()?;
    // Repeated, as the detection must leave nothing behind that changes its result.
    for _ in 0..3 {
        let refused = Database::connect(&url, DatabaseOptions { prepared_statements: true, ..OPTIONS });
        let message = refused.err().expect("the pooler is not recognised").to_string();
        assert!(message.contains("set database.prepared_statements = false"), "{message}");
    }
    Database::connect(&url, DatabaseOptions { prepared_statements: false, ..OPTIONS })?;
    // Without a pooler, prepared statements are accepted.
    let direct = database.direct_url().parse()?;
    Database::connect(&direct, DatabaseOptions { prepared_statements: true, ..OPTIONS })?;
    Ok(())
}

fn the_service_leaves_no_state_in_shared_sessions(database: TestDatabase) -> anyhow::Result<()> {
    let subject = Subject::on(database)?;
    let stored = subject.create(new_group("g"))?;
    let key = GroupKey::Id(stored.id);
    let found = subject.run(join_all((0..50).map(|_| subject.reader.find(&key))));
    assert!(found.into_iter().all(|found| found.is_ok_and(|group| group.as_ref() == Some(&stored))));
    // Other clients now get the sessions that the service has used.
    let mut other = PlainSql::connect(subject.database().url())?;
    for (setting, value) in [
        ("statement_timeout", "0"),
        ("lock_timeout", "0"),
        ("default_transaction_read_only", "off"),
        ("default_transaction_isolation", "read committed"),
    ] {
        other.execute("BEGIN")?;
        assert_eq!(other.rows(&format!("SELECT current_setting('{setting}')"))?, [[value]], "{setting}");
        other.execute("COMMIT")?;
    }
    other.execute("BEGIN")?;
    assert!(other.rows("SELECT name FROM pg_prepared_statements WHERE name <> ''")?.is_empty());
    other.execute("COMMIT")?;
    Ok(())
}
