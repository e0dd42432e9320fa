//! The parts that the statements with and without a limit have in common.

use crate::{
    connection::FLUSH_EACH_COMMIT,
    sql_types::{TimestampSql, TimestampValue},
};
use diesel::{
    QueryResult,
    pg::Pg,
    query_builder::AstPass,
    sql_types::{Array, BigInt},
};
use gochat_domain::{
    group::{Group, GroupId},
    member::Member,
};
use std::collections::BTreeMap;

/// Memberships to store in groups that have the given versions.
pub(super) struct Columns {
    pub(super) ids: Vec<i64>,
    groups: Vec<i64>,
    users: Vec<i64>,
    joined_at: Vec<TimestampValue>,
    versions: Vec<i64>,
}

impl Columns {
    /// `members` are in the order of their groups.
    pub(super) fn new(members: &[Member], groups: &BTreeMap<GroupId, Group>) -> Self {
        let version = |member: &Member| groups.get(&member.group_id).map_or(0, |group| group.version.get());
        Self {
            ids: of_each_group(members).map(|of_group| of_group[0].group_id.get()).collect(),
            groups: members.iter().map(|member| member.group_id.get()).collect(),
            users: members.iter().map(|member| member.user_id.get()).collect(),
            joined_at: members.iter().map(|member| TimestampValue(member.joined_at)).collect(),
            versions: members.iter().map(version).collect(),
        }
    }

    /// Writes the common table expressions `batch` and `locked`. `locked` has the id, the version, and `more_columns`.
    pub(super) fn write_lock<'b>(
        &'b self,
        out: &mut AstPass<'_, 'b, Pg>,
        more_columns: &str,
    ) -> QueryResult<()> {
        out.push_sql("WITH batch AS MATERIALIZED (SELECT ");
        out.push_sql(FLUSH_EACH_COMMIT);
        out.push_sql("), locked AS MATERIALIZED (SELECT id, version");
        out.push_sql(more_columns);
        out.push_sql(" FROM groups WHERE id = ANY(");
        out.push_bind_param::<Array<BigInt>, _>(&self.ids)?;
        out.push_sql(") ORDER BY id FOR NO KEY UPDATE)");
        Ok(())
    }

    /// Writes the insert into the groups of `locked`. `more_joins` may leave out some of them.
    pub(super) fn write_insert<'b>(
        &'b self,
        out: &mut AstPass<'_, 'b, Pg>,
        more_joins: &str,
    ) -> QueryResult<()> {
        out.push_sql(
            "INSERT INTO members (group_id, user_id, joined_at)
             SELECT group_id, user_id, joined_at FROM batch CROSS JOIN unnest(",
        );
        out.push_bind_param::<Array<BigInt>, _>(&self.groups)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<BigInt>, _>(&self.users)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<TimestampSql>, _>(&self.joined_at)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<BigInt>, _>(&self.versions)?;
        out.push_sql(
            ") AS given (group_id, user_id, joined_at, version)
             JOIN locked ON locked.id = given.group_id AND locked.version = given.version",
        );
        out.push_sql(more_joins);
        out.push_sql(" ON CONFLICT DO NOTHING RETURNING group_id, user_id");
        Ok(())
    }
}

/// The members of each group. `members` are in the order of their groups.
pub(super) fn of_each_group(members: &[Member]) -> impl Iterator<Item = &[Member]> {
    members.chunk_by(|one, other| one.group_id == other.group_id)
}
