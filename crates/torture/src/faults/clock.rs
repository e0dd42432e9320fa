//! The clock of the machine jumps.

use super::Fault;
use crate::{
    requirement::{self, Requirement},
    trial::Trial,
    wait::pause,
};
use std::{fs, time::Duration};

pub struct Clock;

/// Jumps of the clock: an hour ahead, some days ahead and behind, before 1970, and after 2038.
const JUMPS: [&str; 6] =
    ["+1h", "+20d", "-20d", "@1969-12-31 23:00:00", "@1960-01-01 00:00:00", "@2040-01-01 00:00:00"];

impl Fault for Clock {
    fn name(&self) -> &'static str {
        "clock"
    }

    fn about(&self) -> &'static str {
        "for 2 s the clock is wrong: an hour or 20 days ahead, 20 days behind, before 1970, or in 2040; afterwards all requests are served again"
    }

    fn requirements(&self) -> &'static [Requirement] {
        &[Requirement::Faketime]
    }

    fn is_long(&self) -> bool {
        true
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        // The task of actix-http that updates a worker's clock panics before 1970. The service expects this, and replaces the
        // worker's web server when the clock is right again.
        trial.tolerated_panic = Some("httpdate");
        let first = trial.rng.usize(..JUMPS.len());
        while trial.next_round(18, 6) {
            let jump = JUMPS[(first + trial.rounds() as usize) % JUMPS.len()];
            let deployment = trial.deployment()?;
            let time = deployment.folder().join("time");
            let deployment = deployment
                .with_setting("LD_PRELOAD", &requirement::faketime()?)
                .with_setting("FAKETIME_TIMESTAMP_FILE", &time.display().to_string())
                .with_setting("FAKETIME_NO_CACHE", "1")
                .with_setting("FAKETIME_DONT_FAKE_MONOTONIC", "1")
                // 30 days, longer than the jumps of 20 days, so that these expire no `Idempotency-Key`. Jumps by decades make keys older
                // than that, but no sweep deletes them: a server sweeps at its start, when there are no keys, and then at the earliest a
                // minute later, when the round is over.
                .with_setting("GOCHAT__IDEMPOTENCY__KEEP", "2592000s");
            fs::write(&time, "+0\n")?;
            let mut server = deployment.start()?;
            trial.under_load(&deployment, &[server.port], |load, _| {
                load.wait_for_creates(20)?;
                load.tolerate(&[408]);
                fs::write(&time, format!("{jump}\n"))?;
                pause(Duration::from_secs(2));
                fs::write(&time, "+0\n")?;
                load.end_tolerance();
                load.wait_for_creates(50)
            })?;
            let code = server.terminate()?;
            trial.expect(code == Some(0), || format!("after {jump} the server ended with {code:?}"));
            trial.finish(&deployment)?;
        }
        Ok(())
    }
}
