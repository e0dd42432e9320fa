//! The queue of writes.

mod groups;
mod members;

use super::{
    LastCommit,
    batch::Batch,
    lane::{HasLane, PendingWrite},
    session::{Failure, Session},
    write::Write,
    writer::{Queued, Writer},
    writer_threads::{WriterStatus, WriterThreads},
};
use crate::{
    Fault,
    connection::Connector,
    metrics::{LiveGauge, WriterMetrics},
};
use gochat_domain::{
    limits::Limits,
    ports::{GroupRepository, MemberRepository, StorageError},
};
use groups::QueuedGroups;
use members::QueuedMembers;
use prometheus::{Opts, Registry};
use std::{
    io,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};
use tokio::sync::{mpsc, oneshot};

/// Options of a queue.
#[derive(Debug, Clone, Copy)]
pub struct CommitOptions {
    /// Maximum number of writes in a transaction.
    pub batch: usize,
    /// Maximum number of waiting writes; further ones are refused at once.
    pub queue: usize,
    /// Number of writers, each with a connection of its own; SQLite always has one.
    pub writers: usize,
    /// Longest wait of a write for its answer.
    pub timeout: Duration,
    /// Limits on groups and members.
    pub limits: Limits,
}

/// The writers and their queue. They run until [`CommitQueue::close`], or until this is dropped.
pub struct CommitQueue {
    // The only strong sender: dropping it closes the queue.
    queue: mpsc::Sender<Queued>,
    threads: Arc<WriterThreads>,
    timeout: Duration,
    limits: Limits,
    metrics: WriterMetrics,
    last_commit: LastCommit,
}

impl CommitQueue {
    /// Starts the writers of the database.
    pub(crate) fn open(connector: &Connector, options: CommitOptions) -> io::Result<Self> {
        let options = CommitOptions { writers: connector.max_writers(options.writers), ..options };
        let connector = connector.clone();
        let is_concurrent = !connector.is_sqlite();
        Self::start(options, connector.stuck_after(), is_concurrent, move || Session::open(&connector))
    }

    /// Starts `options.writers` threads, each of which opens its session with `open`. A writer that works on one
    /// batch for `stuck_after` is replaced. `is_concurrent` tells whether other writers, of this instance or another
    /// one, may hold locks at the same time.
    pub(super) fn start(
        options: CommitOptions,
        stuck_after: Option<Duration>,
        is_concurrent: bool,
        open: impl Fn() -> Result<Session, Failure> + Clone + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let (queue, waiting) = mpsc::channel(options.queue);
        let waiting = Arc::new(Mutex::new(waiting));
        let metrics = WriterMetrics::new().map_err(io::Error::other)?;
        let last_commit = LastCommit::default();
        let spawn = {
            let (metrics, last_commit) = (metrics.clone(), last_commit.clone());
            move |status: Arc<WriterStatus>| {
                let waiting = Arc::clone(&waiting);
                // The writer's thread opens the session, for the first batch.
                let writer = Writer {
                    open: open.clone(),
                    batch: options.batch,
                    metrics: metrics.clone(),
                    last_commit: last_commit.clone(),
                    session: None,
                    is_concurrent,
                };
                thread::Builder::new().name("writer".into()).spawn(move || writer.run(&waiting, &status))
            }
        };
        let threads = Arc::new(WriterThreads::start(options.writers, stuck_after, Box::new(spawn))?);
        let CommitOptions { timeout, limits, .. } = options;
        Ok(Self { queue, threads, timeout, limits, metrics, last_commit })
    }

    /// The port that stores groups.
    pub fn groups(&self) -> Arc<dyn GroupRepository> {
        Arc::new(QueuedGroups { queue: self.submitter(), limits: self.limits })
    }

    /// The port that stores memberships.
    pub fn members(&self) -> Arc<dyn MemberRepository> {
        Arc::new(QueuedMembers { queue: self.submitter(), limits: self.limits })
    }

    /// The time of the last committed create.
    pub(crate) fn last_commit(&self) -> LastCommit {
        self.last_commit.clone()
    }

    /// A handle that submits writes.
    pub(crate) fn submitter(&self) -> Submitter {
        let threads = Arc::clone(&self.threads);
        Submitter { queue: self.queue.downgrade(), threads, timeout: self.timeout }
    }

    /// Registers the metrics of the writers and the queue.
    pub fn register(&self, registry: &Registry) -> prometheus::Result<()> {
        self.metrics.register(registry)?;
        let queue = self.queue.downgrade();
        LiveGauge::register(registry, Opts::new("gochat_group_queue_depth", "Waiting writes."), move || {
            // A closed queue counts as empty.
            let waiting = queue.upgrade().map_or(0, |queue| queue.max_capacity() - queue.capacity());
            waiting.try_into().unwrap_or(i64::MAX)
        })?;
        let capacity = self.queue.max_capacity().try_into().unwrap_or(i64::MAX);
        let opts = Opts::new("gochat_group_queue_capacity", "Maximum number of waiting writes.");
        LiveGauge::register(registry, opts, move || capacity)
    }

    /// Refuses new writes, commits and answers the waiting ones, and returns when that is done. Blocks.
    pub fn close(self) {
        let Self { queue, threads, .. } = self;
        drop(queue);
        threads.join();
    }
}

/// A handle that submits writes to a queue, without keeping it open. Cloning shares it.
#[derive(Clone)]
pub(crate) struct Submitter {
    queue: mpsc::WeakSender<Queued>,
    threads: Arc<WriterThreads>,
    timeout: Duration,
}

impl Submitter {
    /// Queues `write`, and waits for its answer, which is sent after the commit.
    pub(crate) async fn submit<W: Write>(&self, write: W) -> Result<W::Answer, W::Error>
    where
        Batch: HasLane<W>,
    {
        let unavailable =
            |reason: &str| W::Error::from(StorageError::from(Fault::Unavailable(reason.to_owned())));
        let queue = self.queue.upgrade().ok_or_else(|| unavailable("the queue of writes is closed"))?;
        let (reply, answer) = oneshot::channel();
        queue
            .try_send(Box::new(|batch: &mut Batch| batch.lane().push(PendingWrite { write, reply })))
            .map_err(|_| unavailable("the queue of writes is full"))?;
        drop(queue);
        match tokio::time::timeout(self.timeout, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(unavailable("the writer failed")),
            Err(_) => {
                self.threads.replace_stuck();
                Err(unavailable("the database took too long"))
            }
        }
    }
}
