//! The readiness probe: a cheap check of whether creates can succeed.

use crate::{
    Fault, MigrateError,
    commit::{LastCommit, ProbeCreate, Submitter},
    connection::AnyConnection,
    migrations,
    pool::Pool,
    sqlite_file::DatabaseFile,
};
use gochat_domain::clock::{Clock, SystemClock};
use std::{fmt::Display, sync::Arc, time::Duration};
use tokio::{
    sync::Mutex,
    task,
    time::{Instant, timeout_at},
};

/// Time for which a commit proves that creates succeed.
const COMMIT_FRESH_FOR: Duration = Duration::from_secs(1);

/// The result of a probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    /// The database answers, has a compatible schema and accepts writes.
    Ready,
    /// The database answers, but accepts no writes in time.
    NotWritable(String),
    /// The database answers, but lacks migrations, or has one that this program does not support.
    WrongSchema(String),
    /// The database does not answer in time.
    Unreachable(String),
}

/// Checks everything that a create needs. Cloning shares the probe.
///
/// One check runs at a time: while a database hangs, callers time out, and no further check is queued.
#[derive(Clone)]
pub struct ReadinessProbe {
    pub(crate) pool: Pool,
    pub(crate) queue: Submitter,
    pub(crate) last_commit: LastCommit,
    pub(crate) file: Option<DatabaseFile>,
    pub(crate) schema_check: Arc<Mutex<()>>,
    pub(crate) write_check: Arc<Mutex<()>>,
}

impl ReadinessProbe {
    /// Checks, and waits no longer than `timeout`.
    pub async fn check(&self, timeout: Duration) -> Readiness {
        let deadline = Instant::now() + timeout;
        match timeout_at(deadline, self.check_schema()).await {
            Ok(Readiness::Ready) => {}
            Ok(finding) => return finding,
            Err(_) => return Readiness::Unreachable(format!("no answer within {timeout:?}")),
        }
        match timeout_at(deadline, self.check_writes()).await {
            Ok(Ok(())) => Readiness::Ready,
            Ok(Err(error)) => {
                tracing::warn!(error = format!("{error:#}"), "the database accepts no writes");
                Readiness::NotWritable("refused; the log has the cause".to_owned())
            }
            Err(_) => Readiness::NotWritable(format!("no write finished within {timeout:?}")),
        }
    }

    async fn check_schema(&self) -> Readiness {
        let guard = Arc::clone(&self.schema_check).lock_owned().await;
        let (pool, file) = (self.pool.clone(), self.file.clone());
        // Spawned, so that the check holds the lock until it ends, even if the caller gives up. The same holds for the
        // probe create.
        let asked = task::spawn(async move {
            let _guard = guard;
            pool.run(move |connection| ask(connection, file.as_ref())).await
        });
        match asked.await {
            Ok(Ok(readiness)) => readiness,
            Ok(Err(fault)) => unanswered(&fault),
            Err(panicked) => unanswered(&panicked),
        }
    }

    /// Sends a probe create, unless a create has just succeeded.
    async fn check_writes(&self) -> anyhow::Result<()> {
        if self.last_commit.is_within(COMMIT_FRESH_FOR) {
            return Ok(());
        }
        let guard = Arc::clone(&self.write_check).lock_owned().await;
        let queue = self.queue.clone();
        let probe = task::spawn(async move {
            let _guard = guard;
            queue.submit(ProbeCreate { at: SystemClock.now() }).await
        });
        Ok(probe.await??)
    }
}

/// The database's own message goes only to the log.
fn unanswered(cause: &dyn Display) -> Readiness {
    tracing::warn!(%cause, "the database is not ready");
    Readiness::Unreachable("no answer; the log has the cause".to_owned())
}

/// Checks that the database answers and that its schema is compatible. Also checks that a SQLite file is still the one that
/// was opened, and that no damage to it is known.
fn ask(connection: &mut AnyConnection, file: Option<&DatabaseFile>) -> Result<Readiness, Fault> {
    if let (AnyConnection::Sqlite(connection), Some(file)) = (&mut *connection, file) {
        file.check()?;
        file.check_pages(connection)?;
    }
    match migrations::check(connection) {
        Ok(()) => Ok(Readiness::Ready),
        Err(MigrateError::Pending(missing)) => Ok(Readiness::WrongSchema(format!("pending: {missing}"))),
        Err(MigrateError::DatabaseNewer { oldest, .. }) => {
            Ok(Readiness::WrongSchema(format!("need a program that knows {oldest}")))
        }
        Err(MigrateError::Fault(fault)) => Err(fault),
        Err(error) => Err(Fault::Unknown(error.to_string())),
    }
}
