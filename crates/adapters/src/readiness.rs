//! Whether creates can succeed, asked often and by many, at little cost.

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

/// Time for which a commit shows that creates succeed.
const COMMIT_FRESH_FOR: Duration = Duration::from_secs(1);

/// The finding of a probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    /// The database answers, has a schema that this program works with, and takes writes.
    Ready,
    /// It answers, but takes no writes, or not in time.
    Writes(String),
    /// It answers, but lacks migrations, or had one that this program cannot work with.
    Migrations(String),
    /// It does not answer, or not in time.
    Database(String),
}

/// Asks the database what a create needs. Cloning shares the probe.
///
/// One question is asked at a time: while a database hangs, each caller gives up in time, and no second question waits.
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
    /// Asks, and waits no longer than `timeout`.
    pub async fn check(&self, timeout: Duration) -> Readiness {
        let deadline = Instant::now() + timeout;
        match timeout_at(deadline, self.check_schema()).await {
            Ok(Readiness::Ready) => {}
            Ok(finding) => return finding,
            Err(_) => return Readiness::Database(format!("no answer within {timeout:?}")),
        }
        match timeout_at(deadline, self.check_writes()).await {
            Ok(Ok(())) => Readiness::Ready,
            Ok(Err(error)) => {
                tracing::warn!(error = format!("{error:#}"), "the database takes no writes");
                Readiness::Writes("refused; the log has the cause".to_owned())
            }
            Err(_) => Readiness::Writes(format!("none ended within {timeout:?}")),
        }
    }

    async fn check_schema(&self) -> Readiness {
        let turn = Arc::clone(&self.schema_check).lock_owned().await;
        let (pool, file) = (self.pool.clone(), self.file.clone());
        // In a task of its own, as is a trial: it has its turn to its end, whoever gave up.
        let asked = task::spawn(async move {
            let _turn = turn;
            pool.run(move |connection| ask(connection, file.as_ref())).await
        });
        match asked.await {
            Ok(Ok(readiness)) => readiness,
            Ok(Err(fault)) => unanswered(&fault),
            Err(panicked) => unanswered(&panicked),
        }
    }

    /// Tries a create, unless one has just succeeded.
    async fn check_writes(&self) -> anyhow::Result<()> {
        if self.last_commit.is_within(COMMIT_FRESH_FOR) {
            return Ok(());
        }
        let turn = Arc::clone(&self.write_check).lock_owned().await;
        let queue = self.queue.clone();
        let probe = task::spawn(async move {
            let _turn = turn;
            queue.submit(ProbeCreate { at: SystemClock.now() }).await
        });
        Ok(probe.await??)
    }
}

/// The database's own words go to the log alone.
fn unanswered(cause: &dyn Display) -> Readiness {
    tracing::warn!(%cause, "the database is not ready");
    Readiness::Database("no answer; the log has the cause".to_owned())
}

/// One question shows both: the versions that were run stand in the database.
fn ask(connection: &mut AnyConnection, file: Option<&DatabaseFile>) -> Result<Readiness, Fault> {
    if let (AnyConnection::Sqlite(connection), Some(file)) = (&mut *connection, file) {
        file.check()?;
        file.check_pages(connection)?;
    }
    match migrations::check(connection) {
        Ok(()) => Ok(Readiness::Ready),
        Err(MigrateError::Pending(missing)) => Ok(Readiness::Migrations(format!("pending: {missing}"))),
        Err(MigrateError::DatabaseNewer { oldest, .. }) => {
            Ok(Readiness::Migrations(format!("need a program that knows {oldest}")))
        }
        Err(MigrateError::Fault(fault)) => Err(fault),
        Err(error) => Err(Fault::Unknown(error.to_string())),
    }
}
