//! The trait of all kinds of writes.

use crate::{Fault, connection::AnyConnection};
use gochat_domain::{group::GroupId, ports::StorageError};
use std::{cmp::Ordering, iter};

/// A kind of write that can share a transaction with others.
///
/// A write MUST NOT take effect twice: if the connection is lost, its transaction may have been committed, and the
/// write is sent again, as [`Attempt::Resend`].
pub(crate) trait Write: Send + Sized + 'static {
    /// The result in the database.
    type Outcome: Send;
    /// The answer to a successful write.
    type Answer: Send + 'static;
    /// The answer to a failed write.
    type Error: From<StorageError> + Send + 'static;

    /// Orders the writes of a lane by the rows that they lock, the same on every instance: transactions that lock in
    /// one order never deadlock.
    fn lock_order(&self, other: &Self) -> Ordering;

    /// The stored group whose row the write locks, if there is one. A batch of several kinds of writes locks the groups
    /// of all of them before it executes any.
    fn group_to_lock(&self) -> Option<GroupId> {
        None
    }

    /// Executes `writes`, which are in lock order, in the open transaction. Returns their outcomes in the same order.
    ///
    /// An error fails all of them, and the transaction is rolled back. Use few statements: read all rows by one
    /// statement, decide in the domain, store all by one statement.
    fn store(
        connection: &mut AnyConnection,
        writes: &[&Self],
        attempt: Attempt,
    ) -> Result<Vec<Self::Outcome>, Fault>;

    /// Number of WAL pages that a write with this outcome has filled, or somewhat more.
    fn pages(_: &Self::Outcome) -> usize {
        1
    }

    /// Makes the answer to a write whose outcome is committed.
    fn answer(self, outcome: Self::Outcome) -> Result<Self::Answer, Self::Error>;
}

/// The outcomes of resent writes that leave nothing in the database by which an earlier attempt could be recognised.
/// They are not executed again, so each may or may not have taken effect.
pub(super) fn unknown_outcomes<T, E: From<StorageError>>(count: usize) -> Vec<Result<T, E>> {
    let unknown = || {
        let reason = "the connection was lost, and whether the write was committed is unknown";
        Err(StorageError::from(Fault::Unavailable(reason.to_owned())).into())
    };
    iter::repeat_with(unknown).take(count).collect()
}

/// Tells whether an earlier attempt to commit a batch may have succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// The first attempt, or a retry of one that certainly committed nothing.
    First,
    /// A resend after the connection was lost: the writes may be committed already, or still in progress.
    Resend,
}
