//! Logs, on standard error.

use crate::settings::{LogFormat, LogSettings};
use std::io::{self, IsTerminal};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::{
    Layer, filter::Targets, fmt, layer::SubscriberExt, registry, util::SubscriberInitExt,
};

/// Starts the logs of the process; whoever logs before writes nothing. A second call changes nothing.
pub fn init(settings: LogSettings) {
    // Of no use to whoever runs the service: what the web server says of its threads, and of malformed requests,
    // which the service logs itself.
    let targets = Targets::new()
        .with_default(settings.level)
        .with_target("actix_server", settings.level.min(LevelFilter::WARN))
        .with_target("actix_http", LevelFilter::OFF);
    let lines = fmt::layer().with_writer(io::stderr).with_ansi(io::stderr().is_terminal());
    // An error means that a test in this process was here before.
    let _already = match settings.format {
        LogFormat::Pretty => registry().with(lines.with_target(false).with_filter(targets)).try_init(),
        LogFormat::Json => registry().with(lines.json().flatten_event(true).with_filter(targets)).try_init(),
    };
}
