//! The writes that share a transaction.

use super::{
    create::Create,
    keys::{InsertKey, RevokeKey},
    lane::{AnyLane, HasLane, Lane},
    session::{Failure, Session},
    sweep::Sweep,
    trial::Trial,
    write::Sent,
};
use crate::Fault;

/// One lane a kind of write.
#[derive(Default)]
pub(crate) struct Batch {
    key_inserts: Lane<InsertKey>,
    key_revocations: Lane<RevokeKey>,
    creates: Lane<Create>,
    trials: Lane<Trial>,
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
    trials: Trial,
    sweeps: Sweep,
}

impl Batch {
    /// The lanes in **the one order of locks**, the same on every instance, so that no two transactions wait for each other
    /// in a circle: (1) API keys, by id; (2) Idempotency-Keys, by caller and key; (3) names of groups; (4) the name of a
    /// trial; (5) Idempotency-Keys that are swept, which come last as a sweep waits for no lock.
    fn lanes(&mut self) -> [&mut dyn AnyLane; 5] {
        let Self { key_inserts, key_revocations, creates, trials, sweeps } = self;
        [key_inserts, key_revocations, creates, trials, sweeps]
    }

    /// The number of groups to create.
    pub(super) fn creates(&self) -> usize {
        self.creates.len()
    }

    /// Whether the commit of the batch shows that creates can succeed.
    pub(super) fn tells_of_creates(&self) -> bool {
        self.creates.len() + self.trials.len() > 0
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
    pub(super) fn retain_awaited(&mut self) {
        self.lanes().into_iter().for_each(AnyLane::retain_awaited);
    }

    /// Puts the writes in the order of their locks.
    pub(super) fn sort(&mut self) {
        self.lanes().into_iter().for_each(AnyLane::sort);
    }

    /// Commits all writes in one transaction.
    pub(super) fn commit(&mut self, session: &mut Session, sent: Sent) -> Result<(), Failure> {
        if sent == Sent::First && session.has_single_statements() && self.has_plain_creates_alone() {
            session.statement(|connection| self.creates.store(connection, sent))?;
        } else {
            let mut lanes = self.lanes();
            session.transaction(sent, |connection| {
                lanes.iter_mut().try_for_each(|lane| lane.store(connection, sent))
            })?;
        }
        Ok(())
    }

    /// Tells every caller the outcome, which is committed.
    pub(super) fn answer(&mut self) {
        self.lanes().into_iter().for_each(AnyLane::answer);
    }

    /// Commits and answers each lane on its own, and where one fails each half of it.
    pub(super) fn settle_lanes_alone(&mut self, session: &mut Session, sent: Sent) -> Result<(), Failure> {
        self.lanes().into_iter().try_for_each(|lane| lane.settle_alone(session, sent))
    }

    /// Tells every caller that its write failed.
    pub(super) fn fail(&mut self, fault: &Fault) {
        self.lanes().into_iter().for_each(|lane| lane.fail(fault));
    }

    fn has_plain_creates_alone(&mut self) -> bool {
        self.len() == self.creates.len() && self.creates.writes().all(Create::is_plain)
    }
}
