//! The share of one connection in the time of its worker.
//!
//! A client that sends at full speed always has something ready. Without a bound, its task would go on for long before the worker
//! looks at its other sockets, and a few such clients would take all of the processor.

use actix_web::rt::time::{Sleep, sleep};
use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

/// The bytes of a turn.
const BYTES: usize = 64 * 1024;

/// The cost of a request, in bytes: small ones take their time too.
pub(super) const REQUEST: usize = 16 * 1024;

/// Pause between two turns. A client that waits for replies never has one: its turn ends when it has sent nothing more.
const PAUSE: Duration = Duration::from_millis(1);

/// A turn of a connection.
pub(super) struct Turn {
    left: usize,
    pause: Option<Pin<Box<Sleep>>>,
}

impl Turn {
    pub(super) fn new() -> Self {
        Self { left: BYTES, pause: None }
    }

    /// Notes what the turn was used for.
    pub(super) fn spend(&mut self, bytes: usize) {
        self.left = self.left.saturating_sub(bytes);
    }

    /// Notes that the client has sent nothing more.
    pub(super) fn end(&mut self) {
        self.left = BYTES;
    }

    /// Ready while the turn lasts, and then when the next one begins.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.left == 0 {
            let pause = self.pause.get_or_insert_with(|| Box::pin(sleep(PAUSE)));
            ready!(pause.as_mut().poll(cx));
            *self = Self::new();
        }
        Poll::Ready(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{future::poll_fn, task::Waker};

    #[actix_web::test]
    async fn a_turn_is_over_when_it_is_spent_and_the_next_one_comes_by_itself() {
        let mut turn = Turn::new();
        let mut now = Context::from_waker(Waker::noop());
        turn.spend(BYTES - 1);
        assert!(turn.poll(&mut now).is_ready());
        turn.spend(REQUEST);
        assert!(turn.poll(&mut now).is_pending());
        poll_fn(|cx| turn.poll(cx)).await;
        turn.spend(BYTES - 1);
        turn.end();
        turn.spend(BYTES - 1);
        assert!(turn.poll(&mut now).is_ready());
    }
}
