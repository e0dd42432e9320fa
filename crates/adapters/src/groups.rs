//! Groups in a database: requests meet in a queue, and share a transaction with whoever waits beside them.

mod batch_lock;
mod insert;
mod queue;
mod reader;
mod sweep;
mod writer;

pub use queue::GroupWriters;
pub(crate) use reader::DieselGroupReader;
pub use sweep::IdempotencySweeper;

use crate::connection::Connector;
use std::time::Duration;

/// How groups are written.
#[derive(Debug, Clone, Copy)]
pub struct WriterOptions {
    /// The most groups that one transaction stores.
    pub batch: usize,
    /// The most groups that wait; one more is refused at once.
    pub queue: usize,
    /// How many writers take from the queue, each with a connection of its own; SQLite has one, whatever this says.
    pub writers: usize,
    /// How long a request waits for its answer.
    pub timeout: Duration,
}

/// Starts the writers of a database.
pub(crate) fn start(connector: &Connector, options: WriterOptions) -> std::io::Result<GroupWriters> {
    let options = WriterOptions { writers: connector.writers(options.writers), ..options };
    let connector = connector.clone();
    GroupWriters::start(options, move || insert::open(&connector))
}
