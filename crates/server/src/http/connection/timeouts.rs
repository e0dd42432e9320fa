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

/// Something that a connection waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    /// The first bytes of the first request.
    First,
    /// The first bytes of the next request.
    Next,
    /// The rest of a head.
    Head,
    /// The client to read part of a reply.
    Write,
    /// The client to close after the last reply.
    Close,
    /// The client to close after a 503 at the connection limit.
    CloseUnserved,
}

/// Deadline of the current wait.
pub(super) struct Deadline {
    timeouts: Timeouts,
    wait: Option<Wait>,
    timer: Pin<Box<Sleep>>,
}

impl Deadline {
    pub(super) fn new(timeouts: Timeouts) -> Self {
        Self { timeouts, wait: None, timer: Box::pin(sleep(timeouts.request)) }
    }

    /// Starts `wait`, or continues it if it is the current one. Ready when it has timed out.
    pub(super) fn poll(&mut self, wait: Wait, cx: &mut Context<'_>) -> Poll<()> {
        if self.wait != Some(wait) {
            let limit = match wait {
                Wait::Next => self.timeouts.keep_alive,
                Wait::Close => self.timeouts.lingering_close,
                Wait::CloseUnserved => self.timeouts.lingering_close / 10,
                Wait::First | Wait::Head | Wait::Write => self.timeouts.request,
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
        assert!(deadline.poll(Wait::First, &mut now).is_pending());
        poll_fn(|cx| deadline.poll(Wait::Next, cx)).await;
        assert!(deadline.poll(Wait::Head, &mut now).is_pending());
        deadline.end();
        poll_fn(|cx| deadline.poll(Wait::Next, cx)).await;
    }
}
