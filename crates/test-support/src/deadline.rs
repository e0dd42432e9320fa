//! Waits with a timeout, for tests. A timeout panics, and names the awaited event.
#![allow(clippy::expect_used, reason = "a failed case may panic")]
#![allow(clippy::missing_panics_doc, reason = "each of these fails the case that calls it")]

mod case;
mod lines;
mod process;

pub(crate) use case::case;
pub use lines::Lines;
pub use process::{exit, output, run};

use std::{
    thread,
    time::{Duration, Instant},
};

/// The timeout of all waits, generous for slow machines.
pub const LIMIT: Duration = Duration::from_secs(60);

/// Interval between polls, which leaves processor time to the awaited code.
const POLL_INTERVAL: Duration = Duration::from_millis(1);

/// Polls until `poll` returns a value, and returns it.
///
/// # Example
/// ```
/// use gochat_test_support::deadline::eventually;
///
/// let thread = std::thread::spawn(|| ());
/// eventually("the thread ends", || thread.is_finished().then_some(()));
/// ```
#[track_caller]
pub fn eventually<T>(what: &str, poll: impl FnMut() -> Option<T>) -> T {
    poll_for(LIMIT, poll).unwrap_or_else(|| timed_out(what))
}

/// Awaits a future with a timeout, on a tokio runtime whose timer is enabled.
///
/// # Example
/// ```
/// use gochat_test_support::deadline::with_timeout;
///
/// let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
/// assert_eq!(runtime.block_on(with_timeout("a number", async { 7 })), 7);
/// ```
pub async fn with_timeout<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(LIMIT, future).await.unwrap_or_else(|_| timed_out(what))
}

/// Polls until there is a value or `limit` has elapsed; at least once.
pub(crate) fn poll_for<T>(limit: Duration, mut poll: impl FnMut() -> Option<T>) -> Option<T> {
    let start = Instant::now();
    loop {
        let value = poll();
        if value.is_some() || start.elapsed() >= limit {
            return value;
        }
        thread::sleep(POLL_INTERVAL);
    }
}

#[track_caller]
fn timed_out(what: &str) -> ! {
    panic!("timed out after {} s: {what}", LIMIT.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_comes_late_is_returned() {
        let mut polls = 0..3;
        assert_eq!(eventually("the third poll", || polls.next().filter(|poll| *poll == 2)), 2);
    }

    #[test]
    fn a_value_that_never_comes_ends_the_wait() {
        assert_eq!(poll_for(Duration::from_millis(10), || None::<()>), None);
    }

    #[test]
    #[should_panic(expected = "timed out after 60 s: nothing")]
    fn a_timeout_names_what_was_waited_for() {
        timed_out("nothing");
    }
}
