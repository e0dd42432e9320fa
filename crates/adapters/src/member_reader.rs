//! Finds members, and the groups of users, on pooled connections.

mod all_members;
mod user_groups;

use crate::{
    Fault,
    connection::{AnyConnection, MultiBackend},
    pool::Pool,
    prepared_statement::prepared_statement,
    rows::{find_group, user_id},
    sql_types::{TimestampSql, TimestampValue},
};
use async_trait::async_trait;
use diesel::{RunQueryDsl, sql_types::BigInt};
use gochat_domain::{
    group::{Group, GroupId, GroupKey},
    member::{ListedMember, Member, Role},
    ports::{MemberReader, StorageError},
    user::UserId,
};
use user_groups::Page;

/// Members in a database.
pub(crate) struct DieselMemberReader {
    pub(crate) pool: Pool,
}

#[async_trait]
impl MemberReader for DieselMemberReader {
    async fn members(
        &self,
        group: &GroupKey,
        after: Option<UserId>,
        limit: u16,
    ) -> Result<Option<Vec<Member>>, StorageError> {
        let (group, after) = (group.clone(), after.map_or(0, UserId::get));
        Ok(self.pool.run(move |connection| members(connection, &group, after, limit)).await?)
    }

    async fn all_members(
        &self,
        after: Option<(GroupId, UserId)>,
        limit: u16,
    ) -> Result<Vec<ListedMember>, StorageError> {
        Ok(self.pool.run(move |connection| all_members::page(connection, after, limit)).await?)
    }

    async fn joined_groups(
        &self,
        user: UserId,
        after: Option<GroupId>,
        limit: u16,
    ) -> Result<Vec<Group>, StorageError> {
        let page = Page::new(user, after, limit);
        Ok(self.pool.run(move |connection| user_groups::joined(connection, page)).await?)
    }

    async fn administered_groups(
        &self,
        user: UserId,
        after: Option<GroupId>,
        limit: u16,
    ) -> Result<Vec<Group>, StorageError> {
        let page = Page::new(user, after, limit);
        Ok(self.pool.run(move |connection| user_groups::administered(connection, page)).await?)
    }
}

/// Finds the group, then reads its members. Every group has a member, its administrator. So if the first page is empty,
/// the group was deleted between the two statements.
fn members(
    connection: &mut AnyConnection,
    group: &GroupKey,
    after: i64,
    limit: u16,
) -> Result<Option<Vec<Member>>, Fault> {
    let Some(Group { id: group_id, .. }) = find_group(connection, group)? else { return Ok(None) };
    let (group, limit) = (group_id.get(), i64::from(limit));
    let page = Members {
        group,
        memberships_of: group,
        memberships_after: after,
        memberships_up_to: group,
        memberships_limit: limit,
        administrator_of: group,
        administrator_after: after,
        unless_member_of: group,
        limit,
    };
    let rows: Vec<(i64, TimestampValue, i64)> = page.load(connection)?;
    let member = |(user, joined_at, administrator)| member(group_id, user, joined_at, administrator);
    let is_deleted = rows.is_empty() && after == 0;
    let members = rows.into_iter().map(member).collect::<Result<_, Fault>>()?;
    Ok((!is_deleted).then_some(members))
}

fn member(
    group_id: GroupId,
    user: i64,
    TimestampValue(joined_at): TimestampValue,
    administrator: i64,
) -> Result<Member, Fault> {
    let role = if user == administrator { Role::Administrator } else { Role::Member };
    Ok(Member { group_id, user_id: user_id(user)?, role, joined_at })
}

prepared_statement! {
    /// A page of the members of a group: its memberships, and its administrator, who may have none. A concurrent
    /// hand-over gives the administrator a membership. Because this is one statement, that user is neither missed nor
    /// shown twice.
    ///
    /// Only the primary key has the order of the memberships. With `group_id = … ORDER BY user_id`, PostgreSQL would read the
    /// whole index by user if most memberships are of one group. With `NOT EXISTS` in place of the count, it would read all
    /// memberships of the group, until `ANALYZE` runs.
    struct Members for AnyConnection, MultiBackend => (BigInt, TimestampSql, BigInt);
    "SELECT user_id, joined_at, (SELECT admin_id FROM groups WHERE id = " [group: i64 as BigInt] ") FROM (
        SELECT user_id, joined_at FROM (
            SELECT user_id, joined_at FROM members WHERE (group_id, user_id) > (" [memberships_of: i64 as BigInt] ", "
    [memberships_after: i64 as BigInt] ") AND group_id <= " [memberships_up_to: i64 as BigInt]
    " ORDER BY group_id, user_id LIMIT 0 + " [memberships_limit: i64 as BigInt] ") AS memberships
        UNION ALL
        SELECT admin_id, created_at FROM groups WHERE id = " [administrator_of: i64 as BigInt] " AND admin_id > "
    [administrator_after: i64 as BigInt] " AND 0 = (
            SELECT count(*) FROM members WHERE group_id = " [unless_member_of: i64 as BigInt] " AND user_id = groups.admin_id)
    ) AS all_members ORDER BY user_id LIMIT 0 + " [limit: i64 as BigInt] ""
}
