//! Limits how much one connection reads before its worker serves others.
//!
//! A client that sends at full speed always has bytes ready. Without a limit its task would run for long before the
//! worker looks at its other sockets, and a few such clients would use the whole processor.

use actix_web::rt::time::{Sleep, sleep};
use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

/// Bytes that a connection may read before it pauses.
const BUDGET_BYTES: usize = 64 * 1024;

/// Cost of a request in bytes, because small requests take time too.
pub(super) const REQUEST_COST: usize = 16 * 1024;

/// Pause once the budget is spent. A client that waits for its replies never pauses: the budget is refilled whenever
/// its socket is empty.
const PAUSE: Duration = Duration::from_millis(1);

/// The read budget of a connection.
pub(super) struct ReadBudget {
    left: usize,
    pause: Option<Pin<Box<Sleep>>>,
}

impl ReadBudget {
    pub(super) fn new() -> Self {
        Self { left: BUDGET_BYTES, pause: None }
    }

    /// Takes `bytes` from the budget.
    pub(super) fn spend(&mut self, bytes: usize) {
        self.left = self.left.saturating_sub(bytes);
    }

    /// Refills the budget, because the client has sent nothing more.
    pub(super) fn refill(&mut self) {
        self.left = BUDGET_BYTES;
    }

    /// Ready while budget is left, otherwise after the pause.
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
    async fn a_spent_budget_is_refilled_after_a_pause() {
        let mut budget = ReadBudget::new();
        let mut now = Context::from_waker(Waker::noop());
        budget.spend(BUDGET_BYTES - 1);
        assert!(budget.poll(&mut now).is_ready());
        budget.spend(REQUEST_COST);
        assert!(budget.poll(&mut now).is_pending());
        poll_fn(|cx| budget.poll(cx)).await;
        budget.spend(BUDGET_BYTES - 1);
        budget.refill();
        budget.spend(BUDGET_BYTES - 1);
        assert!(budget.poll(&mut now).is_ready());
    }
}
