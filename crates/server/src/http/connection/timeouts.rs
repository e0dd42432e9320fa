//! The timeouts of a connection.

use actix_web::rt::time::{Instant, Sleep, sleep};
use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

/// Timeouts of a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timeouts {
    /// For the first bytes of the next request.
    pub(crate) keep_alive: Duration,
    /// For the first request, for the rest of a head, and for a client to take a part of a reply.
    pub(crate) request: Duration,
    /// For a client to close, once it has the last reply.
    pub(crate) lingering_close: Duration,
}

/// A wait of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    /// For the first bytes of the first request.
    First,
    /// For the first bytes of the next request.
    Next,
    /// For the rest of a head.
    Head,
    /// For the client to take a part of a reply.
    Write,
    /// For the client to close, once it has the last reply.
    Close,
    /// The same, where the client was not served.
    CloseUnserved,
}

/// The end of the wait that is under way.
pub(super) struct Deadline {
    limits: Timeouts,
    wait: Option<Wait>,
    timer: Pin<Box<Sleep>>,
}

impl Deadline {
    pub(super) fn new(limits: Timeouts) -> Self {
        Self { limits, wait: None, timer: Box::pin(sleep(limits.request)) }
    }

    /// Begins a wait, or goes on with it where it is under way. Ready when it has lasted too long.
    pub(super) fn poll(&mut self, wait: Wait, cx: &mut Context<'_>) -> Poll<()> {
        if self.wait != Some(wait) {
            let limit = match wait {
                Wait::Next => self.limits.keep_alive,
                Wait::Close => self.limits.lingering_close,
                Wait::CloseUnserved => self.limits.lingering_close / 10,
                Wait::First | Wait::Head | Wait::Write => self.limits.request,
            };
            self.timer.as_mut().reset(Instant::now() + limit);
            self.wait = Some(wait);
        }
        self.timer.as_mut().poll(cx)
    }

    /// Ends the wait that is under way.
    pub(super) fn end(&mut self) {
        self.wait = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{future::poll_fn, task::Waker};

    #[actix_web::test]
    async fn a_wait_goes_on_until_it_ends_and_another_one_begins_anew() {
        let limits = Timeouts {
            keep_alive: Duration::ZERO,
            request: Duration::from_secs(600),
            lingering_close: Duration::ZERO,
        };
        let mut deadline = Deadline::new(limits);
        let mut now = Context::from_waker(Waker::noop());
        assert!(deadline.poll(Wait::First, &mut now).is_pending());
        poll_fn(|cx| deadline.poll(Wait::Next, cx)).await;
        assert!(deadline.poll(Wait::Head, &mut now).is_pending());
        deadline.end();
        poll_fn(|cx| deadline.poll(Wait::Next, cx)).await;
    }
}
