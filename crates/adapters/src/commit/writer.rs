//! A writer: takes all waiting writes, commits them in one transaction, answers each.

use super::{
    LastCommit,
    batch::Batch,
    batch_size::BatchSize,
    session::{Failure, Session},
    write::Attempt,
    writer_threads::WriterStatus,
};
use crate::{Fault, backoff, metrics::WriterMetrics};
use std::{
    panic::{self, AssertUnwindSafe},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};
use tokio::sync::mpsc;

/// A queued write, which adds itself to a batch.
pub(super) type Queued = Box<dyn FnOnce(&mut Batch) + Send>;

/// One of the threads that serve the queue.
pub(super) struct Writer<O> {
    pub(super) open: O,
    /// Maximum number of writes in a transaction.
    pub(super) batch_size: Arc<BatchSize>,
    pub(super) metrics: WriterMetrics,
    pub(super) last_commit: LastCommit,
    pub(super) session: Option<Session>,
    /// True if other writers may hold locks at the same time.
    pub(super) is_concurrent: bool,
}

impl<O: Fn() -> Result<Session, Failure>> Writer<O> {
    /// Serves the queue until it is closed and empty, or until this writer is replaced.
    ///
    /// Never waits for a batch to fill: it starts with the waiting writes, and those that arrive meanwhile form the
    /// next batch.
    pub(super) fn run(mut self, waiting: &Mutex<mpsc::Receiver<Queued>>, status: &WriterStatus) {
        let mut queued = Vec::new();
        loop {
            let taken = waiting
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .blocking_recv_many(&mut queued, self.batch_size.get());
            if taken == 0 {
                return;
            }
            let mut batch = Batch::default();
            queued.drain(..).for_each(|write| write(&mut batch));
            status.begin_batch();
            let changes = if self.is_concurrent { batch.split_off_changes() } else { None };
            self.serve(&mut batch);
            if let Some(mut changes) = changes {
                self.serve(&mut changes);
            }
            if !status.end_batch() {
                return;
            }
        }
    }

    /// Commits and answers a batch. A panic counts as a failure of the batch.
    fn serve(&mut self, batch: &mut Batch) {
        let work = AssertUnwindSafe(|| {
            batch.sort();
            self.commit(batch);
        });
        if panic::catch_unwind(work).is_err() {
            self.session = None;
            batch.fail(&Fault::Unavailable("the writer panicked".into()));
        }
    }

    /// Commits a batch. While the database is unreachable, retries with backoff as long as one of the callers is
    /// waiting; each has a timeout of its own.
    fn commit(&mut self, batch: &mut Batch) {
        let mut attempt = Attempt::First;
        for delay in backoff::delays() {
            batch.drop_abandoned();
            if batch.is_empty() {
                return;
            }
            match self.try_commit(batch, attempt) {
                Ok(()) => return,
                Err(Failure::NotCommitted(fault)) => {
                    tracing::warn!(%fault, writes = batch.len(), "a batch failed");
                    self.metrics.failed_batches.inc();
                    return batch.fail(&fault);
                }
                Err(Failure::Unreachable(fault)) => {
                    tracing::warn!(%fault, writes = batch.len(), "the database is unreachable or read-only; a batch is retried");
                }
                Err(Failure::ConnectionLost(fault)) => {
                    tracing::warn!(%fault, writes = batch.len(), "the connection was lost; a batch is resent");
                    self.metrics.resent_batches.inc();
                    attempt = Attempt::Resend;
                }
            }
            thread::sleep(delay);
        }
    }

    /// Tries to commit the batch: some or all of it in one statement, the rest in a transaction. If a single write may be
    /// the cause of a failure, commits each lane separately.
    fn try_commit(&mut self, batch: &mut Batch, attempt: Attempt) -> Result<(), Failure> {
        self.session.take_if(|session| !session.is_alive());
        let session = match &mut self.session {
            Some(session) => session,
            none => none.insert((self.open)()?),
        };
        let (all_writes, mut took_in_all) = (batch.len(), Duration::ZERO);
        for commit in Batch::commits(session, attempt) {
            let (writes, began_at) = (batch.len(), Instant::now());
            match commit(batch, session, attempt) {
                Ok(mut committed) => {
                    let (pages, took) = (committed.pages(), began_at.elapsed());
                    took_in_all += took;
                    self.metrics.committed(committed.len_in_metrics(), took);
                    if committed.proves_creates_work() {
                        self.last_commit.record();
                    }
                    committed.answer();
                    session.after_transaction(pages);
                }
                Err(Failure::NotCommitted(fault)) if fault.may_be_caused_by_one_row() => {
                    tracing::warn!(%fault, writes, "a batch failed; its lanes are committed separately");
                    self.metrics.failed_batches.inc();
                    return batch.commit_lanes_separately(session, attempt);
                }
                Err(failure) => return Err(failure),
            }
            if batch.is_empty() {
                break;
            }
        }
        self.batch_size.record(all_writes, took_in_all);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        commit::{CommitOptions, CommitQueue},
        testing::migrated,
    };
    use gochat_domain::{
        limits::{Limit, Limits},
        ports::{CreateGroupError, StorageError},
        testing::new_group,
    };
    use gochat_test_support::TestDatabase;
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        time::Duration,
    };

    const OPTIONS: CommitOptions = CommitOptions {
        batch: 10,
        queue: 10,
        writers: 1,
        timeout: Duration::from_secs(20),
        limits: Limits { groups: Limit(0), groups_per_administrator: Limit(0), members_per_group: Limit(0) },
    };

    /// A queue whose writer gets the result of `first` when it first opens a session.
    fn queue(
        database: &TestDatabase,
        first: fn() -> Result<Session, Failure>,
    ) -> (CommitQueue, Arc<AtomicUsize>) {
        let connector = migrated(database);
        let opened = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&opened);
        let open = move || match count.fetch_add(1, Ordering::SeqCst) {
            0 => first(),
            _ => Session::open(&connector),
        };
        (CommitQueue::start(OPTIONS, None, false, open).unwrap(), opened)
    }

    async fn assert_first_refused_and_second_stored(queue: CommitQueue, reason: &str) {
        let groups = queue.groups();
        let refused = groups.create(new_group("first"), None).await;
        assert!(
            matches!(&refused, Err(CreateGroupError::Storage(StorageError::Unavailable(cause)))
                if cause.to_string() == reason),
            "{refused:?}"
        );
        assert!(groups.create(new_group("second"), None).await.is_ok());
        queue.close();
    }

    #[tokio::test]
    async fn a_writer_that_panics_answers_its_batch_and_continues() {
        let database = TestDatabase::sqlite().unwrap();
        let (queue, opened) = queue(&database, || panic!("injected by the test"));
        assert_first_refused_and_second_stored(queue, "the writer panicked").await;
        assert_eq!(opened.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_opened_fails_one_batch_and_is_retried_for_the_next() {
        let database = TestDatabase::sqlite().unwrap();
        let (queue, _) =
            queue(&database, || Err(Failure::NotCommitted(Fault::Unavailable("no such file".into()))));
        assert_first_refused_and_second_stored(queue, "no such file").await;
    }

    #[tokio::test]
    async fn an_unreachable_server_is_retried() {
        let database = TestDatabase::sqlite().unwrap();
        let (queue, opened) =
            queue(&database, || Err(Failure::Unreachable(Fault::Unavailable("starting up".into()))));
        assert!(queue.groups().create(new_group("g"), None).await.is_ok());
        assert_eq!(opened.load(Ordering::SeqCst), 2);
        queue.close();
    }
}
