//! Logs, on standard error. A thread of their own writes them, so that a reader that has stopped holds up nothing else.

mod batch_writer;
mod dropped_lines;
mod queue;

pub use dropped_lines::DroppedLines;

use crate::settings::{LogFormat, LogSettings};
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
    /// Starts the log; nothing is written of what is logged before. A second call in a process changes nothing.
    pub fn start(settings: LogSettings) -> Self {
        // Of no use to an operator: what the web server says of its threads, and of malformed requests, which the service
        // logs itself.
        let targets = Targets::new()
            .with_default(settings.level)
            .with_target("actix_server", settings.level.min(LevelFilter::WARN))
            .with_target("actix_http", LevelFilter::OFF);
        let queue = LogQueue::to(io::stderr());
        let layer = fmt::layer().with_writer(queue.sender()).with_ansi(io::stderr().is_terminal());
        // An error means that a test in this process was here before.
        let _already = match settings.format {
            LogFormat::Pretty => registry().with(layer.with_target(false).with_filter(targets)).try_init(),
            LogFormat::Json => {
                registry().with(layer.json().flatten_event(true).with_filter(targets)).try_init()
            }
        };
        panic::set_hook(Box::new(log_panic));
        Self(queue)
    }

    /// The lines that were lost, for the metrics.
    pub fn dropped_lines(&self) -> DroppedLines {
        self.0.dropped()
    }

    /// Writes what is left, and why the process failed where it did. A reader that has stopped holds that up for two seconds.
    pub fn end(self, failure: Option<&anyhow::Error>) {
        if let Some(failure) = failure {
            // A line that finds the queue full is counted, and nothing more can be done about it.
            let _queued = writeln!(self.0.sender(), "gochat: {failure:#}");
        }
        self.0.end();
    }
}

/// Logs a panic. What Rust does by itself is to write it to standard error at once, and to wait for the reader.
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
    fn a_panic_is_a_line_of_the_log() {
        let file = Arc::new(tempfile().unwrap());
        let lines = fmt::layer().with_ansi(false).with_writer(Arc::clone(&file));
        let before = panic::take_hook();
        panic::set_hook(Box::new(log_panic));
        let panicked = thread::spawn(|| {
            tracing::subscriber::with_default(registry().with(lines), || panic!("as a test\nasks for"));
        });
        assert!(panicked.join().is_err());
        panic::set_hook(before);
        let (mut file, mut log) = (&*file, String::new());
        file.rewind().unwrap();
        file.read_to_string(&mut log).unwrap();
        let line = log.strip_suffix('\n').unwrap();
        assert!(line.contains("ERROR gochat::telemetry: panicked at ") && !line.contains('\n'), "{log}");
        assert!(line.ends_with(": as a test asks for"), "{log}");
    }
}
