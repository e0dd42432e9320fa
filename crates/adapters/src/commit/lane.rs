//! Lanes: the writes of one kind in a batch, with their callers.

use super::{
    session::{Failure, Session},
    write::{Attempt, Write},
};
use crate::{Fault, connection::AnyConnection};
use gochat_domain::{group::GroupId, ports::StorageError};
use std::{iter, mem};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

/// A queued write, with the channel to its caller.
pub(crate) struct PendingWrite<W: Write> {
    pub(crate) write: W,
    pub(crate) reply: oneshot::Sender<Result<W::Answer, W::Error>>,
    /// The room that the write takes in the queue if it is one of many in a request (`queue/room.rs`), freed when the write
    /// is answered. `None` for a request with a single write.
    pub(crate) _room: Option<OwnedSemaphorePermit>,
}

impl<W: Write> PendingWrite<W> {
    // `send` fails if the caller is gone; the write stays committed.
    fn answer(self, outcome: W::Outcome) {
        let _gone = self.reply.send(self.write.answer(outcome));
    }

    fn fail(self, fault: &Fault) {
        let _gone = self.reply.send(Err(StorageError::from(fault.clone()).into()));
    }
}

/// The pending writes of one kind, and their outcomes once stored.
pub(crate) struct Lane<W: Write> {
    pending: Vec<PendingWrite<W>>,
    outcomes: Vec<W::Outcome>,
}

impl<W: Write> Default for Lane<W> {
    fn default() -> Self {
        Self { pending: Vec::new(), outcomes: Vec::new() }
    }
}

impl<W: Write> Lane<W> {
    /// Adds a write.
    pub(crate) fn push(&mut self, write: PendingWrite<W>) {
        self.pending.push(write);
    }

    /// Splits off the committed writes, which have an outcome. `outcomes` are in the order of the writes.
    pub(crate) fn split_off_committed(&mut self, outcomes: Vec<Option<W::Outcome>>) -> Self {
        let mut committed = Self::default();
        for (pending, outcome) in iter::zip(mem::take(&mut self.pending), outcomes) {
            match outcome {
                Some(outcome) => {
                    committed.pending.push(pending);
                    committed.outcomes.push(outcome);
                }
                None => self.pending.push(pending),
            }
        }
        committed
    }

    /// The writes of the lane.
    pub(crate) fn writes(&self) -> impl Iterator<Item = &W> {
        self.pending.iter().map(|pending| &pending.write)
    }
}

/// A batch that has a lane for the write `W`.
pub(crate) trait HasLane<W: Write> {
    /// The lane.
    fn lane(&mut self) -> &mut Lane<W>;
}

/// A lane of any kind of write.
pub(crate) trait AnyLane {
    /// The number of writes.
    fn len(&self) -> usize;

    /// Estimated number of WAL pages that the stored writes have filled.
    fn pages(&self) -> usize;

    /// The stored groups whose rows the writes lock.
    fn groups_to_lock(&self) -> Vec<GroupId>;

    /// Drops the writes whose callers are gone: if they were stored, a client that retries would conflict with its own
    /// first attempt.
    fn drop_abandoned(&mut self);

    /// Sorts the writes in lock order.
    fn sort(&mut self);

    /// Executes the writes in the open transaction.
    fn store(&mut self, connection: &mut AnyConnection, attempt: Attempt) -> Result<(), Fault>;

    /// Answers each caller. Must be called after the commit.
    fn answer(&mut self);

    /// Answers each caller with `fault`.
    fn fail(&mut self, fault: &Fault);

    /// Commits and answers the lane in a transaction of its own. If that fails, the lane is bisected, so that a faulty
    /// write fails alone. If the connection is lost, unanswered writes stay in the lane.
    fn commit_separately(&mut self, session: &mut Session, attempt: Attempt) -> Result<(), Failure>;
}

impl<W: Write> AnyLane for Lane<W> {
    fn len(&self) -> usize {
        self.pending.len()
    }

    fn pages(&self) -> usize {
        self.outcomes.iter().map(W::pages).sum()
    }

    fn groups_to_lock(&self) -> Vec<GroupId> {
        self.writes().filter_map(W::group_to_lock).collect()
    }

    fn drop_abandoned(&mut self) {
        self.pending.retain(|write| !write.reply.is_closed());
    }

    fn sort(&mut self) {
        // A stable sort: of two conflicting writes, the earlier one wins.
        self.pending.sort_by(|one, other| one.write.lock_order(&other.write));
    }

    fn store(&mut self, connection: &mut AnyConnection, attempt: Attempt) -> Result<(), Fault> {
        if !self.pending.is_empty() {
            let writes: Vec<_> = self.writes().collect();
            self.outcomes = W::store(connection, &writes, attempt)?;
        }
        Ok(())
    }

    fn answer(&mut self) {
        for (write, outcome) in iter::zip(self.pending.drain(..), self.outcomes.drain(..)) {
            write.answer(outcome);
        }
    }

    fn fail(&mut self, fault: &Fault) {
        for write in self.pending.drain(..) {
            write.fail(fault);
        }
    }

    fn commit_separately(&mut self, session: &mut Session, attempt: Attempt) -> Result<(), Failure> {
        let mut parts = vec![mem::take(&mut self.pending)];
        while let Some(pending) = parts.pop() {
            let mut part = Self { pending, outcomes: Vec::new() };
            part.drop_abandoned();
            if part.pending.is_empty() {
                continue;
            }
            match session.transaction(attempt, |connection| part.store(connection, attempt)) {
                Ok(()) => {
                    let pages = part.pages();
                    part.answer();
                    session.after_transaction(pages);
                }
                Err(Failure::NotCommitted(fault))
                    if part.pending.len() == 1 || !fault.may_be_caused_by_one_row() =>
                {
                    part.fail(&fault);
                }
                Err(Failure::NotCommitted(_)) => {
                    let second_half = part.pending.split_off(part.pending.len() / 2);
                    parts.extend([second_half, part.pending]);
                }
                Err(lost @ (Failure::ConnectionLost(_) | Failure::Unreachable(_))) => {
                    parts.push(part.pending);
                    self.pending = parts.into_iter().rev().flatten().collect();
                    return Err(lost);
                }
            }
        }
        Ok(())
    }
}
