//! A writer: takes all that waits, stores it in one transaction, answers each.

use crate::{Fault, metrics::WriterMetrics};
use gochat_domain::{
    group::{Created, Group, GroupId, Idempotency, NewGroup},
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
    pub(super) idempotency: Option<Idempotency>,
    pub(super) reply: Reply,
}

type Reply = oneshot::Sender<Result<Created, CreateGroupError>>;

/// What became of one group of a batch: its id, or `None` where its name was taken, or the fault that was its own.
pub(super) type Outcome = Result<Option<GroupId>, Fault>;

/// A group that is to be stored once.
pub(super) struct Wish {
    pub(super) group: NewGroup,
    pub(super) idempotency: Idempotency,
}

/// What became of a wish, or the fault that was its own.
pub(super) type WishOutcome = Result<Stored, Fault>;

/// What became of a wish.
pub(super) enum Stored {
    New(GroupId),
    /// It was asked for before.
    Before(Box<Group>),
    NameTaken,
    /// Another group was asked for before.
    KeyReused,
}

/// Stores batches of groups, on a connection of its own.
///
/// What it is given is sorted by name. It returns the outcome of each, in their order, once they are durable. `Err` means
/// that none is stored, or that nobody can tell; the store is not used again.
pub(super) trait BatchStore {
    /// Stores `groups`.
    fn store(&mut self, groups: &[NewGroup]) -> Result<Vec<Outcome>, Fault>;

    /// Stores the groups of `wishes`, but for those that were stored before.
    fn store_once(&mut self, wishes: &[Wish]) -> Result<Vec<WishOutcome>, Fault>;
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
        // Few ask for once, so they have a transaction of their own, and the others pay nothing for them.
        let (wishes, plain): (Vec<_>, Vec<_>) = jobs.drain(..).partition(|job| job.idempotency.is_some());
        let (groups, replies): (Vec<_>, Vec<_>) = plain.into_iter().map(|job| (job.group, job.reply)).unzip();
        write(&mut store, open, metrics, groups, replies, |store, groups| store.store(groups), created);
        let (wishes, replies): (Vec<_>, Vec<_>) = wishes.into_iter().filter_map(wish).unzip();
        write(
            &mut store,
            open,
            metrics,
            wishes,
            replies,
            |store, wishes| store.store_once(wishes),
            created_once,
        );
    }
}

fn wish(Job { group, idempotency, reply }: Job) -> Option<(Wish, Reply)> {
    Some((Wish { group, idempotency: idempotency? }, reply))
}

/// Stores `rows` by `work`, on the store at hand or on a new one, and answers each. A panic is a fault like any other.
fn write<R, O>(
    store: &mut Option<Box<dyn BatchStore>>,
    open: &impl Fn() -> Result<Box<dyn BatchStore>, Fault>,
    metrics: &WriterMetrics,
    rows: Vec<R>,
    replies: Vec<Reply>,
    work: impl Fn(&mut dyn BatchStore, &[R]) -> Result<Vec<O>, Fault>,
    answer: impl Fn(R, O) -> Result<Created, CreateGroupError>,
) {
    if rows.is_empty() {
        return;
    }
    let began_at = Instant::now();
    let attempt = AssertUnwindSafe(|| match store {
        Some(store) => work(&mut **store, &rows),
        None => work(&mut **store.insert(open()?), &rows),
    });
    let outcomes = panic::catch_unwind(attempt)
        .unwrap_or_else(|_| Err(Fault::Unavailable("the writer of groups panicked".into())));
    metrics.batch(rows.len(), began_at.elapsed(), outcomes.is_ok());
    // An error of `send` means that the caller has gone; the group stays.
    match outcomes {
        Ok(outcomes) => {
            for ((row, reply), outcome) in rows.into_iter().zip(replies).zip(outcomes) {
                let _gone = reply.send(answer(row, outcome));
            }
        }
        Err(fault) => {
            tracing::warn!(%fault, groups = rows.len(), "a batch of groups was not stored");
            *store = None;
            for reply in replies {
                let _gone = reply.send(Err(fault.clone().into()));
            }
        }
    }
}

fn created(group: NewGroup, outcome: Outcome) -> Result<Created, CreateGroupError> {
    let id = outcome?.ok_or(CreateGroupError::NameTaken)?;
    Ok(Created { group: group.with_id(id), replayed: false })
}

fn created_once(wish: Wish, outcome: WishOutcome) -> Result<Created, CreateGroupError> {
    match outcome? {
        Stored::New(id) => Ok(Created { group: wish.group.with_id(id), replayed: false }),
        Stored::Before(group) => Ok(Created { group: *group, replayed: true }),
        Stored::NameTaken => Err(CreateGroupError::NameTaken),
        Stored::KeyReused => Err(CreateGroupError::IdempotencyKeyReused),
    }
}
