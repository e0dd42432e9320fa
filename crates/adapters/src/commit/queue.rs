//! The queue of writes.

mod groups;
mod members;
mod options;
mod room;

pub use options::CommitOptions;

use super::{
    LastCommit,
    batch::Batch,
    batch_size::BatchSize,
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
    ports::{GroupRepository, MemberRepository, PendingAnswer, StorageError},
};
use groups::QueuedGroups;
use members::QueuedMembers;
use prometheus::{Opts, Registry};
use room::Room;
use std::{
    future::ready,
    io,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};
use tokio::{
    sync::{OwnedSemaphorePermit, mpsc, mpsc::error::TrySendError, oneshot},
    time::timeout,
};

/// The writers and their queue. They run until [`CommitQueue::close`], or until this is dropped.
pub struct CommitQueue {
    // The only strong sender: dropping it closes the queue.
    queue: mpsc::Sender<Queued>,
    threads: Arc<WriterThreads>,
    timeout: Duration,
    limits: Limits,
    metrics: WriterMetrics,
    last_commit: LastCommit,
    room: Arc<Room>,
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
        let batch_size = Arc::new(BatchSize::up_to(options.batch));
        let room = Arc::new(Room::in_queue(options.queue, Arc::clone(&batch_size)));
        let spawn = {
            let (metrics, last_commit) = (metrics.clone(), last_commit.clone());
            move |status: Arc<WriterStatus>| {
                let waiting = Arc::clone(&waiting);
                // The writer's thread opens the session, for the first batch.
                let writer = Writer {
                    open: open.clone(),
                    batch_size: Arc::clone(&batch_size),
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
        Ok(Self { queue, threads, timeout, limits, metrics, last_commit, room })
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
        let room = Arc::clone(&self.room);
        Submitter { queue: self.queue.downgrade(), threads, timeout: self.timeout, room }
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
    room: Arc<Room>,
}

impl Submitter {
    /// Submits the write of a single request, for which streams make room.
    pub(crate) async fn submit_request<W: Write>(&self, write: W) -> Result<W::Answer, W::Error>
    where
        Batch: HasLane<W>,
    {
        self.room.record_request();
        self.submit(write).await
    }

    /// Queues `write`, and waits for its answer, which is sent after the commit.
    pub(crate) async fn submit<W: Write>(&self, write: W) -> Result<W::Answer, W::Error>
    where
        Batch: HasLane<W>,
    {
        let queue = self.queue.upgrade().ok_or_else(|| unavailable(CLOSED))?;
        let (reply, answer) = oneshot::channel();
        queue.try_send(queued(write, reply, None)).map_err(|_| unavailable(FULL))?;
        drop(queue);
        wait_for_answer(answer, self.timeout, &self.threads).await
    }

    /// Waits for room in the queue, queues `write`, and returns the answer to come.
    ///
    /// Never refuses a write because the queue is full, unless no room became free within the timeout.
    pub(crate) async fn enqueue<W: Write>(&self, write: W) -> PendingAnswer<W::Answer, W::Error>
    where
        Batch: HasLane<W>,
    {
        match self.send_when_there_is_room(write).await {
            Ok(answer) => {
                let (timeout, threads) = (self.timeout, Arc::clone(&self.threads));
                Box::pin(async move { wait_for_answer(answer, timeout, &threads).await })
            }
            Err(reason) => Box::pin(ready(Err(unavailable(reason)))),
        }
    }

    async fn send_when_there_is_room<W: Write>(
        &self,
        write: W,
    ) -> Result<oneshot::Receiver<Result<W::Answer, W::Error>>, &'static str>
    where
        Batch: HasLane<W>,
    {
        let room = timeout(self.timeout, self.room.acquire()).await.map_err(|_| FULL)?;
        let queue = self.queue.upgrade().ok_or(CLOSED)?;
        let (reply, answer) = oneshot::channel();
        match queue.try_send(queued(write, reply, room.ok())) {
            Ok(()) => {}
            Err(TrySendError::Full(write)) => {
                queue.send_timeout(write, self.timeout).await.map_err(|_| FULL)?;
            }
            Err(TrySendError::Closed(_)) => return Err(CLOSED),
        }
        Ok(answer)
    }
}

const CLOSED: &str = "the queue of writes is closed";
const FULL: &str = "the queue of writes is full";

fn unavailable<E: From<StorageError>>(reason: &str) -> E {
    StorageError::from(Fault::Unavailable(reason.to_owned())).into()
}

/// Packs a write so that it adds itself to a batch.
fn queued<W: Write>(
    write: W,
    reply: oneshot::Sender<Result<W::Answer, W::Error>>,
    room: Option<OwnedSemaphorePermit>,
) -> Queued
where
    Batch: HasLane<W>,
{
    Box::new(|batch: &mut Batch| batch.lane().push(PendingWrite { write, reply, _room: room }))
}

/// Waits for the answer to a queued write.
async fn wait_for_answer<T, E: From<StorageError>>(
    answer: oneshot::Receiver<Result<T, E>>,
    limit: Duration,
    threads: &WriterThreads,
) -> Result<T, E> {
    match timeout(limit, answer).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => Err(unavailable("the writer failed")),
        Err(_) => {
            threads.replace_stuck();
            Err(unavailable("the database took too long"))
        }
    }
}

#[cfg(test)]
mod tests;
