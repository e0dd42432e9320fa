//! The writes of one kind in a batch, and their callers.

use super::{
    session::{Failure, Session},
    write::{Sent, Write},
};
use crate::{Fault, connection::AnyConnection};
use gochat_domain::ports::StorageError;
use std::{iter, mem};
use tokio::sync::oneshot;

/// A write, and the way back to its caller.
pub(crate) struct Ticket<W: Write> {
    pub(crate) write: W,
    pub(crate) reply: oneshot::Sender<Result<W::Answer, W::Error>>,
}

impl<W: Write> Ticket<W> {
    // An error of `send` means that the caller has gone; what is stored stays stored.
    fn answer(self, outcome: W::Outcome) {
        let _gone = self.reply.send(self.write.answer(outcome));
    }

    fn fail(self, fault: &Fault) {
        let _gone = self.reply.send(Err(StorageError::from(fault.clone()).into()));
    }
}

/// The tickets of one kind, and their outcomes once they are stored.
pub(crate) struct Lane<W: Write> {
    tickets: Vec<Ticket<W>>,
    outcomes: Vec<W::Outcome>,
}

impl<W: Write> Default for Lane<W> {
    fn default() -> Self {
        Self { tickets: Vec::new(), outcomes: Vec::new() }
    }
}

impl<W: Write> Lane<W> {
    /// Adds a ticket.
    pub(crate) fn push(&mut self, ticket: Ticket<W>) {
        self.tickets.push(ticket);
    }

    /// The writes of the lane.
    pub(crate) fn writes(&self) -> impl Iterator<Item = &W> {
        self.tickets.iter().map(|ticket| &ticket.write)
    }
}

/// A batch with a lane for a kind of write.
pub(crate) trait HasLane<W: Write> {
    /// The lane.
    fn lane(&mut self) -> &mut Lane<W>;
}

/// A lane, whatever its kind of write is.
pub(crate) trait AnyLane {
    /// The number of its writes.
    fn len(&self) -> usize;

    /// The pages of SQLite's log that its writes are reckoned to fill.
    fn pages(&self) -> usize;

    /// Drops the writes whose callers have gone: a retry would only meet what they left.
    fn retain_awaited(&mut self);

    /// Puts the writes in the order of their locks.
    fn sort(&mut self);

    /// Does the writes in the open transaction.
    fn store(&mut self, connection: &mut AnyConnection, sent: Sent) -> Result<(), Fault>;

    /// Tells each caller its outcome, which is committed.
    fn answer(&mut self);

    /// Tells each caller that its write failed.
    fn fail(&mut self, fault: &Fault);

    /// Stores and answers the lane in a transaction of its own, and where that fails each half of it, so that a write that
    /// is at fault fails alone. Writes that are not answered when the connection is lost stay in the lane.
    fn settle_alone(&mut self, session: &mut Session, sent: Sent) -> Result<(), Failure>;
}

impl<W: Write> AnyLane for Lane<W> {
    fn len(&self) -> usize {
        self.tickets.len()
    }

    fn pages(&self) -> usize {
        self.tickets.len() * W::PAGES
    }

    fn retain_awaited(&mut self) {
        self.tickets.retain(|ticket| !ticket.reply.is_closed());
    }

    fn sort(&mut self) {
        // Stable: of two that want the same, the one that came first gets it.
        self.tickets.sort_by(|one, other| one.write.lock_order(&other.write));
    }

    fn store(&mut self, connection: &mut AnyConnection, sent: Sent) -> Result<(), Fault> {
        if !self.tickets.is_empty() {
            let writes: Vec<_> = self.writes().collect();
            self.outcomes = W::store(connection, &writes, sent)?;
        }
        Ok(())
    }

    fn answer(&mut self) {
        for (ticket, outcome) in iter::zip(self.tickets.drain(..), self.outcomes.drain(..)) {
            ticket.answer(outcome);
        }
    }

    fn fail(&mut self, fault: &Fault) {
        for ticket in self.tickets.drain(..) {
            ticket.fail(fault);
        }
    }

    fn settle_alone(&mut self, session: &mut Session, sent: Sent) -> Result<(), Failure> {
        let mut parts = vec![mem::take(&mut self.tickets)];
        while let Some(tickets) = parts.pop() {
            let mut part = Self { tickets, outcomes: Vec::new() };
            part.retain_awaited();
            if part.tickets.is_empty() {
                continue;
            }
            match session.transaction(sent, |connection| part.store(connection, sent)) {
                Ok(()) => part.answer(),
                Err(Failure::Clean(fault)) if part.tickets.len() == 1 || !fault.may_be_of_one_row() => {
                    part.fail(&fault);
                }
                Err(Failure::Clean(_)) => {
                    let second_half = part.tickets.split_off(part.tickets.len() / 2);
                    parts.extend([second_half, part.tickets]);
                }
                Err(lost @ (Failure::Lost(_) | Failure::Away(_))) => {
                    parts.push(part.tickets);
                    self.tickets = parts.into_iter().rev().flatten().collect();
                    return Err(lost);
                }
            }
        }
        Ok(())
    }
}
