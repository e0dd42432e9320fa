//! A batch: the writes that share a transaction.

#[cfg(test)]
mod tests;

use super::{
    change::{self, Change},
    create::{self, Create},
    dashboard::SecretWrite,
    delete::Delete,
    join::{self, Join},
    key_uses::RecordKeyUses,
    keys::{InsertKey, RevokeKey},
    lane::{AnyLane, HasLane, Lane},
    leave::Leave,
    locked_groups,
    probe_create::ProbeCreate,
    session::{Failure, Session},
    sweep::Sweep,
    write::Attempt,
};
use crate::{Fault, connection::AnyConnection};
use std::mem;

/// Commits some or all writes of a batch, and splits them off.
pub(super) type Commit = fn(&mut Batch, &mut Session, Attempt) -> Result<Batch, Failure>;

/// A batch, with one lane for each kind of write.
#[derive(Default)]
pub(crate) struct Batch {
    key_inserts: Lane<InsertKey>,
    key_revocations: Lane<RevokeKey>,
    changes: Lane<Change>,
    creates: Lane<Create>,
    probes: Lane<ProbeCreate>,
    deletes: Lane<Delete>,
    joins: Lane<Join>,
    leaves: Lane<Leave>,
    dashboard_secrets: Lane<SecretWrite>,
    key_uses: Lane<RecordKeyUses>,
    sweeps: Lane<Sweep>,
}

macro_rules! has_lanes {
    ($($field:ident: $write:ty),* $(,)?) => {
        $(impl HasLane<$write> for Batch {
            fn lane(&mut self) -> &mut Lane<$write> {
                &mut self.$field
            }
        })*

        impl Batch {
            /// The lanes, in lock order.
            fn lanes(&mut self) -> [&mut dyn AnyLane; [$(stringify!($field)),*].len()] {
                [$(&mut self.$field),*]
            }
        }
    };
}

// The lanes in lock order, the same on every instance, so that transactions never deadlock: (1) the rows of all
// groups that the batch changes or deletes, or whose members change, by id (`lock_groups`, before all lanes); (2) API
// keys, by id; (3) Idempotency-Keys, by caller and key; (4) the limit on all groups, then those of administrators;
// (5) names of groups, in their order; (6) the name of a probe create; (7) the secrets of the dashboard, by one lock
// for all; (8) used API keys; (9) swept Idempotency-Keys.
//
// A delete frees a name, for which other transactions may wait, so no name is locked after it. The lock on a group's
// row also protects its memberships. The last two skip locked rows instead of waiting for them, so they cannot take
// part in a deadlock although (2) and (3) lock rows of the same tables. They are last, so that their own rows are
// locked for the shortest time.
has_lanes! {
    key_inserts: InsertKey,
    key_revocations: RevokeKey,
    changes: Change,
    creates: Create,
    probes: ProbeCreate,
    deletes: Delete,
    joins: Join,
    leaves: Leave,
    dashboard_secrets: SecretWrite,
    key_uses: RecordKeyUses,
    sweeps: Sweep,
}

impl Batch {
    /// Splits off the changes, if the batch has creates too. Changes lock names in one statement, and creates in
    /// another, so no sorting puts all names of a transaction into one order. So the two kinds must not share a
    /// transaction.
    pub(super) fn split_off_changes(&mut self) -> Option<Self> {
        (self.creates.len() > 0 && self.changes.len() > 0)
            .then(|| Self { changes: mem::take(&mut self.changes), ..Self::default() })
    }

    /// The number of writes that the metrics count: those of groups and members, not those of operators or of the
    /// service itself.
    pub(super) fn len_in_metrics(&self) -> usize {
        let Self {
            key_inserts: _,
            key_revocations: _,
            probes: _,
            dashboard_secrets: _,
            key_uses: _,
            sweeps: _,
            changes,
            creates,
            deletes,
            joins,
            leaves,
        } = self;
        changes.len() + creates.len() + deletes.len() + joins.len() + leaves.len()
    }

    /// True if committing the batch proves that creates succeed.
    pub(super) fn proves_creates_work(&self) -> bool {
        self.creates.len() + self.probes.len() > 0
    }

