//! Numbers of groups, counted where a limit on them is set.
//!
//! An id is never used again, so there are at most as many groups as the greatest id. If the limit admits that
//! many groups and all creates of a batch, the groups are not counted: a count takes time in proportion to the limit.

mod postgres;
mod sqlite;

use crate::{Fault, connection::AnyConnection, rows::greatest_group_id};
use gochat_domain::{
    limits::{Limits, TooManyGroups},
    user::UserId,
};
use std::collections::{BTreeSet, HashMap};

/// The numbers of groups that the limits apply to. Each is counted only if its limit is set, and only as far as the
/// batch needs to know.
#[derive(Clone)]
pub(super) struct Quotas {
    limits: Limits,
    groups: u64,
    by_administrator: HashMap<UserId, u64>,
}

impl Quotas {
    /// Counts all groups, and those of `administrators`, who are the administrators of the groups to create. Takes
    /// locks, so that no other transaction adds a group to these counts until this one ends.
    pub(super) fn of_creates(
        connection: &mut AnyConnection,
        limits: &Limits,
        administrators: &[UserId],
    ) -> Result<Self, Fault> {
        let limit = limits.groups;
        let groups =
            if limit.is_set() { count_all(connection, limit.0.into(), administrators.len())? } else { 0 };
        let of_administrators = Self::of_hand_overs(connection, limits, administrators)?;
        Ok(Self { groups, ..of_administrators })
    }

    /// Counts the groups of `administrators`, who are the new administrators in a batch of hand-overs. Takes locks, as
    /// [`Self::of_creates`] does.
    pub(super) fn of_hand_overs(
        connection: &mut AnyConnection,
        limits: &Limits,
        administrators: &[UserId],
    ) -> Result<Self, Fault> {
        let limit = limits.groups_per_administrator;
        let mut by_administrator = HashMap::new();
        if limit.is_set() && !administrators.is_empty() {
            // Counts up to the limit plus the number of hand-overs. After a limit was lowered, a user may have more
            // groups than it allows. If the count stopped at the limit, each group that the user gives away in the
            // batch would seem to make room for another one.
            let at_most = i64::from(limit.0).saturating_add_unsigned(administrators.len() as u64);
            let administrators: BTreeSet<_> = administrators.iter().copied().collect();
            by_administrator = match connection {
                AnyConnection::Sqlite(connection) => {
                    sqlite::count_of_each(connection, &administrators, at_most)?
                }
                AnyConnection::Postgres(connection) => {
                    postgres::count_of_each(connection, &administrators, at_most)?
                }
            };
        }
        Ok(Self { limits: *limits, groups: 0, by_administrator })
    }

    /// Admits a group for each of the administrators, and counts them.
    pub(super) fn admit_groups(&mut self, administrators: &[UserId]) -> Result<(), TooManyGroups> {
        administrators.iter().try_for_each(|administrator| self.admit_group(*administrator))
    }

    /// Admits one more group, and counts it.
    pub(super) fn admit_group(&mut self, administrator: UserId) -> Result<(), TooManyGroups> {
        self.limits.admit_group(self.groups, self.of(administrator))?;
        self.groups += 1;
        self.add_to(administrator);
        Ok(())
    }

    /// Admits the hand-over of a group from one administrator to another, and counts it.
    pub(super) fn admit_hand_over(&mut self, from: UserId, to: UserId) -> Result<(), TooManyGroups> {
        self.limits.admit_administrator(self.of(to))?;
        self.add_to(to);
        if let Some(count) = self.by_administrator.get_mut(&from) {
            *count = count.saturating_sub(1);
        }
        Ok(())
    }

    fn of(&self, administrator: UserId) -> u64 {
        self.by_administrator.get(&administrator).copied().unwrap_or_default()
    }

    fn add_to(&mut self, administrator: UserId) {
        *self.by_administrator.entry(administrator).or_default() += 1;
    }
}

/// Counts all groups up to `limit`, and takes the lock on that count. Returns 0 without counting if the greatest id
/// shows that there is room for all `creates`.
fn count_all(connection: &mut AnyConnection, limit: i64, creates: usize) -> Result<u64, Fault> {
    if let AnyConnection::Postgres(connection) = connection {
        postgres::lock_all(connection)?;
    }
    if greatest_group_id(connection)?.saturating_add_unsigned(creates as u64) <= limit {
        return Ok(0);
    }
    match connection {
        AnyConnection::Sqlite(connection) => sqlite::count(connection, limit),
        AnyConnection::Postgres(connection) => postgres::count(connection, limit),
    }
}
