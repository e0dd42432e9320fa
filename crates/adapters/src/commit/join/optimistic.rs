//! Joins in one statement, which is a transaction of its own, on PostgreSQL.
//!
//! The domain decides on groups that the writer remembers, as if they had no members. The statement locks the groups, and
//! stores only the memberships of those that still have the remembered version, and that have room for all of their
//! joins in the batch. So a decision on an old version, or against a limit, stores nothing. All other joins of the batch,
//! including those that will be refused, are decided again in a transaction.

use super::{Join, candidates};
use crate::{
    commit::{
        session::{Failure, Session},
        write::Write,
    },
    connection::FLUSH_EACH_COMMIT,
    rows::{group_id, user_id},
    sql_types::{TimestampSql, TimestampValue},
};
use diesel::{
    PgConnection, QueryResult, RunQueryDsl,
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{Array, BigInt},
};
use gochat_domain::{
    group::{Group, GroupId},
    member::{Joined, Member},
};
use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    iter,
};

/// Commits joins in one statement, and returns their outcomes. Joins without one are not committed. `joins` are the whole
/// batch.
pub(in crate::commit) fn commit(
    session: &mut Session,
    joins: &[&Join],
) -> Result<Vec<Option<<Join as Write>::Outcome>>, Failure> {
    let limit = joins.first().map_or(0, |join| join.limits.members_per_group.0);
    let ids: BTreeSet<_> = joins.iter().map(|join| join.new.group_id).collect();
    let groups = session.recall_groups(&ids)?;
    let candidates = candidates(joins, &groups);
    let members: Vec<_> = candidates.iter().copied().flatten().collect();
    let mut stored = HashSet::new();
    if !members.is_empty() {
        session.statement(|connection| {
            let rows: Vec<(i64, i64)> = Insert::new(&members, &groups, limit).load(connection.postgres()?)?;
            for (group, user) in rows {
                stored.insert((group_id(group)?, user_id(user)?));
            }
            Ok(())
        })?;
    }
    let is_stored = |member: &Member| stored.contains(&(member.group_id, member.user_id));
    let new: Vec<_> = candidates.into_iter().map(|candidate| candidate.filter(is_stored)).collect();
    for (join, _) in iter::zip(joins, &new).filter(|(_, new)| new.is_none()) {
        session.remembered_groups().forget(join.new.group_id);
    }
    Ok(new.into_iter().map(|new| new.map(|member| Ok(Joined { member, is_new: true }))).collect())
}

/// Stores memberships in groups that have the given versions and room for all of their new members.
struct Insert {
    /// Maximum number of members of a group; 0 if there is none.
    limit: i64,
    ids: Vec<i64>,
    groups: Vec<i64>,
    users: Vec<i64>,
    joined_at: Vec<TimestampValue>,
    versions: Vec<i64>,
    /// The number of new members of the group.
    new_members: Vec<i64>,
}

impl Insert {
    /// `members` are in the order of their groups.
    fn new(members: &[Member], groups: &BTreeMap<GroupId, Group>, limit: u32) -> Self {
        let version = |member: &Member| groups.get(&member.group_id).map_or(0, |group| group.version.get());
        let of_each_group = || members.chunk_by(|one, other| one.group_id == other.group_id);
        let new_members = |of_group: &[Member]| {
            iter::repeat_n(i64::try_from(of_group.len()).unwrap_or(i64::MAX), of_group.len())
        };
        Self {
            limit: limit.into(),
            ids: of_each_group().map(|of_group| of_group[0].group_id.get()).collect(),
            groups: members.iter().map(|member| member.group_id.get()).collect(),
            users: members.iter().map(|member| member.user_id.get()).collect(),
            joined_at: members.iter().map(|member| TimestampValue(member.joined_at)).collect(),
            versions: members.iter().map(version).collect(),
            new_members: of_each_group().flat_map(new_members).collect(),
        }
    }
}

impl QueryFragment<Pg> for Insert {
    /// The administrator may be a member without a membership, so a group has at most one member more than memberships.
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("WITH batch AS MATERIALIZED (SELECT ");
        out.push_sql(FLUSH_EACH_COMMIT);
        out.push_sql("), locked AS MATERIALIZED (SELECT id, version FROM groups WHERE id = ANY(");
        out.push_bind_param::<Array<BigInt>, _>(&self.ids)?;
        out.push_sql(
            ") ORDER BY id FOR NO KEY UPDATE), counted AS MATERIALIZED (
             SELECT id, memberships FROM count_memberships((SELECT array_agg(id) FROM locked WHERE 0 < ",
        );
        out.push_bind_param::<BigInt, _>(&self.limit)?;
        out.push_sql("), ");
        out.push_bind_param::<BigInt, _>(&self.limit)?;
        out.push_sql(
            "))
             INSERT INTO members (group_id, user_id, joined_at)
             SELECT group_id, user_id, joined_at FROM batch CROSS JOIN unnest(",
        );
        out.push_bind_param::<Array<BigInt>, _>(&self.groups)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<BigInt>, _>(&self.users)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<TimestampSql>, _>(&self.joined_at)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<BigInt>, _>(&self.versions)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<BigInt>, _>(&self.new_members)?;
        out.push_sql(
            ") AS given (group_id, user_id, joined_at, version, new_members)
             JOIN locked ON locked.id = given.group_id AND locked.version = given.version
             LEFT JOIN counted ON counted.id = given.group_id
             WHERE memberships IS NULL OR memberships + new_members < ",
        );
        out.push_bind_param::<BigInt, _>(&self.limit)?;
        out.push_sql(" ON CONFLICT DO NOTHING RETURNING group_id, user_id");
        Ok(())
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
