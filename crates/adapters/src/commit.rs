//! One queue for everything that changes the database: writes that wait together share a transaction and its flush.
//!
//! ```text
//! port → Submitter::submit(write) → bounded channel → the writer takes all that waits
//!     Batch: one lane a kind of write, in the order in which they take locks
//!     BEGIN; lane 1; lane 2; …; COMMIT → each write is answered
//! ```
//! A new kind of write is a file that implements [`Write`](write::Write), and a lane of [`Batch`](batch::Batch).

mod batch;
pub(crate) mod batch_lock;
mod checkpoints;
mod create;
mod keys;
mod lane;
mod last_commit;
mod probe_create;
mod queue;
mod session;
pub(crate) mod sweep;
mod write;
mod writer;
mod writer_threads;

pub(crate) use create::Create;
pub(crate) use keys::{InsertKey, RevokeKey};
pub(crate) use last_commit::LastCommit;
pub(crate) use probe_create::ProbeCreate;
pub(crate) use queue::Submitter;
pub use queue::{CommitOptions, CommitQueue};
pub(crate) use sweep::{Sweep, SweepCursor};
