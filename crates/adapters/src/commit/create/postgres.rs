//! PostgreSQL: one insert for the whole batch, which can be a transaction of its own.

mod room;

use crate::{
    Fault,
    commit::{batch_lock, write::Attempt},
    connection::FLUSH_EACH_COMMIT,
    rows::group_id,
    schema::groups,
    sql_types::{TimestampSql, TimestampValue, UuidSql, UuidValue},
};
use diesel::{
    ExpressionMethods, PgConnection, QueryDsl, QueryResult, RunQueryDsl,
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{Array, BigInt, Text},
};
use gochat_domain::{
    group::{GroupId, NewGroup},
    limits::Limits,
};
use room::Room;
use std::collections::HashMap;
use uuid::Uuid;

/// Stores `groups`.
///
/// On a resend, the earlier attempt may be committed or still in progress. If it is committed, the look-up by UUID
/// before the insert finds its groups. If it is still in progress, the insert waits until it ends, and the look-up
/// after the insert finds them.
pub(super) fn insert(
    connection: &mut PgConnection,
    groups: &[&NewGroup],
    attempt: Attempt,
) -> Result<Vec<Option<GroupId>>, Fault> {
    let mut ids = HashMap::new();
    if attempt == Attempt::Resend {
        ids = find(connection, groups)?;
    }
    let missing: Vec<_> = groups.iter().copied().filter(|group| !ids.contains_key(&group.uuid)).collect();
    ids.extend(by_uuid(InsertGroups::new(Begin, &missing).load(connection)?));
    if attempt == Attempt::Resend {
        ids.extend(find(connection, groups)?);
    }
    ids_of(groups, &ids)
}

/// Stores `groups` if the limits leave room for all of them. If they do not, nothing is stored.
pub(super) fn insert_if_room(
    connection: &mut PgConnection,
    groups: &[&NewGroup],
    limits: Limits,
) -> Result<Vec<Option<GroupId>>, Fault> {
    let ids = by_uuid(InsertGroups::new(Room::new(groups, limits), groups).load(connection)?);
    ids_of(groups, &ids)
}

/// Returns the ids of the groups that are stored, by UUID.
pub(super) fn find_ids(
    connection: &mut PgConnection,
    groups: &[&NewGroup],
) -> Result<HashMap<Uuid, GroupId>, Fault> {
    find(connection, groups)?.into_iter().map(|(uuid, id)| Ok((uuid, group_id(id)?))).collect()
}

fn find(connection: &mut PgConnection, groups: &[&NewGroup]) -> QueryResult<HashMap<Uuid, i64>> {
    let uuids: Vec<_> = groups.iter().map(|group| UuidValue(group.uuid)).collect();
    let stored = groups::table.filter(groups::uuid.eq_any(uuids)).select((groups::id, groups::uuid));
    stored.load(connection).map(by_uuid)
}

fn ids_of(groups: &[&NewGroup], ids: &HashMap<Uuid, i64>) -> Result<Vec<Option<GroupId>>, Fault> {
    groups.iter().map(|group| ids.get(&group.uuid).copied().map(group_id).transpose()).collect()
}

fn by_uuid(stored: Vec<(i64, UuidValue)>) -> HashMap<Uuid, i64> {
    stored.into_iter().map(|(id, UuidValue(uuid))| (uuid, id)).collect()
}

/// The insert of a batch. Each column is an array, so the statement has the same parameters for any batch size and is
/// prepared once. (A plain `sql_query` is prepared anew each time.)
struct InsertGroups<'a, B> {
    /// The query before the insert. If it returns no row, nothing is stored.
    begin: B,
    uuids: Vec<UuidValue>,
    names: Vec<&'a str>,
    tokens: Vec<&'a str>,
    admin_ids: Vec<i64>,
    created_at: Vec<TimestampValue>,
}

impl<'a, B> InsertGroups<'a, B> {
    fn new(begin: B, groups: &[&'a NewGroup]) -> Self {
        Self {
            begin,
            uuids: groups.iter().map(|group| UuidValue(group.uuid)).collect(),
            names: groups.iter().map(|group| group.name.as_str()).collect(),
            tokens: groups.iter().map(|group| group.token.as_str()).collect(),
            admin_ids: groups.iter().map(|group| group.admin_id.get()).collect(),
            created_at: groups.iter().map(|group| TimestampValue(group.created_at)).collect(),
        }
    }
}

impl<B: QueryFragment<Pg>> QueryFragment<Pg> for InsertGroups<'_, B> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        // A materialized query runs once, before the first row is stored.
        out.push_sql("WITH batch AS MATERIALIZED (");
        self.begin.walk_ast(out.reborrow())?;
        out.push_sql(
            ") INSERT INTO groups (uuid, name, token, admin_id, created_at)
             SELECT uuid, name, token, admin_id, created_at
             FROM batch, unnest(",
        );
        out.push_bind_param::<Array<UuidSql>, _>(&self.uuids)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.names)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.tokens)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<BigInt>, _>(&self.admin_ids)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<TimestampSql>, _>(&self.created_at)?;
        out.push_sql(") AS given (uuid, name, token, admin_id, created_at) ON CONFLICT (name) DO NOTHING RETURNING id, uuid");
        Ok(())
    }
}

impl<B: 'static> QueryId for InsertGroups<'_, B> {
    type QueryId = InsertGroups<'static, B>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<B> Query for InsertGroups<'_, B> {
    type SqlType = (BigInt, UuidSql);
}

impl<B> RunQueryDsl<PgConnection> for InsertGroups<'_, B> {}

/// The query by which each batch begins.
struct Begin;

impl QueryFragment<Pg> for Begin {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT ");
        out.push_sql(batch_lock::ACQUIRE_SHARED);
        out.push_sql(", ");
        out.push_sql(FLUSH_EACH_COMMIT);
        Ok(())
    }
}
