//! The connections of one worker, of which there may be so many.
//!
//! When there is no room for a new one, the connection that has waited longest for a request makes way.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    task::{Context, Waker},
    time::Instant,
};

/// The connections of one worker.
pub(crate) struct Seats {
    most: usize,
    taken: RefCell<Vec<Rc<Occupant>>>,
}

/// A connection, as the others see it.
#[derive(Default)]
struct Occupant {
    /// Since when it has waited for a request.
    waits_since: Cell<Option<Instant>>,
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

    /// Has the connection leave that has waited longest for a request. It gives its seat up at once.
    fn dismiss_idlest(&self) -> bool {
        let mut taken = self.taken.borrow_mut();
        let waiting = taken.iter().enumerate();
        let idlest = waiting.filter_map(|(place, occupant)| Some((occupant.waits_since.get()?, place))).min();
        let Some((_, place)) = idlest else { return false };
        taken.swap_remove(place).dismiss();
        true
    }

    /// Has every connection leave that waits for a request.
    pub(crate) fn dismiss_idle(&self) {
        let mut taken = self.taken.borrow_mut();
        taken.retain(|occupant| {
            let is_idle = occupant.waits_since.get().is_some();
            if is_idle {
                occupant.dismiss();
            }
            !is_idle
        });
    }
}

impl Occupant {
    fn dismiss(&self) {
        self.must_leave.set(true);
        if let Some(task) = self.task.borrow_mut().take() {
            task.wake();
        }
    }
}

impl Seat {
    /// Notes that the connection waits for a request. Returns whether it must leave.
    pub(super) fn wait(&self, cx: &Context<'_>) -> bool {
        if self.occupant.waits_since.get().is_none() {
            self.occupant.waits_since.set(Some(Instant::now()));
        }
        let mut task = self.occupant.task.borrow_mut();
        match &mut *task {
            Some(task) => task.clone_from(cx.waker()),
            None => *task = Some(cx.waker().clone()),
        }
        self.occupant.must_leave.get()
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
        seat.wait(&Context::from_waker(Waker::noop()))
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
    fn all_that_wait_can_be_sent_away() {
        let seats = Seats::new(2);
        let taken: Vec<_> = (0..2).map(|_| seats.take().unwrap()).collect();
        taken[0].serve();
        seats.dismiss_idle();
        assert_eq!(taken.iter().map(must_leave).collect::<Vec<_>>(), [false, true]);
    }
}
