//! Finds and lists groups on pooled connections.

use crate::{
    Fault,
    commit::batch_lock,
    connection::AnyConnection,
    pool::Pool,
    prepared_statement::prepared_statement,
    rows::{GroupRow, greatest_group_id},
    schema::groups,
};
use async_trait::async_trait;
use diesel::{
    ExpressionMethods, PgConnection, QueryDsl, RunQueryDsl, Selectable, SelectableHelper, SqliteConnection,
    dsl::SqlTypeOf, pg::Pg, sql_types::BigInt, sqlite::Sqlite,
};
use gochat_domain::{
    group::{Group, GroupId, GroupKey, GroupName, GroupNamePrefix},
    ports::{GroupReader, StorageError},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

/// Longest wait of a page for batches in flight. It occupies a pooled connection meanwhile.
const BATCH_WAIT_TIMEOUT: Duration = Duration::from_millis(500);

/// Groups in a database.
pub(crate) struct DieselGroupReader {
    pool: Pool,
    /// No new group can appear with this id or a smaller one.
    complete_up_to: Arc<AtomicI64>,
}

impl DieselGroupReader {
    pub(crate) fn new(pool: Pool) -> Self {
        Self { pool, complete_up_to: Arc::default() }
    }
}

#[async_trait]
impl GroupReader for DieselGroupReader {
    async fn find(&self, key: &GroupKey) -> Result<Option<Group>, StorageError> {
        Ok(self.pool.find_group(key.clone()).await?)
    }

    async fn list(&self, after: Option<GroupId>, limit: u16) -> Result<Vec<Group>, StorageError> {
        let after = after.map_or(0, GroupId::get);
        let complete_up_to = Arc::clone(&self.complete_up_to);
        Ok(self.pool.run(move |connection| list(connection, after, limit, &complete_up_to)).await?)
    }

    async fn list_by_name(
        &self,
        prefix: &GroupNamePrefix,
        after: Option<GroupName>,
        limit: u16,
    ) -> Result<Vec<Group>, StorageError> {
        let (first, last) = (first_name(prefix, after.as_ref()), prefix.greatest_name());
        Ok(self.pool.run(move |connection| page_by_name(connection, &first, &last, limit)).await?)
    }
}

/// The lower bound of the names that have this prefix and come after `after`. It is one bound for both conditions,
/// because SQLite uses only one lower bound to search an index.
fn first_name(prefix: &GroupNamePrefix, after: Option<&GroupName>) -> String {
    // No name is between `after` and this text: it would need a NUL character, which no name has.
    let above = after.map(|after| format!("{}\u{1}", after.as_str())).unwrap_or_default();
    above.max(prefix.as_str().to_owned())
}

/// Returns the first groups with a name from `first` to `last`.
fn page_by_name(
    connection: &mut AnyConnection,
    first: &str,
    last: &str,
    limit: u16,
) -> Result<Vec<Group>, Fault> {
    let rows = groups::table
        .select(GroupRow::as_select())
        .filter(groups::name.ge(first))
        .filter(groups::name.le(last))
        .order(groups::name)
        .limit(limit.into())
        .load(connection)?;
    rows.into_iter().map(Group::try_from).collect()
}

/// SQLite has one writer, so ids are committed in order. On PostgreSQL a batch with smaller ids may commit after one
/// with greater ids. So a page that goes beyond the ids known to be complete waits for the batches in flight and is
/// read again.
fn list(
    connection: &mut AnyConnection,
    after: i64,
    limit: u16,
    complete_up_to: &AtomicI64,
) -> Result<Vec<Group>, Fault> {
    // Must be loaded before the page is read. If another reader raises the value after that, it does not prove that
    // this page is complete.
    let known = complete_up_to.load(Ordering::Relaxed);
    let first_read = page(connection, after, i64::MAX, limit)?;
    let is_complete = first_read.last().is_none_or(|last| last.id.get() <= known);
    if is_complete || matches!(connection, AnyConnection::Sqlite(_)) {
        return Ok(first_read);
    }
    // Read before the batches are listed: any batch with a smaller id is then in flight or has ended.
    let newest = greatest_group_id(connection)?;
    batch_lock::wait_for_batches(connection.postgres()?, BATCH_WAIT_TIMEOUT)?;
    complete_up_to.fetch_max(newest, Ordering::Relaxed);
    page(connection, after, newest, limit)
}

/// Returns the first groups with an id above `after` and up to `end`.
fn page(connection: &mut AnyConnection, after: i64, end: i64, limit: u16) -> Result<Vec<Group>, Fault> {
    let limit = limit.into();
    let rows: Vec<GroupRow> = match connection {
        AnyConnection::Sqlite(connection) => SqlitePage { after, end, limit }.load(connection)?,
        AnyConnection::Postgres(connection) => PostgresPage { after, end, limit }.load(connection)?,
    };
    rows.into_iter().map(Group::try_from).collect()
}

/// Declares the statement for one of the databases: on `AnyConnection`, Diesel would write its text anew each time.
macro_rules! page {
    (struct $name:ident for $connection:ty, $backend:ty) => {
        prepared_statement! {
            struct $name for $connection, $backend => SqlTypeOf<<GroupRow as Selectable<$backend>>::SelectExpression>;
            "SELECT id, uuid, name, token, admin_id, created_at, version FROM \"groups\" WHERE id > " [after: i64 as BigInt]
            " AND id <= " [end: i64 as BigInt] " ORDER BY id LIMIT 0 + " [limit: i64 as BigInt] ""
        }
    };
}

page! { struct SqlitePage for SqliteConnection, Sqlite }
page! { struct PostgresPage for PgConnection, Pg }

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{connection::Role, testing};
    use diesel::{Connection, connection::InstrumentationEvent};
    use gochat_test_support::TestDatabase;
    use std::sync::Mutex;

    /// The plans of PostgreSQL are tested with the contract of the ports.
    #[test]
    fn sqlite_lists_groups_by_name_with_the_index_of_names() {
        let database = TestDatabase::sqlite().unwrap();
        let mut connection = testing::migrated(&database).open(Role::Reader).unwrap();
        let statement = Arc::new(Mutex::new(String::new()));
        let started = Arc::clone(&statement);
        connection.set_instrumentation(move |event: InstrumentationEvent<'_>| {
            if let InstrumentationEvent::StartQuery { query, .. } = event {
                *started.lock().unwrap() = query.to_string();
            }
        });
        page_by_name(&mut connection, "a", "b", 10).unwrap();
        let statement = statement.lock().unwrap();
        let (sql, _) = statement.split_once(" -- binds").unwrap();
        let plan = database.rows(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        assert_eq!(plan.len(), 1, "{plan:?}");
        assert!(plan[0].last().unwrap().ends_with("(name>? AND name<?)"), "{plan:?}");
    }
}
