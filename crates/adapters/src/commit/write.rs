//! The trait that a kind of write implements.

use crate::{Fault, connection::AnyConnection};
use gochat_domain::ports::StorageError;
use std::cmp::Ordering;

/// A kind of write that can share a transaction with others.
///
/// A write MUST be safe to do twice: where the connection is lost, nobody knows whether its transaction was committed,
/// and it is sent again.
pub(crate) trait Write: Send + Sized + 'static {
    /// The database's part of the answer.
    type Outcome: Send;
    /// The answer of a write that succeeded.
    type Answer: Send + 'static;
    /// The answer of a write that did not.
    type Error: From<StorageError> + Send + 'static;

    /// The pages of SQLite's log that a write is reckoned to fill.
    const PAGES: usize = 1;

    /// Orders the writes of a lane by the rows that they lock, the same on every instance: transactions that take locks
    /// in one order never wait for each other in a circle.
    fn lock_order(&self, other: &Self) -> Ordering;

    /// Does `writes`, which are in their order, in the open transaction. Returns the outcome of each, in the same order.
    ///
    /// An error fails all of them, and the transaction is rolled back. Work that grows with the number of statements
    /// belongs into few: read all rows by one statement, decide in the domain, store all by one statement.
    fn store(
        connection: &mut AnyConnection,
        writes: &[&Self],
        attempt: Attempt,
    ) -> Result<Vec<Self::Outcome>, Fault>;

    /// The answer to a write whose outcome is committed.
    fn answer(self, outcome: Self::Outcome) -> Result<Self::Answer, Self::Error>;
}

/// Whether the same writes were sent before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// This is the first time.
    First,
    /// They were sent on a connection that was lost: they may be committed already, or still in progress.
    Resend,
}
