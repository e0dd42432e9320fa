//! The statement for batches without a limit on members.

use super::columns::Columns;
use crate::{
    Fault,
    commit::memberships::Key,
    rows::{group_id, user_id},
};
use diesel::{
    PgConnection, QueryResult, RunQueryDsl,
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::BigInt,
};
use gochat_domain::{
    group::{Group, GroupId},
    member::Member,
};
use std::collections::{BTreeMap, HashSet};

/// Stores those of the memberships that do not exist, in `groups` that have not changed. Returns their keys.
pub(super) fn store(
    connection: &mut PgConnection,
    members: &[Member],
    groups: &BTreeMap<GroupId, Group>,
) -> Result<HashSet<Key>, Fault> {
    let rows: Vec<(i64, i64)> = Insert(Columns::new(members, groups)).load(connection)?;
    rows.into_iter().map(|(group, user)| Ok((group_id(group)?, user_id(user)?))).collect()
}

struct Insert(Columns);

impl QueryFragment<Pg> for Insert {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.write_lock(&mut out, "")?;
        out.push_sql(" ");
        self.0.write_insert(&mut out, "")
    }
}

impl QueryId for Insert {
    type QueryId = Self;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl Query for Insert {
    type SqlType = (BigInt, BigInt);
}

impl RunQueryDsl<PgConnection> for Insert {}
