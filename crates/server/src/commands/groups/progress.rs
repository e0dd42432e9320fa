//! How far long work is: a bar on a terminal, a line now and then elsewhere; always on standard error.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{
    io::{self, Write},
    time::{Duration, Instant},
};

/// How long a reader of plain lines waits for the next at most, as long as there is progress.
const MAX_LINE_INTERVAL: Duration = Duration::from_secs(10);
/// How often a bar changes.
const BAR_INTERVAL: Duration = Duration::from_millis(100);

/// The progress of one piece of work.
pub(super) struct Progress {
    bar: ProgressBar,
    /// After how many steps there is a line, where there is no bar.
    line_interval: u64,
    is_hidden: bool,
    shown_at: Instant,
    shown_steps: u64,
}

impl Progress {
    /// A bar up to `total`, or one without an end, or lines `line_interval` so many steps where there is no terminal.
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
        Ok(Self { bar, line_interval, is_hidden: false, shown_at: Instant::now(), shown_steps: 0 })
    }

    /// Shows no progress any more.
    pub(super) fn hide(&mut self) {
        self.bar.set_draw_target(ProgressDrawTarget::hidden());
        self.is_hidden = true;
    }

    /// Notes that so many steps are done, which bring the bar to `position`.
    pub(super) fn reached(&mut self, steps: u64, position: u64, message: impl FnOnce() -> String) {
        if self.is_hidden {
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
        // Whoever closed standard error does not want to know; the work goes on.
        self.bar.suspend(|| drop(writeln!(io::stderr(), "{line}")));
    }

    /// Takes the bar away, and writes a last line.
    pub(super) fn end(&self, line: &str) {
        self.end_silently();
        self.say(line);
    }

    /// Takes the bar away.
    pub(super) fn end_silently(&self) {
        self.bar.finish_and_clear();
    }
}
