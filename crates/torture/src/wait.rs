//! Waits that end with an error.

use crate::watch;
use anyhow::bail;
use std::{
    thread,
    time::{Duration, Instant},
};

/// Longest wait. A fast machine needs a tenth of it at most.
pub const LIMIT: Duration = Duration::from_secs(120);

const PAUSE: Duration = Duration::from_millis(2);

/// Polls until there is a value, and returns it; the error names what it waited for.
pub fn wait_for<T>(what: &str, poll: impl FnMut() -> anyhow::Result<Option<T>>) -> anyhow::Result<T> {
    wait_at_most(LIMIT, what, poll)
}

/// The same, for another time.
pub fn wait_at_most<T>(
    limit: Duration,
    what: &str,
    mut poll: impl FnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    watch::during(what, || {
        let started_at = Instant::now();
        loop {
            if let Some(value) = poll()? {
                return Ok(value);
            }
            if started_at.elapsed() > limit {
                bail!("waited {} s in vain: {what}", limit.as_secs());
            }
            thread::sleep(PAUSE);
        }
    })
}

/// A pause that is part of a fault.
pub fn pause(time: Duration) {
    watch::during(&format!("the end of a pause of {time:?}"), || thread::sleep(time));
}
