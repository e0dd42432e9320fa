//! `gochat serve`

use crate::{settings::Settings, startup::Application, telemetry::Log};
use std::process::ExitCode;

/// Serves until SIGTERM or SIGINT, and returns once requests in flight are answered. An error goes to the log, whose
/// flush has a timeout: the reader of standard error may have stopped.
pub(super) fn run(settings: &Settings) -> ExitCode {
    let log = Log::start(settings.log);
    let served = serve(settings, &log);
    log.end(served.as_ref().err());
    if served.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn serve(settings: &Settings, log: &Log) -> anyhow::Result<()> {
    actix_web::rt::System::new().block_on(async {
        let mut application = Application::build(settings, log.dropped_lines())?;
        application.announce(settings);
        application.run_until_stopped().await
    })
}
