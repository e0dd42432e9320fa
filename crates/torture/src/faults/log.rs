//! The log is not read, or cannot be written.

use super::Fault;
use crate::{process, trial::Trial};
use std::{fs::File, path::Path, process::Command};

pub struct LogStalled;

pub struct LogFull;

impl Fault for LogStalled {
    fn name(&self) -> &'static str {
        "log-stalled"
    }

    fn about(&self) -> &'static str {
        "standard error is a pipe that nobody reads: clients are served as before, and SIGTERM ends the server with 0"
    }

    fn is_long(&self) -> bool {
        true
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        let pipe = tempfile::tempdir_in(trial.context.base.path())?;
        let pipe = pipe.path().join("pipe");
        process::run(Command::new("mkfifo").arg(&pipe))?;
        // Opened for reading and writing, so that neither open blocks.
        let _reader = File::options().read(true).write(true).open(&pipe)?;
        run(trial, &pipe)
    }
}

impl Fault for LogFull {
    fn name(&self) -> &'static str {
        "log-full"
    }

    fn about(&self) -> &'static str {
        "standard error is `/dev/full`: clients are served as before, and SIGTERM ends the server with 0"
    }

    fn is_long(&self) -> bool {
        true
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        run(trial, Path::new("/dev/full"))
    }
}

fn run(trial: &mut Trial, log: &Path) -> anyhow::Result<()> {
    // One line per request.
    let deployment = trial.deployment()?.with_setting("GOCHAT__LOG__LEVEL", "info");
    let mut launch = deployment.launch();
    launch.log_to = Some(log.to_owned());
    while trial.next_round(5, 1) {
        let mut server = launch.start()?;
        // More than a pipe holds.
        let count = trial.by_form(5_000, 1_000);
        trial.under_load(&deployment, &[server.port], |load, _| load.wait_for_creates(count))?;
        let code = server.terminate()?;
        trial.expect(code == Some(0), || format!("the server ended with {code:?}"));
        trial.check(&deployment)?;
    }
    trial.finish(&deployment)
}
