//! The statement for batches with a limit on members. It also stores nothing in groups that have no room for all of their
//! new members.
//!
//! A count takes time in proportion to the memberships of a group. So the writer remembers a bound on them, which holds
//! until another transaction locks the group (decision 0021). The function `groups_with_room` finds out whether it still
//! holds, and counts otherwise.

use super::columns::{Columns, of_each_group};
use crate::{
    Fault,
    commit::{memberships::Key, remembered_groups::Bound},
    rows::{group_id, user_id},
};
use diesel::{
    PgConnection, QueryResult, RunQueryDsl,
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{Array, BigInt, Nullable},
};
use gochat_domain::{
    group::{Group, GroupId},
    limits::Limit,
    member::Member,
};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::Instant,
};

/// Stores those of the memberships that do not exist, in `groups` that have not changed and have room. Returns their
/// keys, and sets the new bounds of their groups in `bounds`.
pub(super) fn store(
    connection: &mut PgConnection,
    members: &[Member],
    groups: &BTreeMap<GroupId, Group>,
    bounds: &mut BTreeMap<GroupId, Bound>,
    limit: Limit,
) -> Result<HashSet<Key>, Fault> {
    let began_at = Instant::now();
    let insert = LimitedInsert::new(members, groups, bounds, limit);
    let rows: Vec<(i64, i64, i64, i64)> = insert.load(connection)?;
    let mut stored = HashSet::new();
    let mut new_bounds = HashMap::new();
    for (group, user, memberships, lock_mark) in rows {
        let (group, user) = (group_id(group)?, user_id(user)?);
        stored.insert((group, user));
        let bound = new_bounds.entry(group).or_insert_with(|| {
            let counted_at = bounds.get(&group).map_or(began_at, |bound| bound.counted_at);
            Bound { memberships, lock_mark, counted_at }
        });
        bound.memberships += 1;
    }
    bounds.extend(new_bounds);
    Ok(stored)
}

struct LimitedInsert {
    columns: Columns,
    limit: i64,
    /// This column and those below have a value for each group, not for each membership.
    new_members: Vec<i64>,
    bounds: Vec<Option<i64>>,
    marks: Vec<Option<i64>>,
}

impl LimitedInsert {
    fn new(
        members: &[Member],
        groups: &BTreeMap<GroupId, Group>,
        bounds: &BTreeMap<GroupId, Bound>,
        limit: Limit,
    ) -> Self {
        let new_members = |of_group: &[Member]| i64::try_from(of_group.len()).unwrap_or(i64::MAX);
        let bounds = || of_each_group(members).map(|of_group| bounds.get(&of_group[0].group_id));
        Self {
            columns: Columns::new(members, groups),
            limit: limit.0.into(),
            new_members: of_each_group(members).map(new_members).collect(),
            bounds: bounds().map(|bound| Some(bound?.memberships)).collect(),
            marks: bounds().map(|bound| Some(bound?.lock_mark)).collect(),
        }
    }
}

impl QueryFragment<Pg> for LimitedInsert {
    /// Reads `xmax` as it was before this statement locks the row: it identifies the previous lock.
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.columns.write_lock(&mut out, ", xmax AS locked_by")?;
        out.push_sql(
            ", with_room AS MATERIALIZED (
             SELECT with_room.* FROM (SELECT array_agg(id) AS ids, array_agg(locked_by) AS locked_by FROM locked) AS locked
             CROSS JOIN groups_with_room(ids, locked_by, pg_current_snapshot()::text, ",
        );
        out.push_bind_param::<Array<BigInt>, _>(&self.columns.ids)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<BigInt>, _>(&self.new_members)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<BigInt>>, _>(&self.bounds)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<BigInt>>, _>(&self.marks)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(&self.limit)?;
        out.push_sql(") AS with_room), stored AS (");
        self.columns.write_insert(&mut out, " JOIN with_room ON with_room.id = given.group_id")?;
        out.push_sql(
            ") SELECT group_id, user_id, memberships, mark FROM stored JOIN with_room ON with_room.id = stored.group_id",
        );
        Ok(())
    }
}

impl QueryId for LimitedInsert {
    type QueryId = Self;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl Query for LimitedInsert {
    type SqlType = (BigInt, BigInt, BigInt, BigInt);
}

impl RunQueryDsl<PgConnection> for LimitedInsert {}
