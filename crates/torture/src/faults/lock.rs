//! Another program holds the lock of the database.

use super::{Fault, SQLITE};
use crate::{trial::Trial, wait::pause};
use gochat_test_support::Backend;
use std::{sync::atomic::Ordering, time::Duration};

pub struct Lock;

/// Longest time to an answer, also on a slow machine: twice `database.timeout`.
const LONGEST: Duration = Duration::from_secs(10);

impl Fault for Lock {
    fn name(&self) -> &'static str {
        "lock"
    }

    fn about(&self) -> &'static str {
        "another program holds SQLite's write lock for 30 s (8 s in the short form): creates are answered 503, reads are served"
    }

    fn backends(&self) -> &'static [Backend] {
        SQLITE
    }

    fn round_time(&self) -> Duration {
        Duration::from_secs(10)
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        let deployment = trial.deployment()?;
        let time = Duration::from_secs(trial.by_form(30, 8));
        super::rounds(trial, &deployment, [5, 1], |load, trial, _| {
            let mut lock = deployment.sql()?;
            lock.execute("BEGIN IMMEDIATE")?;
            // Commits that already had the lock are done.
            load.expect_nothing_stored(true);
            pause(time);
            load.expect_nothing_stored(false);
            lock.execute("ROLLBACK")?;
            let refused = load.unavailable.load(Ordering::Relaxed);
            trial.expect(refused > 0, || format!("no create was answered 503 in {time:?}"));
            Ok(())
        })?;
        let longest = trial.tally.longest;
        trial.expect(longest < LONGEST, || {
            format!("an answer took {longest:?}; the limit is twice `database.timeout`")
        });
        Ok(())
    }
}
