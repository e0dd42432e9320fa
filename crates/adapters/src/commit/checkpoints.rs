//! Checkpoints of SQLite's write-ahead log (WAL), in a thread beside the writer.
//!
//! By default SQLite checkpoints every 1,000 pages, within the commit that reaches the limit, so the callers of that
//! commit wait for the whole checkpoint. Here a background thread checkpoints while the writer continues. The writer
//! then checkpoints the few pages that were added meanwhile, between two batches: the WAL restarts only if all of it is
//! checkpointed and no connection writes (<https://sqlite.org/wal.html#ckpt>).
//!
//! SQLite flushes the database at the end of a checkpoint only if the WAL has not grown meanwhile, so under load only
//! the writer's checkpoint flushes. The background thread therefore has the database flushed too. Otherwise the writer
//! would wait while all pages of the background passes are flushed: 60 ms and more if they are scattered over a large
//! file.

use crate::{
    Fault,
    connection::{AnyConnection, Connector, Role},
    sqlite_file::DatabaseFile,
};
use diesel::{SqliteConnection, connection::SimpleConnection};
use std::{
    panic::{self, AssertUnwindSafe},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{RecvTimeoutError, SyncSender, channel, sync_channel},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

/// Pages written to the WAL between two checkpoints: 40 MiB.
const PAGES_BETWEEN_CHECKPOINTS: usize = 10_000;

/// Pages that each commit writes in addition to those estimated for its rows: the last page of the table, the last page
/// of the UUID index, and the page that stores the last id.
const PAGES_OF_A_COMMIT: usize = 3;

/// Passes of the background thread before the writer's own. Each pass has less to copy and to flush.
const BACKGROUND_PASSES: usize = 3;

/// Time between two flushes while a pass copies.
const FLUSH_INTERVAL: Duration = Duration::from_millis(2);

/// Checkpoints as much as possible without waiting for other connections.
const PASSIVE_CHECKPOINT: &str = "PRAGMA wal_checkpoint(PASSIVE)";

/// The checkpoints of one writer.
pub(super) struct Checkpoints {
    interval: usize,
    pages_since_last: usize,
    request: Option<SyncSender<()>>,
    /// True when the background passes have ended and the writer must checkpoint the rest.
    writer_is_due: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpoints {
    /// Disables automatic checkpoints on `writer`, and starts the background thread.
    pub(super) fn start(writer: &mut SqliteConnection, connector: &Connector) -> Result<Self, Fault> {
        writer.batch_execute("PRAGMA wal_autocheckpoint = 0")?;
        Self::every(PAGES_BETWEEN_CHECKPOINTS, pass(connector)?)
    }

    /// Starts a thread that runs `pass` [`BACKGROUND_PASSES`] times whenever the writer has written `interval` pages.
    fn every(interval: usize, mut pass: impl FnMut() + Send + 'static) -> Result<Self, Fault> {
        let writer_is_due = Arc::new(AtomicBool::new(false));
        let due = Arc::clone(&writer_is_due);
        let (request, requests) = sync_channel(1);
        let work = move || {
            for () in requests {
                let passes = AssertUnwindSafe(|| (0..BACKGROUND_PASSES).for_each(|_| pass()));
                if panic::catch_unwind(passes).is_err() {
                    tracing::error!("a background checkpoint panicked");
                }
                // Also after a panic: if nobody checkpointed, the WAL would grow without end.
                due.store(true, Ordering::Release);
            }
        };
        let thread = thread::Builder::new().name("checkpoints".into()).spawn(work);
        let thread = thread
            .map_err(|error| Fault::Unavailable(format!("cannot start the checkpoint thread: {error}")))?;
        Ok(Self {
            interval,
            pages_since_last: 0,
            request: Some(request),
            writer_is_due,
            thread: Some(thread),
        })
    }

    /// Must be called after each transaction of `writer`; `pages` estimates the pages that its rows filled.
    pub(super) fn after_transaction(&mut self, pages: usize, writer: &mut SqliteConnection) {
        if self.writer_is_due.swap(false, Ordering::Acquire) {
            run(writer, PASSIVE_CHECKPOINT);
            self.pages_since_last = 0;
        }
        let before = self.pages_since_last;
        self.pages_since_last += pages + PAGES_OF_A_COMMIT;
        if before < self.interval
            && self.pages_since_last >= self.interval
            && let Some(request) = &self.request
        {
            // The channel has room, because the writer was due only after the thread had taken the previous request.
            if let Err(error) = request.try_send(()) {
                tracing::error!(%error, "the write-ahead log is not checkpointed");
            }
        }
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        self.request = None;
        let _ended = self.thread.take().map(JoinHandle::join);
    }
}

/// Checkpoints as much of the WAL as possible.
pub(super) fn checkpoint(connection: &mut impl SimpleConnection) {
    run(connection, PASSIVE_CHECKPOINT);
}

/// Returns the pass of the background thread, on a connection of its own.
fn pass(connector: &Connector) -> Result<impl FnMut() + Send + use<>, Fault> {
    let mut connection = connector.open(Role::Writer)?;
    let file = connector.file().cloned();
    Ok(move || match &file {
        Some(file) => copy_and_flush(&mut connection, file),
        None => run(&mut *connection, PASSIVE_CHECKPOINT),
    })
}

/// A failed checkpoint loses nothing: the WAL grows until one succeeds.
fn run(connection: &mut impl SimpleConnection, pragma: &str) {
    if let Err(error) = connection.batch_execute(pragma) {
        tracing::warn!(%error, "a checkpoint failed");
    }
}

/// Copies the WAL into `file` over `connection`, and flushes the file meanwhile and afterwards.
///
/// The flushes of the WAL, for which clients wait, share the device's queue with the pages of the database. One flush
/// of all pages at the end would fill that queue.
fn copy_and_flush(connection: &mut AnyConnection, file: &DatabaseFile) {
    let (copying, is_copying) = channel::<()>();
    thread::scope(|scope| {
        let flush_meanwhile = move || {
            // A flush that fails is repeated, and logged, once the pass has ended.
            while is_copying.recv_timeout(FLUSH_INTERVAL) == Err(RecvTimeoutError::Timeout)
                && file.flush().is_ok()
            {}
        };
        let thread = thread::Builder::new().name("flushes".into()).spawn_scoped(scope, flush_meanwhile);
        if let Err(error) = thread {
            tracing::warn!(%error, "the database is flushed only after it was checkpointed");
        }
        run(connection, PASSIVE_CHECKPOINT);
        drop(copying);
    });
    flush(file);
}

/// A failed flush loses nothing: SQLite flushes the database itself before the WAL restarts.
fn flush(file: &DatabaseFile) {
    if let Err(error) = file.flush() {
        tracing::warn!(%error, "a flush of the database failed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;
    use gochat_test_support::TestDatabase;
    use std::{fs::File, os::unix::fs::FileExt};

    /// The checkpoint sequence number, which SQLite increments when the WAL restarts (<https://sqlite.org/fileformat2.html#walformat>).
    fn restarts(log: &File) -> [u8; 4] {
        let mut number = [0; 4];
        log.read_exact_at(&mut number, 12).unwrap();
        number
    }

    /// Writes until the WAL has restarted three times: the thread must serve more than its first request.
    fn assert_the_wal_restarts(pass: impl FnOnce(&Connector) -> Box<dyn FnMut() + Send>) {
        let database = TestDatabase::sqlite().unwrap();
        let connector = testing::connector(&database);
        let mut open = connector.open(Role::Writer).unwrap();
        let AnyConnection::Sqlite(writer) = &mut *open else { panic!("SQLite was asked for") };
        writer.batch_execute("PRAGMA wal_autocheckpoint = 0").unwrap();
        writer.batch_execute("CREATE TABLE numbers (number INTEGER)").unwrap();
        let mut checkpoints = Checkpoints::every(10, pass(&connector)).unwrap();
        let log = File::open(format!("{}-wal", database.url().trim_start_matches("sqlite://"))).unwrap();
        let mut written = 0;
        for _ in 0..3 {
            let before = restarts(&log);
            while restarts(&log) == before {
                assert!(written < 10_000, "the WAL never restarts");
                writer.batch_execute("INSERT INTO numbers VALUES (1)").unwrap();
                checkpoints.after_transaction(1, writer);
                written += 1;
            }
        }
        drop((checkpoints, open));
        assert_eq!(
            database.rows("SELECT CAST(count(*) AS TEXT) FROM numbers").unwrap()[0][0],
            written.to_string()
        );
    }

    #[test]
    fn the_wal_restarts_while_the_writer_continues() {
        assert_the_wal_restarts(|connector| Box::new(pass(connector).unwrap()));
    }

    #[test]
    fn the_wal_restarts_although_each_background_pass_panics() {
        assert_the_wal_restarts(|_| Box::new(|| panic!("injected by the test")));
    }
}
