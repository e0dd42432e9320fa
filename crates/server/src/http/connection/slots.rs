//! Limits the connections of one worker.
//!
//! At the limit, the connection that has been idle for longest is closed for a new one.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    task::{Context, Waker},
    time::{Duration, Instant},
};

/// Time for which a client that has begun to send a head is safe from eviction.
const HEAD_GRACE_PERIOD: Duration = Duration::from_secs(1);

/// The connection slots of one worker.
pub(crate) struct Slots {
    capacity: usize,
    occupied: RefCell<Vec<Rc<State>>>,
}

/// State of a connection, shared with the other connections.
#[derive(Default)]
struct State {
    /// Start of the wait for a request or for the rest of a head; `None` while a request is served.
    waiting_since: Cell<Option<Instant>>,
    has_partial_head: Cell<bool>,
    must_close: Cell<bool>,
    task: RefCell<Option<Waker>>,
}

/// The slot of a connection. Dropping it frees the slot.
pub(super) struct Slot {
    slots: Rc<Slots>,
    state: Rc<State>,
}

impl Slots {
    /// Creates `capacity` slots.
    pub(crate) fn new(capacity: usize) -> Rc<Self> {
        Rc::new(Self { capacity, occupied: RefCell::default() })
    }

    /// Takes a slot, evicting an idle connection if needed. Returns `None` if every connection is being served.
    pub(super) fn acquire(self: &Rc<Self>) -> Option<Slot> {
        if self.occupied.borrow().len() >= self.capacity && !self.evict_idlest() {
            return None;
        }
        let state = Rc::<State>::default();
        state.waiting_since.set(Some(Instant::now()));
        self.occupied.borrow_mut().push(Rc::clone(&state));
        Some(Slot { slots: Rc::clone(self), state })
    }

    /// Asks the connection that has been idle for longest to close. Its slot is free at once.
    fn evict_idlest(&self) -> bool {
        let mut occupied = self.occupied.borrow_mut();
        let waiting = occupied.iter().enumerate();
        let idlest = waiting.filter_map(|(index, state)| Some((state.idle_since()?, index))).min();
        let Some((_, index)) = idlest else { return false };
        occupied.swap_remove(index).request_close();
        true
    }

    /// Asks every connection to close: idle ones at once, others after their request.
    pub(crate) fn close_all(&self) {
        self.occupied.borrow().iter().for_each(|state| state.request_close());
    }
}

impl State {
    fn idle_since(&self) -> Option<Instant> {
        let since = self.waiting_since.get()?;
        (!self.has_partial_head.get() || since.elapsed() >= HEAD_GRACE_PERIOD).then_some(since)
    }

    fn request_close(&self) {
        self.must_close.set(true);
        if let Some(task) = self.task.borrow_mut().take() {
            task.wake();
        }
    }
}

impl Slot {
    /// Records that the connection waits for a request, or for the rest of a head if `is_head_begun`. Returns true if
    /// the connection must close.
    pub(super) fn mark_waiting(&self, is_head_begun: bool, cx: &Context<'_>) -> bool {
        let State { waiting_since, has_partial_head, must_close, task } = &*self.state;
        if waiting_since.get().is_none() || has_partial_head.get() != is_head_begun {
            waiting_since.set(Some(Instant::now()));
            has_partial_head.set(is_head_begun);
        }
        let mut task = task.borrow_mut();
        match &mut *task {
            Some(task) => task.clone_from(cx.waker()),
            None => *task = Some(cx.waker().clone()),
        }
        must_close.get()
    }

    /// Records that a request is being served.
    pub(super) fn mark_busy(&self) {
        self.state.waiting_since.set(None);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut occupied = self.slots.occupied.borrow_mut();
        if let Some(index) = occupied.iter().position(|state| Rc::ptr_eq(state, &self.state)) {
            occupied.swap_remove(index);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn must_close(slot: &Slot) -> bool {
        slot.mark_waiting(false, &Context::from_waker(Waker::noop()))
    }

    #[test]
    fn the_longest_idle_connection_is_evicted_but_never_a_busy_one() {
        let slots = Slots::new(3);
        let occupied: Vec<_> = (0..3).map(|_| slots.acquire().unwrap()).collect();
        occupied[0].mark_busy();
        let _fourth = slots.acquire().unwrap();
        assert_eq!(occupied.iter().map(must_close).collect::<Vec<_>>(), [false, true, false]);
    }

    #[test]
    fn if_all_are_busy_there_is_no_slot_until_one_closes() {
        let slots = Slots::new(2);
        let mut occupied: Vec<_> = (0..2).map(|_| slots.acquire().unwrap()).collect();
        occupied.iter().for_each(Slot::mark_busy);
        assert!(slots.acquire().is_none());
        occupied.pop();
        assert!(slots.acquire().is_some());
    }

    #[test]
    fn a_connection_that_has_just_begun_a_request_is_not_evicted() {
        let slots = Slots::new(1);
        let occupied = slots.acquire().unwrap();
        assert!(!occupied.mark_waiting(true, &Context::from_waker(Waker::noop())));
        assert!(slots.acquire().is_none());
        let long_ago = Instant::now().checked_sub(HEAD_GRACE_PERIOD).unwrap();
        occupied.state.waiting_since.set(Some(long_ago));
        assert!(slots.acquire().is_some());
        assert!(must_close(&occupied));
    }

    #[test]
    fn close_all_reaches_every_connection() {
        let slots = Slots::new(2);
        let occupied: Vec<_> = (0..2).map(|_| slots.acquire().unwrap()).collect();
        occupied[0].mark_busy();
        slots.close_all();
        assert!(occupied.iter().all(must_close));
    }
}
