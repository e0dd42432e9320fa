//! The limits in time of a connection.

use actix_web::rt::time::{Instant, Sleep, sleep};
use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

/// Longest waits of a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// For the next request, between two.
    pub(crate) keep_alive: Duration,
    /// For the rest of a head, and for a client to take a part of a reply.
    pub(crate) request: Duration,
    /// For a client to read an early answer while it sends.
    pub(crate) linger: Duration,
}

/// A wait of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    /// For the first bytes of a request, where there was none before.
    First,
    /// For the first bytes of the next request.
    Next,
    /// For the rest of a head.
    Head,
    /// For the client to take a part of a reply.
    Taking,
    /// For the client to read an early answer.
    Linger,
}

/// The wait that is under way.
pub(super) struct Patience {
    limits: Limits,
    wait: Option<Wait>,
    deadline: Pin<Box<Sleep>>,
}

impl Patience {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, wait: None, deadline: Box::pin(sleep(limits.request)) }
    }

    /// Begins a wait, or goes on with it where it is under way. Ready when it has lasted too long.
    pub(super) fn poll(&mut self, wait: Wait, cx: &mut Context<'_>) -> Poll<()> {
        if self.wait != Some(wait) {
            let limit = match wait {
                Wait::Next => self.limits.keep_alive,
                Wait::Linger => self.limits.linger,
                Wait::First | Wait::Head | Wait::Taking => self.limits.request,
            };
            self.deadline.as_mut().reset(Instant::now() + limit);
            self.wait = Some(wait);
        }
        self.deadline.as_mut().poll(cx)
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
        let limits =
            Limits { keep_alive: Duration::ZERO, request: Duration::from_secs(600), linger: Duration::ZERO };
        let mut patience = Patience::new(limits);
        let mut now = Context::from_waker(Waker::noop());
        assert!(patience.poll(Wait::First, &mut now).is_pending());
        poll_fn(|cx| patience.poll(Wait::Next, cx)).await;
        assert!(patience.poll(Wait::Head, &mut now).is_pending());
        patience.end();
        poll_fn(|cx| patience.poll(Wait::Next, cx)).await;
    }
}
