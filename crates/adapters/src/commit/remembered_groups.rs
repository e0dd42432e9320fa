//! The groups that a writer has read for joins and changes, or has changed. They may have changed since.

use crate::{Fault, rows::GroupRow, schema::groups};
use diesel::{ExpressionMethods, PgConnection, QueryDsl, RunQueryDsl, SelectableHelper};
use gochat_domain::group::{Group, GroupId};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Maximum number of groups that a writer remembers: about 3 MB.
const MAX: usize = 10_000;

/// Groups by id.
#[derive(Default)]
pub(super) struct RememberedGroups(HashMap<GroupId, Group>);

impl RememberedGroups {
    /// Those of the groups that are not remembered.
    pub(super) fn unknown(&self, ids: &BTreeSet<GroupId>) -> Vec<GroupId> {
        ids.iter().copied().filter(|id| !self.0.contains_key(id)).collect()
    }

    /// Those of the groups that are remembered.
    pub(super) fn known(&self, ids: &BTreeSet<GroupId>) -> BTreeMap<GroupId, Group> {
        ids.iter().filter_map(|id| Some((*id, self.0.get(id)?.clone()))).collect()
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
            self.0.insert(group.id, group);
        }
        Ok(())
    }

    /// Remembers a group as it was stored.
    pub(super) fn remember(&mut self, group: Group) {
        self.0.insert(group.id, group);
    }

    /// Forgets a group, which may have changed.
    pub(super) fn forget(&mut self, id: GroupId) {
        self.0.remove(&id);
    }
}
