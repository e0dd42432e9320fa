//! The queue in which requests wait for a writer, and the port to it.

use super::{
    WriterOptions,
    writer::{self, BatchStore, Job},
};
use crate::{
    Fault,
    metrics::{Live, WriterMetrics},
};
use async_trait::async_trait;
use gochat_domain::{
    group::{Created, Group, Idempotency, NewGroup},
    ports::{CreateGroupError, GroupRepository},
};
use prometheus::{Opts, Registry};
use std::{
    io,
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
    time::Duration,
};
use tokio::sync::{mpsc, oneshot};

/// The running writers. They go on until [`GroupWriters::close`], or until this is dropped.
pub struct GroupWriters {
    // The only sender that stays: when it goes, the queue is closed.
    queue: mpsc::Sender<Job>,
    threads: Vec<JoinHandle<()>>,
    timeout: Duration,
    metrics: WriterMetrics,
}

impl GroupWriters {
    /// Starts `options.writers` threads, each of which opens its store with `open`.
    pub(super) fn start(
        options: WriterOptions,
        open: impl Fn() -> Result<Box<dyn BatchStore>, Fault> + Clone + Send + 'static,
    ) -> io::Result<Self> {
        let (queue, waiting) = mpsc::channel(options.queue);
        let waiting = Arc::new(Mutex::new(waiting));
        let metrics = WriterMetrics::new().map_err(io::Error::other)?;
        let threads = (0..options.writers)
            .map(|number| {
                let (waiting, open, metrics) = (Arc::clone(&waiting), open.clone(), metrics.clone());
                thread::Builder::new()
                    .name(format!("group-writer-{number}"))
                    .spawn(move || writer::run(&waiting, options.batch, &open, &metrics))
            })
            .collect::<io::Result<_>>()?;
        Ok(Self { queue, threads, timeout: options.timeout, metrics })
    }

    /// The port to the writers.
    pub fn repository(&self) -> Arc<dyn GroupRepository> {
        Arc::new(QueuedGroups { queue: self.queue.downgrade(), timeout: self.timeout })
    }

    /// Lets `registry` read what the writers do, and how full their queue is.
    pub fn register(&self, registry: &Registry) -> prometheus::Result<()> {
        self.metrics.register(registry)?;
        let queue = self.queue.downgrade();
        Live::register(
            registry,
            Opts::new("gochat_group_queue_depth", "New groups that wait."),
            move || {
                // A queue that is closed holds nothing that anybody could still add to.
                let waiting = queue.upgrade().map_or(0, |queue| queue.max_capacity() - queue.capacity());
                waiting.try_into().unwrap_or(i64::MAX)
            },
        )?;
        let capacity = self.queue.max_capacity().try_into().unwrap_or(i64::MAX);
        let opts = Opts::new("gochat_group_queue_capacity", "The most new groups that may wait.");
        Live::register(registry, opts, move || capacity)
    }

    /// Refuses what comes from now on, writes and answers what waits, and returns when that is done. Blocks.
    pub fn close(self) {
        let Self { queue, threads, .. } = self;
        drop(queue);
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a group writer panicked while it shut down");
            }
        }
    }
}

/// Puts each group in the queue, and waits for the answer of the writer that took it.
struct QueuedGroups {
    queue: mpsc::WeakSender<Job>,
    timeout: Duration,
}

impl QueuedGroups {
    async fn write(
        &self,
        group: NewGroup,
        idempotency: Option<Idempotency>,
    ) -> Result<Created, CreateGroupError> {
        let unavailable = |reason: &str| CreateGroupError::from(Fault::Unavailable(reason.to_owned()));
        let queue = self.queue.upgrade().ok_or_else(|| unavailable("the queue of groups is closed"))?;
        let (reply, answer) = oneshot::channel();
        queue
            .try_send(Job { group, idempotency, reply })
            .map_err(|_| unavailable("the queue of groups is full"))?;
        drop(queue);
        match tokio::time::timeout(self.timeout, answer).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(unavailable("the writer of groups failed")),
            Err(_) => Err(unavailable("the database took too long")),
        }
    }
}

#[async_trait]
impl GroupRepository for QueuedGroups {
    async fn create(&self, group: NewGroup) -> Result<Group, CreateGroupError> {
        Ok(self.write(group, None).await?.group)
    }

    async fn create_once(
        &self,
        group: NewGroup,
        idempotency: Idempotency,
    ) -> Result<Created, CreateGroupError> {
        self.write(group, Some(idempotency)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::groups::writer::{Outcome, Wish, WishOutcome};
    use gochat_domain::{
        clock::{Clock, SystemClock},
        group::{AdminId, CreateGroup, GroupId, GroupName, GroupToken},
    };
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Panics at a group called `panic`.
    struct Fragile;

    impl BatchStore for Fragile {
        fn store(&mut self, groups: &[NewGroup]) -> Result<Vec<Outcome>, Fault> {
            assert!(groups.iter().all(|group| group.name.as_str() != "panic"), "no such luck");
            Ok(groups.iter().map(|_| Ok(Some(GroupId::new(1).unwrap()))).collect())
        }

        fn store_once(&mut self, _: &[Wish]) -> Result<Vec<WishOutcome>, Fault> {
            unreachable!("no case asks for once")
        }
    }

    fn group(name: &str) -> NewGroup {
        let request = CreateGroup {
            name: GroupName::parse(name).unwrap(),
            token: GroupToken::parse("t").unwrap(),
            admin_id: AdminId::new(1).unwrap(),
        };
        NewGroup::mint(request, SystemClock.now())
    }

    const OPTIONS: WriterOptions =
        WriterOptions { batch: 10, queue: 10, writers: 1, timeout: Duration::from_secs(20) };

    #[tokio::test]
    async fn a_store_that_panics_is_replaced_and_the_queue_goes_on() {
        let opened = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&opened);
        let open = move || {
            count.fetch_add(1, Ordering::SeqCst);
            Ok(Box::new(Fragile) as Box<dyn BatchStore>)
        };
        let writers = GroupWriters::start(OPTIONS, open).unwrap();
        let groups = writers.repository();
        assert!(groups.create(group("before")).await.is_ok());
        let refused = groups.create(group("panic")).await;
        assert!(
            matches!(&refused, Err(CreateGroupError::Unavailable(cause)) if cause.to_string().contains("panicked")),
            "{refused:?}"
        );
        assert!(groups.create(group("after")).await.is_ok());
        assert_eq!(opened.load(Ordering::SeqCst), 2);
        writers.close();
    }

    #[tokio::test]
    async fn a_store_that_cannot_be_opened_is_tried_again_for_the_next_batch() {
        let opened = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&opened);
        let open = move || match count.fetch_add(1, Ordering::SeqCst) {
            0 => Err(Fault::Unavailable("away".into())),
            _ => Ok(Box::new(Fragile) as Box<dyn BatchStore>),
        };
        let writers = GroupWriters::start(OPTIONS, open).unwrap();
        let groups = writers.repository();
        let refused = groups.create(group("first")).await;
        assert!(matches!(&refused, Err(CreateGroupError::Unavailable(cause)) if cause.to_string() == "away"));
        assert!(groups.create(group("second")).await.is_ok());
        writers.close();
    }
}
