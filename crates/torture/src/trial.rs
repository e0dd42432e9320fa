//! One fault on one database: its rounds, its ledger, and its failures.

use crate::{
    deployment::Deployment,
    ledger::{Group, Ledger},
    load::{self, Load, Plan, Tally},
    progress::Progress,
    run_context::RunContext,
};
use anyhow::Context;
use fastrand::Rng;
use gochat_test_support::{Backend, Cluster};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// Number of clients of a load.
const CLIENTS: usize = 8;

/// Input and results of a fault.
pub struct Trial {
    pub backend: Backend,
    pub rng: Rng,
    pub context: Arc<RunContext>,
    /// Time after which no further round begins.
    pub until: Option<Instant>,
    /// Rounds and failures.
    pub progress: Arc<Progress>,
    pub tally: Tally,
    /// Figures for the report.
    pub notes: Vec<String>,
    ledger: Ledger,
    loads: u32,
    /// A library whose panics do not count as failures of this fault.
    pub tolerated_panic: Option<&'static str>,
}

/// The state of a ledger at some time.
#[derive(Debug, Clone, Copy)]
pub struct LedgerSnapshot(usize);

impl Trial {
    pub fn new(backend: Backend, seed: u64, context: Arc<RunContext>, until: Option<Instant>) -> Self {
        Self {
            backend,
            rng: Rng::with_seed(seed),
            context,
            until,
            progress: Arc::default(),
            tally: Tally::default(),
            notes: Vec::new(),
            ledger: Ledger::default(),
            loads: 0,
            tolerated_panic: None,
        }
    }

    /// Returns whether another round begins, given the number of rounds in the long and the short form. The first round always begins.
    pub fn next_round(&mut self, long: u32, short: u32) -> bool {
        let most = if self.context.is_short { short } else { long };
        let is_time = self.rounds() == 0 || self.until.is_none_or(|until| Instant::now() < until);
        let begins = self.rounds() < most && is_time;
        if begins {
            self.progress.begin_round();
        }
        begins
    }

    /// Number of rounds that have begun.
    pub fn rounds(&self) -> u32 {
        self.progress.rounds()
    }

    /// Returns the first value in the long form, and the second in the short form.
    pub fn by_form<T>(&self, long: T, short: T) -> T {
        if self.context.is_short { short } else { long }
    }

    /// A deployment with schema and key. On PostgreSQL its database is on the shared cluster.
    pub fn deployment(&self) -> anyhow::Result<Deployment> {
        self.bare_deployment()?.with_key()
    }

    /// A deployment without schema. Its only key is the development key.
    pub fn bare_deployment(&self) -> anyhow::Result<Deployment> {
        let cluster = match self.backend {
            Backend::Sqlite => None,
            Backend::Postgres => Some(self.context.cluster()?),
        };
        Deployment::bare(self.backend, cluster, &self.context.program, self.context.base.path())
    }

    /// A deployment with schema and key on the given cluster. The cluster must flush its commits.
    pub fn deployment_on(&self, cluster: &Cluster) -> anyhow::Result<Deployment> {
        self.bare_deployment_on(cluster)?.with_key()
    }

    /// A deployment without schema on the given cluster. Its only key is the development key.
    pub fn bare_deployment_on(&self, cluster: &Cluster) -> anyhow::Result<Deployment> {
        Deployment::bare(self.backend, Some(cluster), &self.context.program, self.context.base.path())
    }

    /// Runs `work` while clients send requests to these ports, and records the answers.
    pub fn under_load<T>(
        &mut self,
        deployment: &Deployment,
        ports: &[u16],
        work: impl FnOnce(&Load, &mut Self) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        self.loads += 1;
        let plan = Plan {
            ports: ports.to_vec(),
            key: deployment.key.clone(),
            clients: CLIENTS,
            tag: format!("g{}", self.loads),
            seed: self.rng.u64(..),
            pause: Duration::from_millis(2),
            progress: Arc::clone(&self.progress),
        };
        let (result, outcome) = load::run(&plan, |load| work(load, self));
        self.ledger.append(outcome.ledger);
        self.tally += outcome.tally;
        result
    }

    /// Compares the answers since the last [`Trial::reset_ledger`] with the database.
    pub fn check(&mut self, deployment: &Deployment) -> anyhow::Result<()> {
        let rows = deployment.stored().context("the groups cannot be read")?;
        self.compare(&self.ledger, &rows);
        Ok(())
    }

    /// Records each difference between a ledger and the rows as a failure.
    pub fn compare(&self, ledger: &Ledger, rows: &[Group]) {
        for difference in ledger.check(rows) {
            self.progress.record_failure(difference.to_string());
        }
    }

    /// Records each panic in the logs of the servers as a failure, except tolerated ones.
    pub fn check_logs(&mut self, deployment: &Deployment) -> anyhow::Result<()> {
        let mut panics = deployment.panics()?;
        panics.retain(|place, _| self.tolerated_panic.is_none_or(|library| !place.contains(library)));
        for (place, count) in panics {
            self.progress.record_failure(format!("{count} panics at {place}"));
        }
        Ok(())
    }

    /// Runs [`Trial::check`] and [`Trial::check_logs`], and resets the ledger, because the database is no longer used.
    pub fn finish(&mut self, deployment: &Deployment) -> anyhow::Result<()> {
        self.check(deployment)?;
        self.check_logs(deployment)?;
        self.reset_ledger();
        Ok(())
    }

    /// Begins a new ledger, for a new database.
    pub fn reset_ledger(&mut self) {
        self.ledger = Ledger::default();
    }

    /// A snapshot of the ledger, for [`Trial::roll_back_to`].
    pub fn snapshot(&self) -> LedgerSnapshot {
        LedgerSnapshot(self.ledger.len())
    }

    /// Restores the ledger to a snapshot, because the database was restored from a backup of that time.
    pub fn roll_back_to(&mut self, snapshot: LedgerSnapshot) {
        self.ledger.truncate(snapshot.0);
    }

    /// Records a failure if the condition does not hold.
    pub fn expect(&self, holds: bool, otherwise: impl FnOnce() -> String) {
        if !holds {
            self.progress.record_failure(otherwise());
        }
    }

    /// Adds a figure to the report.
    pub fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    /// A random time between two bounds, in milliseconds.
    pub fn random_millis(&mut self, least: u64, most: u64) -> Duration {
        Duration::from_millis(self.rng.u64(least..=most))
    }
}
