//! A pool of read-only connections, used in threads of their own.
//!
//! A read that finds its connection dead is retried on another one. The server may have executed it, so reads must be
//! idempotent.

mod connections;
mod look_ups;
mod manager;
mod queue;

use crate::{
    Fault,
    connection::{AnyConnection, Connector},
    metrics::LiveGauge,
    sqlite_file::DatabaseFile,
};
use connections::Connections;
use gochat_domain::group::{Group, GroupKey};
use look_ups::LookUp;
use prometheus::{Opts, Registry};
use queue::{ReadQueue, Reply, Usage, Work};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    sync::oneshot::{self, error::RecvError},
    time::timeout,
};

/// A look-up on PostgreSQL waits for look-ups that began less than this ago if the last ones took less than this, so that
/// those of many clients share few queries. A query on the same machine or network usually takes less.
const LOOK_UP_WAIT: Duration = Duration::from_millis(1);

/// Longest wait of a look-up for others while a thread is free. The others may be stuck.
const LOOK_UP_PATIENCE: Duration = Duration::from_millis(10);

/// Options of a pool.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PoolOptions {
    /// Maximum number of connections; each serves one read at a time.
    pub(crate) size: u32,
    /// Maximum number of waiting reads; further ones are refused at once.
    pub(crate) queue: usize,
    /// Timeout of a read, including its wait.
    pub(crate) timeout: Duration,
}

/// A pool of connections. Cloning shares it.
#[derive(Clone)]
pub(crate) struct Pool(Arc<Shared>);

struct Shared {
    queue: ReadQueue<LookUp>,
    reader: Arc<Reader>,
    timeout: Duration,
}

/// The part of a pool that is shared with its threads.
struct Reader {
    connections: Connections,
    file: Option<DatabaseFile>,
}

impl Pool {
    /// An empty pool; connections are opened on demand.
    pub(crate) fn new(connector: Connector, options: PoolOptions) -> Result<Self, Fault> {
        let PoolOptions { size, queue, timeout } = options;
        let threads = usize::try_from(size).unwrap_or(usize::MAX);
        let (file, stuck_after) = (connector.file().cloned(), connector.stuck_after());
        // A query on SQLite is no round trip, and its threads gain from reading at the same time.
        let look_up_wait = if connector.is_sqlite() { Duration::ZERO } else { LOOK_UP_WAIT };
        let reader = Arc::new(Reader { connections: Connections::new(connector, size)?, file });
        let of_look_ups = Arc::clone(&reader);
        let run_look_ups = Box::new(move |look_ups| look_ups::run(&of_look_ups, look_ups));
        let queue = ReadQueue::new(threads, queue, stuck_after, look_up_wait, run_look_ups);
        Ok(Self(Arc::new(Shared { queue, reader, timeout })))
    }

    /// Registers the metrics of the pool.
    pub(crate) fn register(&self, registry: &Registry) -> prometheus::Result<()> {
        let gauge = |opts, read: fn(&Shared) -> i64| {
            let shared = Arc::clone(&self.0);
            LiveGauge::register(registry, opts, move || read(&shared))
        };
        let connections = |state| {
            Opts::new("gochat_database_pool_connections", "Pooled connections, by state.")
                .const_label("state", state)
        };
        gauge(connections("idle"), |shared| shared.reader.connections.state().idle_connections.into())?;
        gauge(connections("in_use"), |shared| {
            let state = shared.reader.connections.state();
            state.connections.saturating_sub(state.idle_connections).into()
        })?;
        gauge(connections("abandoned"), |shared| shared.count(|usage| usage.replaced))?;
        let most = Opts::new("gochat_database_pool_connections_max", "Maximum number of pooled connections.");
        gauge(most, |shared| shared.reader.connections.size.into())?;
        let waiting = Opts::new("gochat_read_queue_depth", "Waiting reads.");
        gauge(waiting, |shared| shared.count(|usage| usage.waiting))?;
        let capacity = Opts::new("gochat_read_queue_capacity", "Maximum number of waiting reads.");
        gauge(capacity, |shared| shared.queue.capacity().try_into().unwrap_or(i64::MAX))
    }

    /// Runs `work` on a connection, in a thread that may block. The wait counts towards the timeout. Work is skipped
    /// if its caller is gone when its turn comes.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl Fn(&mut AnyConnection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let (sender, answer) = oneshot::channel();
        let reader = Arc::clone(&self.0.reader);
        let deadline = Instant::now() + self.0.timeout;
        let read = move || -> Reply {
            if sender.is_closed() {
                return Box::new(|| ());
            }
            let result = reader.read(deadline, work);
            Box::new(move || drop(sender.send(result)))
        };
        self.submit(Work::Read(Box::new(read)), answer).await
    }

    /// Finds a group. Look-ups that wait together share a query.
    pub(crate) async fn find_group(&self, key: GroupKey) -> Result<Option<Group>, Fault> {
        let (caller, answer) = oneshot::channel();
        let deadline = Instant::now() + self.0.timeout;
        self.submit(Work::LookUp(LookUp { key, deadline, caller }), self.run_if_delayed(answer)).await
    }

    /// Waits for the answer to a look-up. After [`LOOK_UP_PATIENCE`], takes a free thread for the look-ups that wait.
    async fn run_if_delayed<T>(&self, mut answer: oneshot::Receiver<T>) -> Result<T, RecvError> {
        if let Ok(answered) = timeout(LOOK_UP_PATIENCE, &mut answer).await {
            return answered;
        }
        self.0.queue.run_waiting();
        answer.await
    }

    async fn submit<T>(
        &self,
        work: Work<LookUp>,
        answer: impl Future<Output = Result<Result<T, Fault>, RecvError>>,
    ) -> Result<T, Fault> {
        let place = self.0.queue.submit(work)?;
        match timeout(self.0.timeout, answer).await {
            Ok(Ok(result)) => {
                place.end();
                result
            }
            Ok(Err(_)) => Err(Fault::Unknown("a read panicked".into())),
            Err(_) => {
                self.0.queue.replace_stuck(|| self.0.reader.connections.renew());
                Err(Fault::Unavailable("the database took too long".into()))
            }
        }
    }
}

impl Shared {
    fn count(&self, of: fn(Usage) -> usize) -> i64 {
        of(self.queue.usage()).try_into().unwrap_or(i64::MAX)
    }
}

impl Reader {
    fn read<T>(
        &self,
        deadline: Instant,
        work: impl Fn(&mut AnyConnection) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.connections.read(deadline, |connection| {
            work(connection).map_err(|fault| {
                let fault = fault.classified_for(connection);
                if let Some(file) = &self.file {
                    file.record_fault(&fault);
                }
                fault
            })
        })
    }
}

#[cfg(test)]
mod tests;
