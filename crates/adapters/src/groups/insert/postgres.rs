//! PostgreSQL: one statement a batch, which is a transaction of its own.

use super::{Outcome, again, group_id};
use crate::{
    Fault,
    groups::batch_lock,
    sql_types::{Moment, MomentSql, UuidSql, UuidValue},
};
use diesel::{
    PgConnection, QueryResult, RunQueryDsl,
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{Array, BigInt, Text},
};
use gochat_domain::group::NewGroup;
use std::collections::HashMap;
use uuid::Uuid;

/// Stores `groups` with one statement. If a row makes it fail, each row gets a statement of its own.
pub(super) fn insert_all(connection: &mut PgConnection, groups: &[NewGroup]) -> Result<Vec<Outcome>, Fault> {
    match again(|| try_insert(connection, groups)) {
        Ok(ids) => {
            Ok(groups.iter().map(|group| ids.get(&group.uuid).copied().map(group_id).transpose()).collect())
        }
        Err(Fault::Unknown(_)) if groups.len() > 1 => {
            Ok(groups.iter().map(|group| insert(connection, group)).collect())
        }
        Err(fault @ Fault::Unknown(_)) => Ok(vec![Err(fault)]),
        Err(fault) => Err(fault),
    }
}

/// Stores one group.
pub(super) fn insert(connection: &mut PgConnection, group: &NewGroup) -> Outcome {
    try_insert(connection, std::slice::from_ref(group))?.remove(&group.uuid).map(group_id).transpose()
}

/// The ids of those groups that were stored, by their UUIDs.
fn try_insert(connection: &mut PgConnection, groups: &[NewGroup]) -> Result<HashMap<Uuid, i64>, Fault> {
    let stored: Vec<(i64, UuidValue)> = InsertGroups::new(groups).load(connection)?;
    Ok(stored.into_iter().map(|(id, UuidValue(uuid))| (uuid, id)).collect())
}

/// The insert of a batch: a column is an array, so that the statement has five parameters whatever the batch, and is
/// prepared once. (A plain `sql_query` is prepared anew each time.)
struct InsertGroups<'a> {
    uuids: Vec<UuidValue>,
    names: Vec<&'a str>,
    tokens: Vec<&'a str>,
    admin_ids: Vec<i64>,
    created_at: Vec<Moment>,
}

impl<'a> InsertGroups<'a> {
    fn new(groups: &'a [NewGroup]) -> Self {
        Self {
            uuids: groups.iter().map(|group| UuidValue(group.uuid)).collect(),
            names: groups.iter().map(|group| group.name.as_str()).collect(),
            tokens: groups.iter().map(|group| group.token.as_str()).collect(),
            admin_ids: groups.iter().map(|group| group.admin_id.get()).collect(),
            created_at: groups.iter().map(|group| Moment(group.created_at)).collect(),
        }
    }
}

impl QueryFragment<Pg> for InsertGroups<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "INSERT INTO groups (uuid, name, token, admin_id, created_at)
             SELECT uuid, name, token, admin_id, created_at
             FROM (SELECT ",
        );
        out.push_sql(batch_lock::SHARE);
        out.push_sql(") AS batch, unnest(");
        out.push_bind_param::<Array<UuidSql>, _>(&self.uuids)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.names)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.tokens)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<BigInt>, _>(&self.admin_ids)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<MomentSql>, _>(&self.created_at)?;
        out.push_sql(") AS given (uuid, name, token, admin_id, created_at) ON CONFLICT (name) DO NOTHING RETURNING id, uuid");
        Ok(())
    }
}

impl QueryId for InsertGroups<'_> {
    type QueryId = InsertGroups<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl Query for InsertGroups<'_> {
    type SqlType = (BigInt, UuidSql);
}

impl RunQueryDsl<PgConnection> for InsertGroups<'_> {}
