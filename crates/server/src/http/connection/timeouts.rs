//! The timeouts of a connection.

use actix_web::rt::time::{Instant, Sleep, sleep};
use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

/// The timeouts of a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timeouts {
    /// Wait for the next request.
    pub(crate) keep_alive: Duration,
    /// Wait for the first request, for the rest of a head, and for the client to read part of a reply.
    pub(crate) request: Duration,
    /// Wait for the client to close after the last reply.
    pub(crate) lingering_close: Duration,
}

/// A wait for the client that has a timeout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimedWait {
    /// Until the first bytes of the first request.
    FirstRequest,
    /// Until the first bytes of the next request.
    NextRequest,
    /// Until the rest of a head.
    RestOfHead,
    /// Until the client reads part of a reply.
    Reader,
    /// Until the client closes after the last reply.
    Close,
    /// Until the client closes after a 503 at the connection limit.
    CloseUnserved,
}

/// Deadline of the current wait.
pub(super) struct Deadline {
    timeouts: Timeouts,
    wait: Option<TimedWait>,
    timer: Pin<Box<Sleep>>,
}

impl Deadline {
    pub(super) fn new(timeouts: Timeouts) -> Self {
        Self { timeouts, wait: None, timer: Box::pin(sleep(timeouts.request)) }
    }

    /// Starts `wait`, or continues it if it is the current one. Ready when it has timed out.
    pub(super) fn poll(&mut self, wait: TimedWait, cx: &mut Context<'_>) -> Poll<()> {
        if self.wait != Some(wait) {
            let limit = match wait {
                TimedWait::NextRequest => self.timeouts.keep_alive,
                TimedWait::Close => self.timeouts.lingering_close,
                TimedWait::CloseUnserved => self.timeouts.lingering_close / 10,
                TimedWait::FirstRequest | TimedWait::RestOfHead | TimedWait::Reader => self.timeouts.request,
            };
            self.timer.as_mut().reset(Instant::now() + limit);
            self.wait = Some(wait);
        }
        self.timer.as_mut().poll(cx)
    }

    /// Ends the current wait.
    pub(super) fn end(&mut self) {
        self.wait = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{future::poll_fn, task::Waker};

    #[actix_web::test]
    async fn a_different_wait_restarts_the_timer() {
        let timeouts = Timeouts {
            keep_alive: Duration::ZERO,
            request: Duration::from_secs(600),
            lingering_close: Duration::ZERO,
        };
        let mut deadline = Deadline::new(timeouts);
        let mut now = Context::from_waker(Waker::noop());
        assert!(deadline.poll(TimedWait::FirstRequest, &mut now).is_pending());
        poll_fn(|cx| deadline.poll(TimedWait::NextRequest, cx)).await;
        assert!(deadline.poll(TimedWait::RestOfHead, &mut now).is_pending());
        deadline.end();
        poll_fn(|cx| deadline.poll(TimedWait::NextRequest, cx)).await;
    }
}
