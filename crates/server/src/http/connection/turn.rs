//! The share of one connection in the time of its worker.
//!
//! A client that sends at full speed always has something ready. Its task would go on for long before the worker looks at its
//! other sockets again.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::task::yield_now;

/// The bytes of a turn.
const BYTES: usize = 64 * 1024;

/// The cost of a request, in bytes: small ones take their time too.
pub(super) const REQUEST: usize = 16 * 1024;

/// A turn of a connection.
pub(super) struct Turn {
    left: usize,
    /// Resolves when the worker has looked at its other sockets.
    pause: Option<Pin<Box<dyn Future<Output = ()>>>>,
}

impl Turn {
    pub(super) fn new() -> Self {
        Self { left: BYTES, pause: None }
    }

    /// Notes what the turn was used for.
    pub(super) fn spend(&mut self, bytes: usize) {
        self.left = self.left.saturating_sub(bytes);
    }

    /// Ready while the turn lasts, and then when the next one begins.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.left == 0 {
            let pause = self.pause.get_or_insert_with(|| Box::pin(yield_now()));
            ready!(pause.as_mut().poll(cx));
            *self = Self::new();
        }
        Poll::Ready(())
    }
}
