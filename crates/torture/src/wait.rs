//! Waits with a time limit.

use crate::progress;
use anyhow::bail;
use std::{
    thread,
    time::{Duration, Instant},
};

/// Longest wait. A fast machine needs at most a tenth of it.
pub const LIMIT: Duration = Duration::from_secs(120);

const PAUSE: Duration = Duration::from_millis(2);

/// Polls until there is a value. An error names what was waited for.
pub fn wait_for<T>(what: &str, poll: impl FnMut() -> anyhow::Result<Option<T>>) -> anyhow::Result<T> {
    wait_at_most(LIMIT, what, poll)
}

/// Polls with another time limit.
pub fn wait_at_most<T>(
    limit: Duration,
    what: &str,
    mut poll: impl FnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    progress::waiting_for(what, || {
        let started_at = Instant::now();
        loop {
            if let Some(value) = poll()? {
                return Ok(value);
            }
            if started_at.elapsed() > limit {
                bail!("waited {} s in vain for: {what}", limit.as_secs());
            }
            thread::sleep(PAUSE);
        }
    })
}

/// Sleeps as part of a fault.
pub fn pause(time: Duration) {
    progress::waiting_for(&format!("the end of a pause of {time:?}"), || thread::sleep(time));
}
