//! The groups that a writer has read for joins and changes, or has changed. They may have changed since.

use crate::{Fault, rows::GroupRow, schema::groups};
use diesel::{ExpressionMethods, PgConnection, QueryDsl, RunQueryDsl, SelectableHelper};
use gochat_domain::group::{Group, GroupId};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::{Duration, Instant},
};

/// Maximum number of groups that a writer remembers: about 3 MB.
const MAX: usize = 10_000;

/// Time after which memberships are counted again. A lock mark is the id of a transaction, which PostgreSQL uses again
/// after some 4 billion others. So an old mark proves nothing.
const COUNT_AGAIN_AFTER: Duration = Duration::from_secs(60);

/// Groups by id.
#[derive(Default)]
pub(super) struct RememberedGroups(HashMap<GroupId, Remembered>);

struct Remembered {
    group: Group,
    bound: Option<Bound>,
}

/// A number that the memberships of a group do not exceed, until another transaction locks the group.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bound {
    pub(super) memberships: i64,
    /// Identifies the lock of the writer's last transaction that stored memberships of the group.
    pub(super) lock_mark: i64,
    /// The time of the last count, or an earlier one.
    pub(super) counted_at: Instant,
}

impl RememberedGroups {
    /// Those of the groups that are not remembered.
    pub(super) fn unknown(&self, ids: &BTreeSet<GroupId>) -> Vec<GroupId> {
        ids.iter().copied().filter(|id| !self.0.contains_key(id)).collect()
    }

    /// Those of the groups that are remembered.
    pub(super) fn known(&self, ids: &BTreeSet<GroupId>) -> BTreeMap<GroupId, Group> {
        ids.iter().filter_map(|id| Some((*id, self.0.get(id)?.group.clone()))).collect()
    }

    /// The bounds of those groups whose memberships were counted a short time ago.
    pub(super) fn bounds<'a>(&self, ids: impl Iterator<Item = &'a GroupId>) -> BTreeMap<GroupId, Bound> {
        let is_recent = |bound: &Bound| bound.counted_at.elapsed() < COUNT_AGAIN_AFTER;
        ids.filter_map(|id| Some((*id, self.0.get(id)?.bound.filter(is_recent)?))).collect()
    }

    /// Remembers the bounds on the memberships of groups that are remembered.
    pub(super) fn set_bounds(&mut self, bounds: BTreeMap<GroupId, Bound>) {
        for (id, bound) in bounds {
            if let Some(remembered) = self.0.get_mut(&id) {
                remembered.bound = Some(bound);
            }
        }
    }

    /// Reads groups without locking them.
    pub(super) fn read(&mut self, connection: &mut PgConnection, ids: &[GroupId]) -> Result<(), Fault> {
        let ids = ids.iter().map(|id| id.get()).collect::<Vec<_>>();
        let rows: Vec<GroupRow> =
            groups::table.select(GroupRow::as_select()).filter(groups::id.eq_any(ids)).load(connection)?;
        // Forgets all groups: keeping track of the order of their use would cost more than reading some of them again.
        if self.0.len() + rows.len() > MAX {
            self.0.clear();
        }
        for row in rows {
            let group = Group::try_from(row)?;
            self.0.insert(group.id, Remembered { group, bound: None });
        }
        Ok(())
    }

    /// Remembers a group as it was stored.
    pub(super) fn remember(&mut self, group: Group) {
        self.0.insert(group.id, Remembered { group, bound: None });
    }

    /// Forgets a group, which may have changed.
    pub(super) fn forget(&mut self, id: GroupId) {
        self.0.remove(&id);
    }
}
