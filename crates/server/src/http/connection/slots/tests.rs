use super::*;
use std::task::Waker;

fn slots(capacity: usize) -> Slots {
    Slots::of_new_worker(&ConnectionLimit::new(capacity))
}

fn must_close(slot: &Slot) -> bool {
    slot.record_wait(EvictableWait::Request, &Context::from_waker(Waker::noop()))
}

#[test]
fn the_longest_idle_connection_is_evicted_but_never_a_busy_one() {
    let slots = slots(3);
    let occupied: Vec<_> = (0..3).map(|_| slots.acquire().unwrap()).collect();
    occupied[0].mark_busy();
    let _fourth = slots.acquire().unwrap();
    assert_eq!(occupied.iter().map(must_close).collect::<Vec<_>>(), [false, true, false]);
}

#[test]
fn if_all_are_busy_there_is_no_slot_until_one_closes() {
    let slots = slots(2);
    let mut occupied: Vec<_> = (0..2).map(|_| slots.acquire().unwrap()).collect();
    occupied.iter().for_each(Slot::mark_busy);
    assert!(slots.acquire().is_none());
    occupied.pop();
    assert!(slots.acquire().is_some());
}

#[test]
fn the_workers_share_the_slots() {
    let limit = ConnectionLimit::new(2);
    let (one, other) = (Slots::of_new_worker(&limit), Slots::of_new_worker(&limit));
    let idle = one.acquire().unwrap();
    let busy = other.acquire().unwrap();
    busy.mark_busy();
    let next = other.acquire().unwrap();
    assert!(must_close(&idle));
    next.mark_busy();
    assert!(one.acquire().is_none());
    drop(idle);
    assert!(one.acquire().is_none());
    drop(busy);
    assert!(one.acquire().is_some());
}

#[test]
fn slots_are_freed_in_any_order() {
    let slots = slots(4);
    for first_closed in 0..4 {
        let mut occupied: Vec<_> = (0..4).map(|_| slots.acquire().unwrap()).collect();
        occupied.iter().for_each(Slot::mark_busy);
        occupied.remove(first_closed);
        occupied.push(slots.acquire().unwrap());
        assert!(slots.limit.occupied().iter().enumerate().all(|(at, state)| state.index.load(Relaxed) == at));
    }
    assert!(slots.limit.occupied().is_empty());
}

#[test]
fn a_connection_that_has_just_begun_a_request_is_not_evicted() {
    let slots = slots(1);
    let occupied = slots.acquire().unwrap();
    assert!(!occupied.record_wait(EvictableWait::RestOfHead, &Context::from_waker(Waker::noop())));
    assert!(slots.acquire().is_none());
    std::thread::sleep(GRACE_PERIOD);
    assert!(slots.acquire().is_some());
    assert!(must_close(&occupied));
}

#[test]
fn a_connection_whose_client_has_stopped_reading_is_evicted_after_the_grace_period() {
    let slots = slots(1);
    let occupied = slots.acquire().unwrap();
    let stops_reading = || occupied.record_wait(EvictableWait::Reader, &Context::from_waker(Waker::noop()));
    assert!(!stops_reading());
    assert!(slots.acquire().is_none());
    slots.close_all();
    assert!(!stops_reading());
    std::thread::sleep(GRACE_PERIOD);
    assert!(slots.acquire().is_some());
    assert!(stops_reading());
}

#[test]
fn close_all_reaches_every_connection_of_the_worker() {
    let slots = slots(3);
    let other = Slots::of_new_worker(&slots.limit).acquire().unwrap();
    let occupied: Vec<_> = (0..2).map(|_| slots.acquire().unwrap()).collect();
    occupied[0].mark_busy();
    slots.close_all();
    assert!(occupied.iter().all(must_close));
    assert!(!must_close(&other));
}
