//! `gochat serve`

use crate::{settings::Settings, startup::Application, telemetry};

/// Serves until SIGTERM or SIGINT, and returns when what was in flight is answered.
pub(super) fn run(settings: &Settings) -> anyhow::Result<()> {
    telemetry::init(settings.log);
    let system = actix_web::rt::System::new();
    system.block_on(async {
        let application = Application::build(settings)?;
        application.announce(settings);
        application.run_until_stopped().await
    })
}
