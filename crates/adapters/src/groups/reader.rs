//! Finds groups, on pooled connections.

use crate::{
    Fault,
    commit::horizon,
    connection::AnyConnection,
    pool::Pool,
    schema::groups,
    sql_types::{Moment, UuidValue},
};
use async_trait::async_trait;
use diesel::{
    ExpressionMethods, OptionalExtension, QueryDsl, Queryable, RunQueryDsl, Selectable, SelectableHelper,
    dsl::max,
};
use gochat_domain::{
    group::{AdminId, Group, GroupId, GroupKey, GroupName, GroupToken},
    ports::{GroupReader, StorageError},
};
use std::{
    fmt::Display,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

/// Longest wait of a page for batches. It has a connection of the pool meanwhile.
const PATIENCE: Duration = Duration::from_millis(500);

/// Groups in a database.
pub(crate) struct DieselGroupReader {
    pool: Pool,
    /// No group will appear any more with an id up to this one.
    complete: Arc<AtomicI64>,
}

impl DieselGroupReader {
    pub(crate) fn new(pool: Pool) -> Self {
        Self { pool, complete: Arc::default() }
    }
}

/// A row of `groups`.
#[derive(Queryable, Selectable)]
#[diesel(table_name = groups)]
struct Row {
    id: i64,
    uuid: UuidValue,
    name: String,
    token: String,
    admin_id: i64,
    created_at: Moment,
}

impl TryFrom<Row> for Group {
    type Error = Fault;

    fn try_from(row: Row) -> Result<Self, Fault> {
        let id = row.id;
        let broken = |what: &dyn Display| Fault::Unknown(format!("groups row {id}: {what}"));
        Ok(Self {
            id: GroupId::new(id).map_err(|error| broken(&error))?,
            uuid: row.uuid.0,
            name: GroupName::parse_existing(row.name).map_err(|error| broken(&error))?,
            token: GroupToken::parse(row.token).map_err(|error| broken(&error))?,
            admin_id: AdminId::new(row.admin_id).map_err(|error| broken(&error))?,
            created_at: row.created_at.0,
        })
    }
}

#[async_trait]
impl GroupReader for DieselGroupReader {
    async fn find(&self, key: &GroupKey) -> Result<Option<Group>, StorageError> {
        let key = key.clone();
        Ok(self.pool.run(move |connection| find(connection, &key)).await?)
    }

    async fn list(&self, after: Option<GroupId>, limit: u16) -> Result<Vec<Group>, StorageError> {
        let after = after.map_or(0, GroupId::get);
        let complete = Arc::clone(&self.complete);
        Ok(self.pool.run(move |connection| list(connection, after, limit, &complete)).await?)
    }
}

/// The group that has this key.
///
/// Each key is unique, so nothing limits the answer: SQLite compiles a statement anew whenever its `LIMIT` is bound.
pub(crate) fn find(connection: &mut AnyConnection, key: &GroupKey) -> Result<Option<Group>, Fault> {
    let groups = groups::table.select(Row::as_select());
    let row = match key {
        GroupKey::Id(id) => groups.filter(groups::id.eq(id.get())).get_result(connection),
        GroupKey::Uuid(uuid) => groups.filter(groups::uuid.eq(UuidValue(*uuid))).get_result(connection),
        GroupKey::Name(name) => groups.filter(groups::name.eq(name.as_str())).get_result(connection),
    };
    row.optional()?.map(Group::try_from).transpose()
}

/// SQLite has one writer, so ids appear in their order. On PostgreSQL a batch with small ids may be committed after one
/// with greater ids; so a page that reaches beyond the ids known to be complete is read again when the batches have ended
/// that might still store a smaller id.
fn list(
    connection: &mut AnyConnection,
    after: i64,
    limit: u16,
    complete: &AtomicI64,
) -> Result<Vec<Group>, Fault> {
    // Loaded first: what other readers find complete after this page was read says nothing about it.
    let known = complete.load(Ordering::Relaxed);
    let early = page(connection, after, i64::MAX, limit)?;
    let AnyConnection::Postgres(postgres) = connection else { return Ok(early) };
    if early.last().is_none_or(|last| last.id.get() <= known) {
        return Ok(early);
    }
    // Before the batches are looked at: whichever has a smaller id is under way by now, or has ended.
    let newest: Option<i64> = groups::table.select(max(groups::id)).get_result(postgres)?;
    let newest = newest.unwrap_or_default();
    horizon::wait_for_holders(postgres, PATIENCE)?;
    complete.fetch_max(newest, Ordering::Relaxed);
    page(connection, after, newest, limit)
}

/// The first groups with an id above `after`, and up to `end`.
fn page(connection: &mut AnyConnection, after: i64, end: i64, limit: u16) -> Result<Vec<Group>, Fault> {
    let rows = groups::table
        .select(Row::as_select())
        .filter(groups::id.gt(after))
        .filter(groups::id.le(end))
        .order(groups::id)
        .limit(limit.into())
        .load(connection)?;
    rows.into_iter().map(Group::try_from).collect()
}
