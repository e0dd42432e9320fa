//! Whether the database can be worked with, asked often and by many, at little cost.

use crate::{Fault, MigrateError, connection::AnyConnection, migrations, pool::Pool};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::Mutex,
    task,
    time::{Instant, timeout_at},
};

/// What a probe found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    /// The database answers, and its schema is one that this program works with.
    Ready,
    /// It answers, but lacks migrations, or had one that this program cannot work with.
    Migrations(String),
    /// It does not answer, or not in time.
    Database(String),
}

/// Asks the database. Cloning shares the probe.
///
/// One question is asked at a time, in one thread: while a database hangs, whoever asks gives up in time, and no second
/// thread waits for it.
#[derive(Clone)]
pub struct ReadinessProbe {
    pool: Pool,
    turn: Arc<Mutex<()>>,
}

impl ReadinessProbe {
    pub(crate) fn new(pool: Pool) -> Self {
        Self { pool, turn: Arc::default() }
    }

    /// Asks, and waits no longer than `patience`.
    pub async fn check(&self, patience: Duration) -> Readiness {
        let give_up_at = Instant::now() + patience;
        let late = |_| Readiness::Database(format!("no answer within {patience:?}"));
        let turn = match timeout_at(give_up_at, Arc::clone(&self.turn).lock_owned()).await {
            Ok(turn) => turn,
            Err(elapsed) => return late(elapsed),
        };
        let pool = self.pool.clone();
        let asked = task::spawn_blocking(move || {
            // Held by the thread, which may go on long after the asker has given up.
            let _turn = turn;
            pool.run_soon(patience, ask)
        });
        match timeout_at(give_up_at, asked).await {
            Ok(Ok(Ok(readiness))) => readiness,
            Ok(Ok(Err(fault))) => unanswered(&fault),
            Ok(Err(panicked)) => unanswered(&Fault::Unknown(panicked.to_string())),
            Err(elapsed) => late(elapsed),
        }
    }
}

/// What the database says goes to the log alone.
fn unanswered(fault: &Fault) -> Readiness {
    tracing::warn!(%fault, "the database is not ready");
    Readiness::Database("no answer; the log has the cause".to_owned())
}

/// One question shows both: the versions that were run stand in the database.
fn ask(connection: &mut AnyConnection) -> Result<Readiness, Fault> {
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
