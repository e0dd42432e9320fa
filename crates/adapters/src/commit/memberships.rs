//! Rows of `members`. A transaction locks the row of a group before it touches the group's memberships, so it may touch
//! them in any order.

mod postgres;
mod sqlite;

use crate::{Fault, connection::AnyConnection};
use gochat_domain::{
    clock::Timestamp,
    group::{Group, GroupId},
    limits::Limits,
    member::Member,
    user::UserId,
};
use std::collections::{BTreeMap, HashMap};

/// The primary key of a membership.
pub(super) type Key = (GroupId, UserId);

/// The memberships that a lane's writes are about, and how many members their groups have.
#[derive(Default)]
pub(super) struct Memberships {
    joined_at: HashMap<Key, Timestamp>,
    /// Empty if the number of members is not limited.
    counts: HashMap<GroupId, u64>,
}

impl Memberships {
    /// Loads the memberships with these keys, and counts the members of `groups` if a limit is set.
    pub(super) fn load(
        connection: &mut AnyConnection,
        keys: &[Key],
        groups: &BTreeMap<GroupId, Group>,
        limits: &Limits,
    ) -> Result<Self, Fault> {
        let joined_at = match connection {
            AnyConnection::Sqlite(connection) => sqlite::load(connection, keys)?,
            AnyConnection::Postgres(connection) => postgres::load(connection, keys)?,
        };
        let limit = limits.members_per_group;
        let counts = if limit.is_set() {
            let ids: Vec<_> = groups.keys().map(|id| id.get()).collect();
            match connection {
                AnyConnection::Sqlite(connection) => sqlite::count(connection, &ids, limit.0.into())?,
                AnyConnection::Postgres(connection) => postgres::count(connection, ids, limit.0.into())?,
            }
        } else {
            HashMap::new()
        };
        Ok(Self { joined_at, counts })
    }

    /// The time of the membership, if there is one.
    pub(super) fn joined_at(&self, key: Key) -> Option<Timestamp> {
        self.joined_at.get(&key).copied()
    }

    /// The number of members of the group, up to the limit. 0 if there is no limit.
    pub(super) fn count(&self, group: GroupId) -> u64 {
        self.counts.get(&group).copied().unwrap_or_default()
    }

    /// Adds a membership, which must be stored too. Returns false if it exists already.
    ///
    /// `is_new_member` is false for an administrator, who was counted as a member without a membership.
    pub(super) fn add(&mut self, member: &Member, is_new_member: bool) -> bool {
        let key = (member.group_id, member.user_id);
        if self.joined_at.contains_key(&key) {
            return false;
        }
        self.joined_at.insert(key, member.joined_at);
        if is_new_member && let Some(count) = self.counts.get_mut(&member.group_id) {
            *count += 1;
        }
        true
    }

    /// Removes a membership, which must be deleted too.
    pub(super) fn remove(&mut self, key: Key) {
        self.joined_at.remove(&key);
    }
}

/// Stores those of the memberships that do not exist, and returns their keys.
pub(super) fn insert(connection: &mut AnyConnection, members: &[Member]) -> Result<Vec<Key>, Fault> {
    if members.is_empty() {
        return Ok(Vec::new());
    }
    match connection {
        AnyConnection::Sqlite(connection) => sqlite::insert(connection, members),
        AnyConnection::Postgres(connection) => postgres::insert(connection, members),
    }
}

/// Deletes memberships.
pub(super) fn delete(connection: &mut AnyConnection, keys: &[Key]) -> Result<(), Fault> {
    if keys.is_empty() {
        return Ok(());
    }
    match connection {
        AnyConnection::Sqlite(connection) => sqlite::delete(connection, keys),
        AnyConnection::Postgres(connection) => postgres::delete(connection, keys),
    }
}
