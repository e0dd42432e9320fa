//! One queue for all writes. Writes that wait at the same time share a transaction and its flush (group commit).
//!
//! ```text
//! port → Submitter::submit(write) → bounded channel → the writer takes all waiting writes
//!     Batch: one lane for each kind of write, in lock order
//!     BEGIN; lane 1; lane 2; …; COMMIT → each write is answered
//! ```
//! A new kind of write needs a type that implements [`Write`](write::Write), and a lane in [`Batch`](batch::Batch).

mod batch;
pub(crate) mod batch_lock;
mod batch_size;
mod change;
mod checkpoints;
mod create;
mod dashboard;
mod delete;
mod join;
mod key_uses;
mod keys;
mod lane;
mod last_commit;
mod leave;
mod locked_groups;
mod memberships;
mod placeholder;
mod probe_create;
mod queue;
mod quotas;
mod remembered_groups;
mod session;
pub(crate) mod sweep;
mod transaction;
mod write;
mod writer;
mod writer_threads;

pub(crate) use change::Change;
pub(crate) use create::Create;
pub(crate) use dashboard::{SESSION, SecretWrite, StoredSecret};
pub(crate) use delete::Delete;
pub(crate) use join::Join;
pub(crate) use key_uses::{MAX_USES, RecordKeyUses};
pub(crate) use keys::{InsertKey, RevokeKey};
pub(crate) use last_commit::LastCommit;
pub(crate) use leave::Leave;
pub(crate) use probe_create::ProbeCreate;
pub(crate) use queue::Submitter;
pub use queue::{CommitOptions, CommitQueue};
pub(crate) use sweep::{Sweep, SweepCursor};
