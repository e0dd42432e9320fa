//! Checkpoints of SQLite's write-ahead log, beside the writer instead of in its way.
//!
//! SQLite copies the log back into the database every 1,000 pages, in the commit that reaches the mark: whoever waits
//! for that commit waits for all of the copying. Here a thread of its own copies while the writer goes on. What came
//! meanwhile is little, and the writer copies it between two batches: the log starts over only when all of it is copied
//! and nobody writes (<https://sqlite.org/wal.html#ckpt>).

use crate::{
    Fault,
    connection::{Connector, Role},
};
use diesel::{SqliteConnection, connection::SimpleConnection};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
};

/// Pages that the log gets between two checkpoints: 40 MiB.
const PAGES_BETWEEN_CHECKPOINTS: usize = 10_000;

/// The pages of a commit beside one for each row: the ends of the table and of the index of UUIDs, and the last id.
const PAGES_OF_A_COMMIT: usize = 3;

/// Copies that the other thread makes before it is the writer's turn. Each time less has come meanwhile.
const BACKGROUND_PASSES: usize = 3;

/// Copies what there is, and waits for nobody.
const PASSIVE_CHECKPOINT: &str = "PRAGMA wal_checkpoint(PASSIVE)";

/// The checkpoints of one writer.
pub(super) struct Checkpoints {
    every: usize,
    pages: usize,
    request: Option<SyncSender<()>>,
    writer_is_due: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpoints {
    /// Takes the checkpoints away from `writer`, and starts the thread that makes them.
    pub(super) fn start(writer: &mut SqliteConnection, connector: &Connector) -> Result<Self, Fault> {
        Self::start_with_interval(PAGES_BETWEEN_CHECKPOINTS, writer, connector)
    }

    fn start_with_interval(
        every: usize,
        writer: &mut SqliteConnection,
        connector: &Connector,
    ) -> Result<Self, Fault> {
        writer.batch_execute("PRAGMA wal_autocheckpoint = 0")?;
        let mut connection = connector.open(Role::Writer)?;
        let writer_is_due = Arc::new(AtomicBool::new(false));
        let due = Arc::clone(&writer_is_due);
        let (request, requests) = sync_channel(1);
        let work = move || {
            for () in requests {
                for _ in 0..BACKGROUND_PASSES {
                    run(&mut *connection, PASSIVE_CHECKPOINT);
                }
                due.store(true, Ordering::Relaxed);
            }
        };
        let thread = thread::Builder::new().name("checkpoints".into()).spawn(work);
        let thread =
            thread.map_err(|error| Fault::Unavailable(format!("no thread for checkpoints: {error}")))?;
        Ok(Self { every, pages: 0, request: Some(request), writer_is_due, thread: Some(thread) })
    }

    /// To be called when `writer` has written about so many pages of rows, in one transaction.
    pub(super) fn pages_written(&mut self, pages: usize, writer: &mut SqliteConnection) {
        if self.writer_is_due.swap(false, Ordering::Relaxed) {
            run(writer, PASSIVE_CHECKPOINT);
            self.pages = 0;
        }
        let before = self.pages;
        self.pages += pages + PAGES_OF_A_COMMIT;
        if before < self.every
            && self.pages >= self.every
            && let Some(request) = &self.request
        {
            // One is asked for at a time, so there is room, unless the thread has ended. Then SQLite does it by itself.
            if request.try_send(()).is_err() {
                tracing::error!("the thread of checkpoints has ended; SQLite makes them in the writer now");
                run(writer, "PRAGMA wal_autocheckpoint = 1000");
            }
        }
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        self.request = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread of checkpoints panicked");
        }
    }
}

/// Copies what there is of the log.
pub(super) fn checkpoint(connection: &mut impl SimpleConnection) {
    run(connection, PASSIVE_CHECKPOINT);
}

/// A checkpoint that fails loses nothing: the log grows until one passes.
fn run(connection: &mut impl SimpleConnection, pragma: &str) {
    if let Err(error) = connection.batch_execute(pragma) {
        tracing::warn!(%error, "a checkpoint failed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{connection::AnyConnection, testing};
    use gochat_test_support::TestDatabase;
    use std::fs;

    /// The number that SQLite counts up each time the log starts over (<https://sqlite.org/fileformat2.html#walformat>).
    fn restarts(log: &str) -> [u8; 4] {
        fs::read(log).unwrap()[12..16].try_into().unwrap()
    }

    #[test]
    fn the_wal_restarts_while_the_writer_continues() {
        let database = TestDatabase::sqlite().unwrap();
        let connector = testing::connector(&database);
        let mut open = connector.open(Role::Writer).unwrap();
        let AnyConnection::Sqlite(writer) = &mut *open else { panic!("SQLite was asked for") };
        writer.batch_execute("CREATE TABLE numbers (number INTEGER)").unwrap();
        let mut checkpoints = Checkpoints::start_with_interval(10, writer, &connector).unwrap();
        let log = format!("{}-wal", database.url().trim_start_matches("sqlite://"));
        let first = restarts(&log);
        let mut written = 0;
        while restarts(&log) == first {
            assert!(written < 100_000, "the log never starts over");
            writer.batch_execute("INSERT INTO numbers VALUES (1)").unwrap();
            checkpoints.pages_written(1, writer);
            written += 1;
        }
        drop((checkpoints, open));
        assert_eq!(
            database.rows("SELECT CAST(count(*) AS TEXT) FROM numbers").unwrap()[0][0],
            written.to_string()
        );
    }
}
