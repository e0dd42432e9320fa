//! Logs, on standard error. A dedicated thread writes them, so that a blocked reader of standard error delays nothing
//! else.

mod batch_writer;
mod dropped_lines;
mod json_line;
mod queue;

pub use dropped_lines::DroppedLines;

use crate::settings::{LogFormat, LogSettings};
use json_line::JsonLine;
use queue::LogQueue;
use std::{
    io::{self, IsTerminal, Write},
    panic::{self, PanicHookInfo},
};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::{
    Layer, filter::Targets, fmt, layer::SubscriberExt, registry, util::SubscriberInitExt,
};

/// The log of the process.
pub struct Log(LogQueue);

impl Log {
    /// Starts the log. Events before this call are discarded. Further calls in the same process have no effect.
    pub fn start(settings: LogSettings) -> Self {
        // Suppressed: messages of the web server about its threads, and about malformed requests, which the service
        // logs itself.
        let targets = Targets::new()
            .with_default(settings.level)
            .with_target("actix_server", settings.level.min(LevelFilter::WARN))
            .with_target("actix_http", LevelFilter::OFF);
        let queue = LogQueue::to(io::stderr());
        let layer = fmt::layer().with_writer(queue.sender()).with_ansi(io::stderr().is_terminal());
        // An error means that another test in this process started the log.
        let _already = match settings.format {
            LogFormat::Pretty => registry().with(layer.with_target(false).with_filter(targets)).try_init(),
            LogFormat::Json => registry().with(layer.event_format(JsonLine).with_filter(targets)).try_init(),
        };
        panic::set_hook(Box::new(log_panic));
        Self(queue)
    }

    /// Returns the counter of dropped lines, for the metrics.
    pub fn dropped_lines(&self) -> DroppedLines {
        self.0.dropped()
    }

    /// Flushes the queue, after a line about `failure` if there is one. Waits at most two seconds for a blocked
    /// reader.
    pub fn end(self, failure: Option<&anyhow::Error>) {
        if let Some(failure) = failure {
            // If the queue is full, the line is counted as dropped.
            let _queued = writeln!(self.0.sender(), "gochat: {failure:#}");
        }
        self.0.end();
    }
}

/// Logs a panic. Rust's default hook writes to standard error directly, and would block on a reader that has stopped.
fn log_panic(panic: &PanicHookInfo<'_>) {
    tracing::error!("{}", panic.to_string().replace('\n', " "));
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        io::{Read, Seek},
        sync::Arc,
        thread,
    };
    use tempfile::tempfile;

    #[test]
    fn a_panic_is_logged_as_one_line() {
        let file = Arc::new(tempfile().unwrap());
        let lines = fmt::layer().with_ansi(false).with_writer(Arc::clone(&file));
        let before = panic::take_hook();
        panic::set_hook(Box::new(log_panic));
        let panicked = thread::spawn(|| {
            tracing::subscriber::with_default(registry().with(lines), || panic!("on\npurpose"));
        });
        assert!(panicked.join().is_err());
        panic::set_hook(before);
        let (mut file, mut log) = (&*file, String::new());
        file.rewind().unwrap();
        file.read_to_string(&mut log).unwrap();
        let line = log.strip_suffix('\n').unwrap();
        assert!(line.contains("ERROR gochat::telemetry: panicked at ") && !line.contains('\n'), "{log}");
        assert!(line.ends_with(": on purpose"), "{log}");
    }
}
