//! Decides the changes of a batch one after another. Each change sees the results of those before it.

use super::{Change, names::Names, rows};
use crate::{
    Fault,
    commit::{
        memberships::{self, Memberships},
        quotas::Quotas,
    },
    connection::AnyConnection,
};
use gochat_domain::{
    group::{Group, GroupId},
    limits::Limits,
    member::Member,
    ports::ChangeGroupError,
};
use std::{collections::BTreeMap, iter};

/// The groups of a batch of changes, with all that the changes depend on.
pub(super) struct Decisions {
    before: BTreeMap<GroupId, Group>,
    now: BTreeMap<GroupId, Group>,
    names: Names,
    quotas: Quotas,
    memberships: Memberships,
    new_memberships: Vec<Member>,
}

impl Decisions {
    /// Loads everything that `changes` depend on. The rows of `groups`, which they change, are locked.
    pub(super) fn load(
        connection: &mut AnyConnection,
        changes: &[&Change],
        groups: BTreeMap<GroupId, Group>,
    ) -> Result<Self, Fault> {
        let limits = changes.first().map_or_else(Limits::default, |change| change.limits);
        let hand_overs = changes.iter().filter_map(|change| Some((change.id, change.fields.admin_id()?)));
        let administrators = groups.iter().map(|(id, group)| (*id, group.admin_id));
        let keys: Vec<_> = hand_overs.clone().chain(administrators).collect();
        let new_administrators: Vec<_> = hand_overs.map(|(_, user)| user).collect();
        // In lock order: the limits on groups before the names.
        let quotas = Quotas::of_hand_overs(connection, &limits, &new_administrators)?;
        let memberships = if new_administrators.is_empty() {
            Memberships::default()
        } else {
            Memberships::load(connection, &keys, &groups, &limits)?
        };
        let names = Names::claim(connection, changes, &groups)?;
        let (before, now) = (groups.clone(), groups);
        Ok(Self { before, now, names, quotas, memberships, new_memberships: Vec::new() })
    }

    /// Decides one change, and keeps its result for the next ones.
    pub(super) fn decide(&mut self, change: &Change) -> Result<Group, ChangeGroupError> {
        let group = self.now.get(&change.id).ok_or(ChangeGroupError::NotFound)?;
        let changed = group.apply(&change.fields, &change.expected)?;
        if changed.name != group.name && !self.names.is_free(&changed.name) {
            return Err(ChangeGroupError::NameTaken);
        }
        if let Some(memberships) = group.memberships_of_hand_over(&changed, change.moment) {
            if self.memberships.joined_at((changed.id, changed.admin_id)).is_none() {
                change.limits.admit_member(self.memberships.count(changed.id))?;
            }
            self.quotas.admit_hand_over(group.admin_id, changed.admin_id)?;
            // The first membership is that of the old administrator, who has been counted as a member even without one.
            for (member, is_new_member) in iter::zip(memberships, [false, true]) {
                if self.memberships.add(&member, is_new_member) {
                    self.new_memberships.push(member);
                }
            }
        }
        self.names.rename(&group.name, &changed.name);
        self.now.insert(changed.id, changed.clone());
        Ok(changed)
    }

    /// Stores the groups that have changed, and the new memberships.
    pub(super) fn store(self, connection: &mut AnyConnection) -> Result<(), Fault> {
        let changed: Vec<_> =
            self.now.values().filter(|group| self.before.get(&group.id) != Some(group)).collect();
        if changed.is_empty() {
            return self.names.release(connection);
        }
        rows::update(connection, &changed, &self.before, self.names)?;
        memberships::insert(connection, &self.new_memberships).map(drop)
    }
}
