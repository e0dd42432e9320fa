//! `gochat serve`

use crate::{settings::Settings, startup::Application, telemetry};
use std::mem;

/// Serves until SIGTERM or SIGINT, and returns when what was in flight is answered.
pub(super) fn run(settings: &Settings) -> anyhow::Result<()> {
    telemetry::init(settings.log);
    let system = actix_web::rt::System::new();
    let served = system.block_on(async {
        let application = Application::build(settings)?;
        application.announce(settings);
        application.run_until_stopped().await
    });
    // To drop it is to wait for whatever still waits for a database, however long that takes. The process ends here anyway.
    mem::forget(system);
    served
}
