//! Progress reports on standard error: a bar on a terminal, otherwise a line from time to time.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{
    io::{self, Write},
    time::{Duration, Instant},
};

/// Longest time between two lines, as long as there is progress.
const MAX_LINE_INTERVAL: Duration = Duration::from_secs(10);
/// Interval between updates of the bar.
const BAR_INTERVAL: Duration = Duration::from_millis(100);

/// The progress of an operation.
pub(super) struct Progress {
    bar: ProgressBar,
    /// Number of steps between two lines, if there is no bar.
    line_interval: u64,
    /// True once [`Self::hide`] was called. The bar is also hidden if standard error is not a terminal.
    is_silent: bool,
    shown_at: Instant,
    shown_steps: u64,
}

impl Progress {
    /// Creates a bar up to `total`, or a spinner if the total is unknown. Without a terminal, writes a line every
    /// `line_interval` steps.
    pub(super) fn new(total: Option<u64>, line_interval: u64) -> anyhow::Result<Self> {
        let bar = match total {
            Some(total) => {
                let style = ProgressStyle::with_template("{wide_bar} {percent}% {msg}, {eta} left")?;
                ProgressBar::new(total).with_style(style)
            }
            None => ProgressBar::new_spinner()
                .with_style(ProgressStyle::with_template("{spinner} {msg}, {elapsed}")?),
        };
        if !bar.is_hidden() {
            bar.tick();
            bar.enable_steady_tick(BAR_INTERVAL);
        }
        Ok(Self { bar, line_interval, is_silent: false, shown_at: Instant::now(), shown_steps: 0 })
    }

    /// Stops showing progress, in the bar and in lines.
    pub(super) fn hide(&mut self) {
        self.bar.set_draw_target(ProgressDrawTarget::hidden());
        self.is_silent = true;
    }

    /// Records the number of completed steps, and the `position` of the bar.
    pub(super) fn reached(&mut self, steps: u64, position: u64, message: impl FnOnce() -> String) {
        if self.is_silent {
            return;
        }
        let is_bar = !self.bar.is_hidden();
        let pause = if is_bar { BAR_INTERVAL } else { MAX_LINE_INTERVAL };
        if (is_bar || steps - self.shown_steps < self.line_interval) && self.shown_at.elapsed() < pause {
            return;
        }
        (self.shown_at, self.shown_steps) = (Instant::now(), steps);
        if is_bar {
            self.bar.set_position(position);
            self.bar.set_message(message());
        } else {
            self.say(&message());
        }
    }

    /// Writes a line, above the bar if there is one.
    pub(super) fn say(&self, line: &str) {
        // A closed standard error must not stop the work.
        self.bar.suspend(|| drop(writeln!(io::stderr(), "{line}")));
    }

    /// Removes the bar, and writes a last line.
    pub(super) fn end(&self, line: &str) {
        self.end_silently();
        self.say(line);
    }

    /// Removes the bar.
    pub(super) fn end_silently(&self) {
        self.bar.finish_and_clear();
    }
}
