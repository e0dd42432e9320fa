//! One fault on one database: its rounds, its ledger, and what was wrong.

use crate::{
    home::Home,
    ledger::{Group, Ledger},
    load::{self, Load, Plan, Tally},
    tools::Tools,
    watch::Watch,
};
use anyhow::Context;
use fastrand::Rng;
use gochat_test_support::{Backend, Cluster};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// Clients of a load, unless a fault says otherwise.
pub const CLIENTS: usize = 8;

/// What a fault is given, and what it leaves.
pub struct Trial {
    pub backend: Backend,
    pub rng: Rng,
    pub tools: Arc<Tools>,
    /// When no further round begins.
    pub until: Option<Instant>,
    /// Rounds, and what was wrong.
    pub watch: Arc<Watch>,
    pub tally: Tally,
    /// Figures that a reader wants to see.
    pub notes: Vec<String>,
    ledger: Ledger,
    loads: u32,
    /// The library whose panics the fault excuses.
    pub excused_panic: Option<&'static str>,
    /// Clients of the loads.
    pub clients: usize,
}

/// A moment of a ledger.
#[derive(Debug, Clone, Copy)]
pub struct Moment(usize);

impl Trial {
    pub fn new(backend: Backend, seed: u64, tools: Arc<Tools>, until: Option<Instant>) -> Self {
        Self {
            backend,
            rng: Rng::with_seed(seed),
            tools,
            until,
            watch: Arc::default(),
            tally: Tally::default(),
            notes: Vec::new(),
            ledger: Ledger::default(),
            loads: 0,
            excused_panic: None,
            clients: CLIENTS,
        }
    }

    /// Whether another round begins, of so many in the long form and in the short one; the first always does.
    pub fn next_round(&mut self, long: u32, short: u32) -> bool {
        let most = if self.tools.is_short { short } else { long };
        let is_time = self.rounds() == 0 || self.until.is_none_or(|until| Instant::now() < until);
        let begins = self.rounds() < most && is_time;
        if begins {
            self.watch.begin_round();
        }
        begins
    }

    /// Rounds that began.
    pub fn rounds(&self) -> u32 {
        self.watch.rounds()
    }

    /// Takes the second in the short form.
    pub fn by_form<T>(&self, long: T, short: T) -> T {
        if self.tools.is_short { short } else { long }
    }

    /// A database on its backend, with its schema and a key. On PostgreSQL it is on the cluster that the trials share.
    pub fn home(&self) -> anyhow::Result<Home> {
        self.bare_home()?.with_key()
    }

    /// The same without a schema, and with the key of the API page.
    pub fn bare_home(&self) -> anyhow::Result<Home> {
        let cluster = match self.backend {
            Backend::Sqlite => None,
            Backend::Postgres => Some(self.tools.cluster()?),
        };
        Home::bare(self.backend, cluster, &self.tools.program, self.tools.base.path())
    }

    /// A database on a cluster of its own that flushes its commits.
    pub fn home_on(&self, cluster: &Cluster) -> anyhow::Result<Home> {
        self.bare_home_on(cluster)?.with_key()
    }

    /// The same without a schema, and with the key of the API page.
    pub fn bare_home_on(&self, cluster: &Cluster) -> anyhow::Result<Home> {
        Home::bare(self.backend, Some(cluster), &self.tools.program, self.tools.base.path())
    }

    /// Does something while clients send requests to these ports, and writes down the answers.
    pub fn under_load<T>(
        &mut self,
        home: &Home,
        ports: &[u16],
        work: impl FnOnce(&Load, &mut Self) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        self.loads += 1;
        let plan = Plan {
            ports: ports.to_vec(),
            key: home.key.clone(),
            clients: self.clients,
            tag: format!("g{}", self.loads),
            seed: self.rng.u64(..),
            pause: Duration::from_millis(2),
            watch: Arc::clone(&self.watch),
        };
        let (result, outcome) = load::run(&plan, |load| work(load, self));
        self.ledger.append(outcome.ledger);
        self.tally += outcome.tally;
        result
    }

    /// Holds all that was answered since the last [`Trial::forget`] against the database.
    pub fn check(&mut self, home: &Home) -> anyhow::Result<()> {
        let rows = home.stored().context("the groups cannot be read")?;
        self.compare(&self.ledger, &rows);
        Ok(())
    }

    /// Writes down where rows differ from a ledger.
    pub fn compare(&self, ledger: &Ledger, rows: &[Group]) {
        for difference in ledger.check(rows) {
            self.watch.wrong(difference.to_string());
        }
    }

    /// Looks through the logs of the servers for what must never be there.
    pub fn check_logs(&mut self, home: &Home) -> anyhow::Result<()> {
        let mut panics = home.panics()?;
        panics.retain(|place, _| self.excused_panic.is_none_or(|library| !place.contains(library)));
        for (place, count) in panics {
            self.watch.wrong(format!("{count} panics at {place}"));
        }
        Ok(())
    }

    /// Both checks, at the end of a database.
    pub fn finish(&mut self, home: &Home) -> anyhow::Result<()> {
        self.check(home)?;
        self.check_logs(home)?;
        self.forget();
        Ok(())
    }

    /// Begins a new ledger, for a new database.
    pub fn forget(&mut self) {
        self.ledger = Ledger::default();
    }

    /// The ledger as it is, for [`Trial::go_back`].
    pub fn moment(&self) -> Moment {
        Moment(self.ledger.len())
    }

    /// Goes back to the ledger of a moment, as a backup of that moment takes the place of the database.
    pub fn go_back(&mut self, moment: Moment) {
        self.ledger.truncate(moment.0);
    }

    /// Writes down what is wrong, if it is not as it should be.
    pub fn expect(&self, holds: bool, otherwise: impl FnOnce() -> String) {
        if !holds {
            self.watch.wrong(otherwise());
        }
    }

    /// Writes down a figure.
    pub fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    /// A random time between two, in milliseconds.
    pub fn millis(&mut self, least: u64, most: u64) -> Duration {
        Duration::from_millis(self.rng.u64(least..=most))
    }
}