    /// The number of writes.
    pub(super) fn len(&mut self) -> usize {
        self.lanes().iter().map(|lane| lane.len()).sum()
    }

    /// Estimated number of WAL pages that the stored writes have filled.
    pub(super) fn pages(&mut self) -> usize {
        self.lanes().iter().map(|lane| lane.pages()).sum()
    }

    /// True if every write has been answered.
    pub(super) fn is_empty(&mut self) -> bool {
        self.len() == 0
    }

    /// Drops the writes whose callers are gone.
    pub(super) fn drop_abandoned(&mut self) {
        self.lanes().into_iter().for_each(AnyLane::drop_abandoned);
    }

    /// Sorts the writes of each lane in lock order.
    pub(super) fn sort(&mut self) {
        self.lanes().into_iter().for_each(AnyLane::sort);
    }

    /// The ways to commit a batch, to be tried one after another until all writes are committed.
    pub(super) fn commits(session: &Session, attempt: Attempt) -> &'static [Commit] {
        if attempt == Attempt::First && session.allows_single_statements() {
            &[Self::commit_in_one_statement, Self::commit_in_transaction]
        } else {
            &[Self::commit_in_transaction]
        }
    }

    /// Commits writes in one statement, without `BEGIN` and `COMMIT`, and splits them off. It commits some or all of a
    /// batch that has only creates without an Idempotency-Key, only changes, or only joins.
    fn commit_in_one_statement(&mut self, session: &mut Session, _: Attempt) -> Result<Self, Failure> {
        let mut committed = Self::default();
        let writes = self.len();
        if writes == self.creates.len() && !self.creates.writes().any(Create::has_key) {
            let creates: Vec<_> = self.creates.writes().collect();
            let outcomes = create::commit_in_one_statement(session, &creates)?;
            committed.creates = self.creates.split_off_committed(outcomes);
        } else if writes == self.changes.len() {
            let changes: Vec<_> = self.changes.writes().collect();
            let outcomes = change::optimistic::commit(session, &changes)?;
            committed.changes = self.changes.split_off_committed(outcomes);
        } else if writes == self.joins.len() {
            let joins: Vec<_> = self.joins.writes().collect();
            let outcomes = join::optimistic::commit(session, &joins)?;
            committed.joins = self.joins.split_off_committed(outcomes);
        }
        Ok(committed)
    }

    /// Commits all writes in one transaction, and splits them off.
    fn commit_in_transaction(&mut self, session: &mut Session, attempt: Attempt) -> Result<Self, Failure> {
        let mut lanes = self.lanes();
        session.transaction(attempt, |connection| {
            lock_groups(connection, &lanes)?;
            lanes.iter_mut().try_for_each(|lane| lane.store(connection, attempt))
        })?;
        Ok(mem::take(self))
    }

    /// Answers every caller. Must be called after the commit.
    pub(super) fn answer(&mut self) {
        self.lanes().into_iter().for_each(AnyLane::answer);
    }

    /// Commits and answers each lane in a transaction of its own, and bisects a lane that fails.
    pub(super) fn commit_lanes_separately(
        &mut self,
        session: &mut Session,
        attempt: Attempt,
    ) -> Result<(), Failure> {
        self.lanes().into_iter().try_for_each(|lane| lane.commit_separately(session, attempt))
    }

    /// Answers every caller with `fault`.
    pub(super) fn fail(&mut self, fault: &Fault) {
        self.lanes().into_iter().for_each(|lane| lane.fail(fault));
    }
}

/// Locks the groups of all lanes, before other lanes lock anything else. A lane that is alone in its batch locks its
/// groups by itself, and SQLite locks its file instead.
fn lock_groups(connection: &mut AnyConnection, lanes: &[&mut dyn AnyLane]) -> Result<(), Fault> {
    let is_alone = lanes.iter().filter(|lane| lane.len() > 0).count() == 1;
    if is_alone || matches!(connection, AnyConnection::Sqlite(_)) {
        return Ok(());
    }
    let groups: Vec<_> = lanes.iter().flat_map(|lane| lane.groups_to_lock()).collect();
    if groups.is_empty() { Ok(()) } else { locked_groups::load(connection, groups.into_iter()).map(drop) }
}
