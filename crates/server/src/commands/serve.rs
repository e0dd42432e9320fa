//! `gochat serve`

use crate::{settings::Settings, startup::Application, telemetry::Log};
use std::{mem, process::ExitCode};

/// Serves until SIGTERM or SIGINT, and returns when what was in flight is answered. The log tells why it failed, where it did:
/// by its bounded way, as the reader of standard error may have stopped.
pub(super) fn run(settings: &Settings) -> ExitCode {
    let log = Log::start(settings.log);
    let served = serve(settings, &log);
    log.end(served.as_ref().err());
    if served.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn serve(settings: &Settings, log: &Log) -> anyhow::Result<()> {
    let system = actix_web::rt::System::new();
    let served = system.block_on(async {
        let application = Application::build(settings, log.lost_lines())?;
        application.announce(settings);
        application.run_until_stopped().await
    });
    // To drop it is to wait for whatever still waits for a database, however long that takes. The process ends here anyway.
    mem::forget(system);
    served
}
