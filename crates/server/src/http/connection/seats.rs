//! The connections of one worker, up to a limit.
//!
//! At the limit, the connection that has waited longest for a request makes way for a new one.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    task::{Context, Waker},
    time::{Duration, Instant},
};

/// Time for which a client that has begun a request may keep its connection, whoever else comes.
const TIME_FOR_A_HEAD: Duration = Duration::from_secs(1);

/// The connections of one worker.
pub(crate) struct Seats {
    most: usize,
    taken: RefCell<Vec<Rc<Occupant>>>,
}

/// A connection, as the others see it.
#[derive(Default)]
struct Occupant {
    /// The start of its wait for a request, or for the rest of one.
    waits_since: Cell<Option<Instant>>,
    has_begun: Cell<bool>,
    must_leave: Cell<bool>,
    task: RefCell<Option<Waker>>,
}

/// The place of a connection among the others of its worker. Dropping it leaves.
pub(super) struct Seat {
    seats: Rc<Seats>,
    occupant: Rc<Occupant>,
}

impl Seats {
    /// Room for `most` connections.
    pub(crate) fn new(most: usize) -> Rc<Self> {
        Rc::new(Self { most, taken: RefCell::default() })
    }

    /// Takes a seat; `None` where all are taken by connections that are being served.
    pub(super) fn take(self: &Rc<Self>) -> Option<Seat> {
        if self.taken.borrow().len() >= self.most && !self.dismiss_idlest() {
            return None;
        }
        let occupant = Rc::<Occupant>::default();
        occupant.waits_since.set(Some(Instant::now()));
        self.taken.borrow_mut().push(Rc::clone(&occupant));
        Some(Seat { seats: Rc::clone(self), occupant })
    }

    /// Dismisses the connection that has waited longest for a request. Its seat is free at once, and it closes soon.
    fn dismiss_idlest(&self) -> bool {
        let mut taken = self.taken.borrow_mut();
        let waiting = taken.iter().enumerate();
        let idlest = waiting.filter_map(|(place, occupant)| Some((occupant.idle_since()?, place))).min();
        let Some((_, place)) = idlest else { return false };
        taken.swap_remove(place).dismiss();
        true
    }

    /// Dismisses every connection: an idle one at once, any other when it has been served.
    pub(crate) fn dismiss_all(&self) {
        self.taken.borrow().iter().for_each(|occupant| occupant.dismiss());
    }
}

impl Occupant {
    fn idle_since(&self) -> Option<Instant> {
        let since = self.waits_since.get()?;
        (!self.has_begun.get() || since.elapsed() >= TIME_FOR_A_HEAD).then_some(since)
    }

    fn dismiss(&self) {
        self.must_leave.set(true);
        if let Some(task) = self.task.borrow_mut().take() {
            task.wake();
        }
    }
}

impl Seat {
    /// Notes that the connection waits for a request, or for the rest of one that has `begun`. Returns whether it must close.
    pub(super) fn wait(&self, begun: bool, cx: &Context<'_>) -> bool {
        let Occupant { waits_since, has_begun, must_leave, task } = &*self.occupant;
        if waits_since.get().is_none() || has_begun.get() != begun {
            waits_since.set(Some(Instant::now()));
            has_begun.set(begun);
        }
        let mut task = task.borrow_mut();
        match &mut *task {
            Some(task) => task.clone_from(cx.waker()),
            None => *task = Some(cx.waker().clone()),
        }
        must_leave.get()
    }

    /// Notes that a request has come.
    pub(super) fn serve(&self) {
        self.occupant.waits_since.set(None);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken.borrow_mut();
        if let Some(place) = taken.iter().position(|occupant| Rc::ptr_eq(occupant, &self.occupant)) {
            taken.swap_remove(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn must_leave(seat: &Seat) -> bool {
        seat.wait(false, &Context::from_waker(Waker::noop()))
    }

    #[test]
    fn the_one_that_has_waited_longest_makes_way_and_one_that_is_served_never() {
        let seats = Seats::new(3);
        let taken: Vec<_> = (0..3).map(|_| seats.take().unwrap()).collect();
        taken[0].serve();
        let _fourth = seats.take().unwrap();
        assert_eq!(taken.iter().map(must_leave).collect::<Vec<_>>(), [false, true, false]);
    }

    #[test]
    fn where_all_are_served_there_is_no_seat_until_one_leaves() {
        let seats = Seats::new(2);
        let mut taken: Vec<_> = (0..2).map(|_| seats.take().unwrap()).collect();
        taken.iter().for_each(Seat::serve);
        assert!(seats.take().is_none());
        taken.pop();
        assert!(seats.take().is_some());
    }

    #[test]
    fn one_that_has_just_begun_a_request_does_not_make_way() {
        let seats = Seats::new(1);
        let taken = seats.take().unwrap();
        assert!(!taken.wait(true, &Context::from_waker(Waker::noop())));
        assert!(seats.take().is_none());
        let long_ago = Instant::now().checked_sub(TIME_FOR_A_HEAD).unwrap();
        taken.occupant.waits_since.set(Some(long_ago));
        assert!(seats.take().is_some());
        assert!(must_leave(&taken));
    }

    #[test]
    fn all_can_be_dismissed() {
        let seats = Seats::new(2);
        let taken: Vec<_> = (0..2).map(|_| seats.take().unwrap()).collect();
        taken[0].serve();
        seats.dismiss_all();
        assert!(taken.iter().all(must_leave));
    }
}
