//! The stop: told by a signal, announced for a while, and over within a bound.

use actix_web::rt::{
    signal::unix::{Signal, SignalKind, signal},
    time::timeout,
};
use anyhow::Context;
use gochat_adapters::CommitQueue;
use std::{
    future, io,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    task::Poll,
    thread,
    time::{Duration, Instant},
};

/// What the writers get at least, so that a healthy database is not taken for one that does not answer when requests in
/// flight needed all the time.
const LEAST: Duration = Duration::from_secs(1);

/// The time from the close of the public listener to the end of the writers.
#[derive(Clone)]
pub(super) struct Budget {
    whole: Duration,
    closed_at: Arc<OnceLock<Instant>>,
}

impl Budget {
    pub(super) fn new(whole: Duration) -> Self {
        Self { whole, closed_at: Arc::default() }
    }

    /// Starts the clock.
    fn start(&self) {
        self.closed_at.get_or_init(Instant::now);
    }

    /// What is left of the time, and never less than [`LEAST`].
    pub(super) fn left(&self) -> Duration {
        let spent = self.closed_at.get().map_or(Duration::ZERO, Instant::elapsed);
        self.whole.saturating_sub(spent).max(LEAST)
    }
}

/// Resolves when the public listener is to close: `delay` after SIGTERM or SIGINT, or at the second one. `announced` turns
/// true at the first, and `budget` starts with the close. This call installs the handlers.
pub(super) fn signalled(
    delay: Duration,
    announced: Arc<AtomicBool>,
    budget: Budget,
) -> io::Result<impl Future<Output = ()> + Send> {
    let mut signals = [signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?];
    Ok(async move {
        next(&mut signals).await;
        announced.store(true, Ordering::SeqCst);
        if !delay.is_zero() {
            tracing::info!(
                "shutting down in {delay:?}: /readyz says so from now on; a second signal does it at once"
            );
            let _over = timeout(delay, next(&mut signals)).await;
        }
        budget.start();
    })
}

/// Has a write beyond a limit of file sizes (`ulimit -f`) fail, as one to a full disk does. By default its signal ends the process.
pub(super) fn outlive_file_limits() -> io::Result<()> {
    // The handler stays when this value is dropped.
    signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw())).map(drop)
}

async fn next(signals: &mut [Signal]) {
    future::poll_fn(|cx| {
        let come = signals.iter_mut().any(|signal| signal.poll_recv(cx).is_ready());
        if come { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// Stores and answers what is queued, and waits for that no longer than `patience`.
pub(crate) fn close(queue: CommitQueue, patience: Duration) -> anyhow::Result<()> {
    let (close, closed) = mpsc::channel();
    thread::Builder::new().name("shutdown".into()).spawn(move || {
        queue.close();
        close.send(())
    })?;
    closed.recv_timeout(patience).context("the database does not answer; what waited may not be stored")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_requests_in_flight_took_is_not_there_for_the_writers() {
        let budget = Budget::new(Duration::from_secs(600));
        assert_eq!(budget.left(), Duration::from_secs(600));
        budget.start();
        let left = budget.left();
        assert!(left < Duration::from_secs(600));
        // A second start does not turn the clock back.
        budget.start();
        assert!(budget.left() <= left);
    }

    #[test]
    fn the_writers_have_a_second_whatever_was_spent() {
        let budget = Budget::new(Duration::ZERO);
        budget.start();
        assert_eq!(budget.left(), LEAST);
    }
}
