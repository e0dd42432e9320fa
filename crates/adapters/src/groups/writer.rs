//! A writer: takes all that waits, stores it in one transaction, answers each.

use crate::{Fault, metrics::WriterMetrics};
use gochat_domain::{
    group::{Group, GroupId, NewGroup},
    ports::CreateGroupError,
};
use std::{
    panic::{self, AssertUnwindSafe},
    sync::{Mutex, PoisonError},
    time::Instant,
};
use tokio::sync::{mpsc, oneshot};

/// A group that waits to be stored, and who waits for the answer.
pub(super) struct Job {
    pub(super) group: NewGroup,
    pub(super) reply: oneshot::Sender<Result<Group, CreateGroupError>>,
}

/// What became of one group of a batch: its id, or `None` where its name was taken, or the fault that was its own.
pub(super) type Outcome = Result<Option<GroupId>, Fault>;

/// Stores batches of groups, on a connection of its own.
pub(super) trait BatchStore {
    /// Stores `groups`, which are sorted by name, and returns the outcome of each, in their order, once they are
    /// durable. `Err` means that none is stored, or that nobody can tell; the store is not used again.
    fn store(&mut self, groups: &[NewGroup]) -> Result<Vec<Outcome>, Fault>;
}

/// Serves the queue until it is closed and empty.
///
/// Never waits for a batch to fill: it starts with what is there, and what comes meanwhile is the next batch.
pub(super) fn run(
    waiting: &Mutex<mpsc::Receiver<Job>>,
    batch: usize,
    open: &impl Fn() -> Result<Box<dyn BatchStore>, Fault>,
    metrics: &WriterMetrics,
) {
    let mut jobs = Vec::with_capacity(batch);
    let mut store = None;
    loop {
        let taken =
            waiting.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv_many(&mut jobs, batch);
        if taken == 0 {
            return;
        }
        // Whoever gave up needs no group; a retry would only find the name taken.
        jobs.retain(|job| !job.reply.is_closed());
        // Writers that insert the same names in the same order cannot deadlock.
        jobs.sort_by(|one, other| one.group.name.cmp(&other.group.name));
        let (groups, replies): (Vec<_>, Vec<_>) = jobs.drain(..).map(|job| (job.group, job.reply)).unzip();
        if groups.is_empty() {
            continue;
        }
        let began_at = Instant::now();
        let stored = store_batch(&mut store, &groups, open);
        metrics.batch(groups.len(), began_at.elapsed(), stored.is_ok());
        match stored {
            Ok(outcomes) => answer(groups, replies, outcomes),
            Err(fault) => {
                tracing::warn!(%fault, groups = groups.len(), "a batch of groups was not stored");
                store = None;
                for reply in replies {
                    // An error here means that the caller has gone.
                    let _gone = reply.send(Err(fault.clone().into()));
                }
            }
        }
    }
}

/// Stores a batch on the store at hand, or on a new one. A panic is a fault like any other.
fn store_batch(
    store: &mut Option<Box<dyn BatchStore>>,
    groups: &[NewGroup],
    open: &impl Fn() -> Result<Box<dyn BatchStore>, Fault>,
) -> Result<Vec<Outcome>, Fault> {
    let attempt = AssertUnwindSafe(|| match store {
        Some(store) => store.store(groups),
        None => store.insert(open()?).store(groups),
    });
    panic::catch_unwind(attempt)
        .unwrap_or_else(|_| Err(Fault::Unavailable("the writer of groups panicked".into())))
}

fn answer(
    groups: Vec<NewGroup>,
    replies: Vec<oneshot::Sender<Result<Group, CreateGroupError>>>,
    outcomes: Vec<Outcome>,
) {
    for ((group, reply), outcome) in groups.into_iter().zip(replies).zip(outcomes) {
        let answer = match outcome {
            Ok(Some(id)) => Ok(group.with_id(id)),
            Ok(None) => Err(CreateGroupError::NameTaken),
            Err(fault) => Err(fault.into()),
        };
        // An error here means that the caller has gone; the group stays.
        let _gone = reply.send(answer);
    }
}
