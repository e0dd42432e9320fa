//! The clock of the machine jumps.

use super::{Fault, SQLITE};
use crate::{
    need::{self, Need},
    server::pause,
    trial::Trial,
};
use gochat_test_support::Backend;
use std::{fs, time::Duration};

pub struct Clock;

/// Where the clock jumps to: an hour, some days, back, before 1970, and after 2038.
const JUMPS: [&str; 6] =
    ["+1h", "+20d", "-20d", "@1969-12-31 23:00:00", "@1960-01-01 00:00:00", "@2040-01-01 00:00:00"];

impl Fault for Clock {
    fn name(&self) -> &'static str {
        "clock"
    }

    fn about(&self) -> &'static str {
        "the clock jumps for 2 s: an hour, 20 days, back, before 1970, to 2040; well again with the clock"
    }

    fn needs(&self) -> &'static [Need] {
        &[Need::Faketime]
    }

    fn short_on(&self) -> &'static [Backend] {
        SQLITE
    }

    fn least(&self) -> Duration {
        Duration::from_secs(20)
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        // While the clock stands elsewhere.
        trial.excused = vec![408];
        // actix-http's task for the time of a worker panics before 1970; the worker gets a new one.
        trial.excused_panic = Some("httpdate");
        let home = trial.home()?;
        let time = home.folder().join("time");
        let home = home
            .set("LD_PRELOAD", &need::faketime()?)
            .set("FAKETIME_TIMESTAMP_FILE", &time.display().to_string())
            .set("FAKETIME_NO_CACHE", "1")
            .set("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            // No jump makes a key so old that it is swept.
            .set("GOCHAT__IDEMPOTENCY__KEEP", "2592000s");
        fs::write(&time, "+0\n")?;
        let mut server = home.start()?;
        while trial.next_round(3, 1) {
            for jump in JUMPS {
                trial.under_load(&home, &[server.port], |load, _| {
                    load.more_created(20)?;
                    fs::write(&time, format!("{jump}\n"))?;
                    pause(Duration::from_secs(2));
                    fs::write(&time, "+0\n")?;
                    load.more_created(50)
                })?;
            }
            trial.check(&home)?;
        }
        server.terminate()?;
        trial.finish(&home)
    }
}
