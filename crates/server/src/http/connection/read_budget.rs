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

/// The bytes of a budget.
const BUDGET_BYTES: usize = 64 * 1024;

/// The cost of a request, in bytes: small ones take their time too.
pub(super) const REQUEST_COST: usize = 16 * 1024;

/// Pause between two turns. A client that waits for replies never has one: its budget ends when it has sent nothing more.
const PAUSE: Duration = Duration::from_millis(1);

/// A budget of a connection.
pub(super) struct ReadBudget {
    left: usize,
    pause: Option<Pin<Box<Sleep>>>,
}

impl ReadBudget {
    pub(super) fn new() -> Self {
        Self { left: BUDGET_BYTES, pause: None }
    }

    /// Notes what the budget was used for.
    pub(super) fn spend(&mut self, bytes: usize) {
        self.left = self.left.saturating_sub(bytes);
    }

    /// Notes that the client has sent nothing more.
    pub(super) fn refill(&mut self) {
        self.left = BUDGET_BYTES;
    }

    /// Ready while the budget lasts, and then when the next one begins.
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
