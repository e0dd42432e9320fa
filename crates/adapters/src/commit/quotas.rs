//! Numbers of groups, counted where a limit on them is set.

mod postgres;
mod sqlite;

use crate::{Fault, connection::AnyConnection};
use gochat_domain::{
    limits::{Limits, TooManyGroups},
    user::UserId,
};
use std::collections::{BTreeSet, HashMap};

/// The numbers of groups that the limits apply to. Each is counted only up to its limit, and only if it is set.
pub(super) struct Quotas {
    limits: Limits,
    groups: u64,
    by_administrator: HashMap<UserId, u64>,
}

impl Quotas {
    /// Locks and counts the groups of `administrators`, and all groups if `is_create`: until the end of the transaction
    /// no other instance adds a group that counts.
    pub(super) fn load(
        connection: &mut AnyConnection,
        limits: &Limits,
        administrators: &BTreeSet<UserId>,
        is_create: bool,
    ) -> Result<Self, Fault> {
        let (total, each) = (limits.groups, limits.groups_per_administrator);
        let total = (is_create && total.is_set()).then_some(i64::from(total.0));
        let of_each = (each.is_set() && !administrators.is_empty()).then_some(i64::from(each.0));
        let (groups, by_administrator) = match connection {
            AnyConnection::Sqlite(connection) => (
                total.map(|limit| sqlite::count(connection, limit)).transpose()?,
                of_each.map(|limit| sqlite::count_of_each(connection, administrators, limit)).transpose()?,
            ),
            AnyConnection::Postgres(connection) => (
                total.map(|limit| postgres::count(connection, limit)).transpose()?,
                of_each
                    .map(|limit| postgres::count_of_each(connection, administrators, limit))
                    .transpose()?,
            ),
        };
        let by_administrator = by_administrator.unwrap_or_default();
        Ok(Self { limits: *limits, groups: groups.unwrap_or_default(), by_administrator })
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
