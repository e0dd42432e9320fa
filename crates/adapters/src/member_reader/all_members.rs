//! The members of all groups.

use super::member;
use crate::{
    Fault,
    connection::{AnyConnection, MultiBackend},
    prepared_statement::prepared_statement,
    rows::group_id,
    sql_types::{TimestampSql, TimestampValue},
};
use diesel::{
    RunQueryDsl,
    sql_types::{BigInt, Text},
};
use gochat_domain::{
    group::{GroupId, GroupName},
    member::ListedMember,
    user::UserId,
};

/// Returns the first members after a key.
pub(super) fn page(
    connection: &mut AnyConnection,
    after: Option<(GroupId, UserId)>,
    limit: u16,
) -> Result<Vec<ListedMember>, Fault> {
    let (group, user) = after.map_or((0, 0), |(group, user)| (group.get(), user.get()));
    let limit = i64::from(limit);
    let page = AllMembers {
        group,
        user,
        limit,
        first_group: group,
        same_group: group,
        same_user: user,
        groups: limit,
        at_most: limit,
    };
    let rows: Vec<(i64, i64, TimestampValue, i64, String)> = page.load(connection)?;
    let listed = |(group, user, joined_at, administrator, name)| {
        let broken = |error| Fault::Unknown(format!("groups row {group}: {error}"));
        Ok(ListedMember {
            member: member(group_id(group)?, user, joined_at, administrator)?,
            group_name: GroupName::parse_existing(name).map_err(broken)?,
        })
    };
    rows.into_iter().map(listed).collect()
}

prepared_statement! {
    /// A page of the memberships of all groups, merged with the administrators who have no membership. One statement, as
    /// for the members of one group.
    ///
    /// A page of `limit` members has members of at most `limit` groups, so the administrators of that many groups are
    /// enough. Each name is looked up by itself: PostgreSQL might read all groups for a join.
    ///
    /// Memberships without a group are left out. They remain if somebody deletes a group by SQL.
    struct AllMembers for AnyConnection, MultiBackend => (BigInt, BigInt, TimestampSql, BigInt, Text);
    "SELECT group_id, user_id, joined_at, (SELECT admin_id FROM groups WHERE id = all_members.group_id),
        (SELECT name FROM groups WHERE id = all_members.group_id) FROM (
        SELECT group_id, user_id, joined_at FROM (
            SELECT group_id, user_id, joined_at FROM members WHERE (group_id, user_id) > (" [group: i64 as BigInt]
    ", " [user: i64 as BigInt] ") AND 1 = (SELECT count(*) FROM groups WHERE id = members.group_id) ORDER BY group_id, user_id LIMIT 0 + " [limit: i64 as BigInt] ") AS memberships
        UNION ALL
        SELECT id, admin_id, created_at FROM (
            SELECT id, admin_id, created_at FROM groups WHERE id >= " [first_group: i64 as BigInt] " AND (id > "
    [same_group: i64 as BigInt] " OR admin_id > " [same_user: i64 as BigInt] ") ORDER BY id LIMIT 0 + "
    [groups: i64 as BigInt] ") AS administered WHERE 0 = (
            SELECT count(*) FROM members WHERE group_id = administered.id AND user_id = administered.admin_id)
    ) AS all_members ORDER BY group_id, user_id LIMIT 0 + " [at_most: i64 as BigInt] ""
}
