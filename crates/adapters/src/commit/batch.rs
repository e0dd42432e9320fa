//! The writes that share a transaction.

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

/// One lane a kind of write.
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
    /// The lanes in **the one order of locks**, the same on every instance, so that no two transactions wait for each other
    /// in a circle: (1) API keys, by id; (2) Idempotency-Keys, by caller and key; (3) names of groups; (4) the name of a
    /// trial; (5) Idempotency-Keys that are swept, which come last as a sweep waits for no lock.
    fn lanes(&mut self) -> [&mut dyn AnyLane; 5] {
        let Self { key_inserts, key_revocations, creates, probes, sweeps } = self;
        [key_inserts, key_revocations, creates, probes, sweeps]
    }

    /// The number of groups to create.
    pub(super) fn creates(&self) -> usize {
        self.creates.len()
    }

    /// Whether the commit of the batch shows that creates can succeed.
    pub(super) fn proves_creates_work(&self) -> bool {
        self.creates.len() + self.probes.len() > 0
    }

    /// The number of writes.
    pub(super) fn len(&mut self) -> usize {
        self.lanes().iter().map(|lane| lane.len()).sum()
    }

    /// The pages of SQLite's log that the writes are reckoned to fill.
    pub(super) fn pages(&mut self) -> usize {
        self.lanes().iter().map(|lane| lane.pages()).sum()
    }

    /// Whether every write is answered.
    pub(super) fn is_empty(&mut self) -> bool {
        self.len() == 0
    }

    /// Drops the writes whose callers have gone.
    pub(super) fn drop_abandoned(&mut self) {
        self.lanes().into_iter().for_each(AnyLane::drop_abandoned);
    }

    /// Puts the writes in the order of their locks.
    pub(super) fn sort(&mut self) {
        self.lanes().into_iter().for_each(AnyLane::sort);
    }

    /// Commits all writes in one transaction.
    pub(super) fn commit(&mut self, session: &mut Session, attempt: Attempt) -> Result<(), Failure> {
        if attempt == Attempt::First && session.has_single_statements() && self.has_plain_creates_alone() {
            session.statement(|connection| self.creates.store(connection, attempt))?;
        } else {
            let mut lanes = self.lanes();
            session.transaction(attempt, |connection| {
                lanes.iter_mut().try_for_each(|lane| lane.store(connection, attempt))
            })?;
        }
        Ok(())
    }

    /// Tells every caller the outcome, which is committed.
    pub(super) fn answer(&mut self) {
        self.lanes().into_iter().for_each(AnyLane::answer);
    }

    /// Commits and answers each lane on its own, and where one fails each half of it.
    pub(super) fn commit_lanes_separately(
        &mut self,
        session: &mut Session,
        attempt: Attempt,
    ) -> Result<(), Failure> {
        self.lanes().into_iter().try_for_each(|lane| lane.commit_separately(session, attempt))
    }

    /// Tells every caller that its write failed.
    pub(super) fn fail(&mut self, fault: &Fault) {
        self.lanes().into_iter().for_each(|lane| lane.fail(fault));
    }

    fn has_plain_creates_alone(&mut self) -> bool {
        self.len() == self.creates.len() && self.creates.writes().all(Create::is_plain)
    }
}
