//! A batch: the writes that share a transaction.

use super::{
    create::Create,
    keys::{InsertKey, RevokeKey},
    lane::{AnyLane, HasLane, Lane},
    probe_create::ProbeCreate,
    session::{Failure, Session},
    sweep::Sweep,
    write::Attempt,
};
use crate::Fault;

/// A batch, with one lane for each kind of write.
#[derive(Default)]
pub(crate) struct Batch {
    key_inserts: Lane<InsertKey>,
    key_revocations: Lane<RevokeKey>,
    creates: Lane<Create>,
    probes: Lane<ProbeCreate>,
    sweeps: Lane<Sweep>,
}

macro_rules! has_lanes {
    ($($field:ident: $write:ty),* $(,)?) => {
        $(impl HasLane<$write> for Batch {
            fn lane(&mut self) -> &mut Lane<$write> {
                &mut self.$field
            }
        })*
    };
}

has_lanes! {
    key_inserts: InsertKey,
    key_revocations: RevokeKey,
    creates: Create,
    probes: ProbeCreate,
    sweeps: Sweep,
}

impl Batch {
    /// The lanes in **lock order**, the same on every instance, so that transactions never deadlock: (1) API keys, by
    /// id; (2) Idempotency-Keys, by caller and key; (3) names of groups; (4) the name of a probe create; (5) swept
    /// Idempotency-Keys. A sweep skips locked rows instead of waiting for them, so it cannot take part in a deadlock
    /// although (2) locks rows of the same table. It is last, so that its own rows are locked for the shortest time.
    fn lanes(&mut self) -> [&mut dyn AnyLane; 5] {
        let Self { key_inserts, key_revocations, creates, probes, sweeps } = self;
        [key_inserts, key_revocations, creates, probes, sweeps]
    }

    /// The number of groups to create.
    pub(super) fn creates(&self) -> usize {
        self.creates.len()
    }

    /// True if committing the batch proves that creates succeed.
    pub(super) fn proves_creates_work(&self) -> bool {
        self.creates.len() + self.probes.len() > 0
    }

    /// The number of writes.
    pub(super) fn len(&mut self) -> usize {
        self.lanes().iter().map(|lane| lane.len()).sum()
    }

    /// Estimated number of WAL pages that the writes fill.
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

    /// Commits all writes in one transaction.
    pub(super) fn commit(&mut self, session: &mut Session, attempt: Attempt) -> Result<(), Failure> {
        if attempt == Attempt::First && session.allows_single_statements() && self.has_only_plain_creates() {
            session.statement(|connection| self.creates.store(connection, attempt))?;
        } else {
            let mut lanes = self.lanes();
            session.transaction(attempt, |connection| {
                lanes.iter_mut().try_for_each(|lane| lane.store(connection, attempt))
            })?;
        }
        Ok(())
    }

    /// Answers every caller; the outcomes are committed.
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

    fn has_only_plain_creates(&mut self) -> bool {
        self.len() == self.creates.len() && self.creates.writes().all(Create::is_plain)
    }
}
