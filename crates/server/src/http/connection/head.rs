//! How long a client takes to send the head of a request.
//!
//! The web server looks at that for the first request of a connection alone. On any later one, a client that stops in the
//! midst of a head would hold its connection for ever.

use actix_web::rt::time::{Instant, Sleep, sleep};
use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

/// What ends a head.
const END: &[u8] = b"\r\n\r\n";

/// Watches the bytes of a connection, from its first reply on.
pub(super) struct HeadTimer {
    limit: Duration,
    deadline: Pin<Box<Sleep>>,
    is_waiting: bool,
    has_begun: bool,
    /// How many bytes of [`END`] came last.
    matched: usize,
}

impl HeadTimer {
    /// A timer that starts with the first reply.
    pub(super) fn new(limit: Duration) -> Self {
        Self { limit, deadline: Box::pin(sleep(limit)), is_waiting: false, has_begun: false, matched: 0 }
    }

    /// To be called when the client sent `bytes`.
    pub(super) fn received(&mut self, bytes: &[u8]) {
        if !self.is_waiting {
            return;
        }
        self.has_begun |= !bytes.is_empty();
        for byte in bytes {
            self.matched = match self.matched {
                matched if END[matched] == *byte => matched + 1,
                _ => usize::from(*byte == END[0]),
            };
            if self.matched == END.len() {
                self.is_waiting = false;
                return;
            }
        }
    }

    /// To be called when a reply is written: the next head may take as long as the limit says from now on.
    pub(super) fn replied(&mut self) {
        self.deadline.as_mut().reset(Instant::now() + self.limit);
        (self.is_waiting, self.has_begun, self.matched) = (true, false, 0);
    }

    /// Ready when the time is over; says whether a head had begun.
    pub(super) fn poll_over(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        if self.is_waiting { self.deadline.as_mut().poll(cx).map(|()| self.has_begun) } else { Poll::Pending }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{future::poll_fn, task::Waker};

    #[actix_web::test]
    async fn the_time_runs_from_a_reply_to_the_end_of_the_next_head() {
        let mut timer = HeadTimer::new(Duration::ZERO);
        let mut now = Context::from_waker(Waker::noop());
        assert_eq!(timer.poll_over(&mut now), Poll::Pending);
        timer.replied();
        assert!(!poll_fn(|cx| timer.poll_over(cx)).await);
        timer.replied();
        timer.received(b"GET / HTTP/1.1\r\nHost: x\r\n\r");
        assert!(poll_fn(|cx| timer.poll_over(cx)).await);
        timer.received(b"\nbody");
        assert_eq!(timer.poll_over(&mut now), Poll::Pending);
    }
}
