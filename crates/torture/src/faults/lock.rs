//! Another program holds the lock of the database.

use super::{Fault, SQLITE};
use crate::{server::pause, trial::Trial};
use gochat_test_support::Backend;
use std::time::Duration;

pub struct Lock;

impl Fault for Lock {
    fn name(&self) -> &'static str {
        "lock"
    }

    fn about(&self) -> &'static str {
        "another program holds SQLite's write lock for 30 s (8 s in the short form): creates are 503, reads are served"
    }

    fn on(&self) -> &'static [Backend] {
        SQLITE
    }

    fn least(&self) -> Duration {
        Duration::from_secs(10)
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        let home = trial.home()?;
        let mut server = home.start()?;
        while trial.next_round(5, 1) {
            let time = Duration::from_secs(trial.by_form(30, 8));
            trial.under_load(&home, &[server.port], |load, _| {
                load.more_created(50)?;
                let mut lock = home.sql()?;
                lock.execute("BEGIN IMMEDIATE")?;
                // Commits that had the lock before are through.
                load.expect_nothing_stored(true);
                pause(time);
                load.expect_nothing_stored(false);
                lock.execute("ROLLBACK")?;
                load.more_created(20)
            })?;
            let slow = trial.tally.longest > Duration::from_secs(12);
            let longest = trial.tally.longest;
            trial.expect(!slow, || format!("an answer took {longest:?}, more than twice `database.timeout`"));
            trial.check(&home)?;
        }
        server.terminate()?;
        trial.finish(&home)
    }
}
