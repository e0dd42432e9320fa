//! Tests of look-ups, of stuck threads and of shutdown.

use super::*;
use gochat_test_support::deadline::eventually;
use std::{sync::mpsc, thread, time::Instant};

/// A queue of reads, and of look-ups that do nothing.
fn queue(threads: usize, stuck_after: Option<Duration>) -> ReadQueue<u32> {
    ReadQueue::new(threads, 10, stuck_after, Duration::ZERO, Box::new(|_| Box::new(|| ())))
}

/// A queue with two threads, where any running thread counts as stuck.
fn queue_with_stuck_threads() -> ReadQueue<u32> {
    queue(2, Some(Duration::ZERO))
}

/// A queue with one thread, and a channel that receives the look-ups of each query.
fn queue_of_look_ups(capacity: usize) -> (ReadQueue<u32>, mpsc::Receiver<Vec<u32>>) {
    let (sender, ran) = mpsc::channel();
    let run = move |look_ups| -> Reply {
        sender.send(look_ups).unwrap();
        Box::new(|| ())
    };
    (ReadQueue::new(1, capacity, None, Duration::ZERO, Box::new(run)), ran)
}

fn next(ran: &mpsc::Receiver<Vec<u32>>) -> Vec<u32> {
    eventually("look-ups run", || ran.try_recv().ok())
}

/// Submits a read that blocks until the sender is dropped.
fn block_thread(queue: &ReadQueue<u32>) -> mpsc::Sender<()> {
    let (release, released) = mpsc::channel();
    let read = move || -> Reply {
        let _disconnected: Result<(), _> = released.recv();
        Box::new(|| ())
    };
    assert!(queue.submit(Work::Read(Box::new(read))).is_ok_and(|place| place.0.is_none()));
    release
}

/// Submits a read, and returns a channel that signals its end.
fn read(queue: &ReadQueue<u32>) -> mpsc::Receiver<()> {
    let (sender, ended) = mpsc::channel();
    let read = move || -> Reply { Box::new(move || sender.send(()).unwrap()) };
    std::mem::forget(queue.submit(Work::Read(Box::new(read))).unwrap());
    ended
}

fn assert_ends(read: &mpsc::Receiver<()>) {
    eventually("the read ends", || read.try_recv().ok());
}

#[test]
fn waiting_look_ups_run_together_in_the_order_of_submission() {
    let (queue, ran) = queue_of_look_ups(10);
    let alone = queue.submit(Work::LookUp(0)).unwrap();
    assert_eq!(next(&ran), [0]);
    drop(alone);
    let busy = block_thread(&queue);
    let [_first, gone, _last] = [1, 2, 3].map(|key| queue.submit(Work::LookUp(key)).unwrap());
    let ended = read(&queue);
    let _after_the_read = queue.submit(Work::LookUp(4)).unwrap();
    drop(gone);
    assert_eq!(queue.usage(), Usage { waiting: 4, running: 1, replaced: 0 });
    drop(busy);
    assert_eq!(next(&ran), [1, 3, 4]);
    assert_ends(&ended);
    assert_eq!(queue.usage().waiting, 0);
}

#[test]
fn a_read_that_waits_longer_runs_before_look_ups() {
    let (queue, ran) = queue_of_look_ups(10);
    let busy = block_thread(&queue);
    let (release, released) = mpsc::channel::<()>();
    let second = move || -> Reply {
        let _disconnected = released.recv();
        Box::new(|| ())
    };
    let _read = queue.submit(Work::Read(Box::new(second))).unwrap();
    let _look_up = queue.submit(Work::LookUp(1)).unwrap();
    drop(busy);
    eventually("the read runs", || (queue.usage().waiting == 1).then_some(()));
    assert!(ran.try_recv().is_err());
    drop(release);
    assert_eq!(next(&ran), [1]);
}

#[test]
fn no_more_look_ups_run_together_than_allowed() {
    let many = 2 * u32::try_from(MAX_LOOK_UPS).unwrap();
    let (queue, ran) = queue_of_look_ups(1000);
    let busy = block_thread(&queue);
    let _places: Vec<_> = (0..=many).map(|key| queue.submit(Work::LookUp(key)).unwrap()).collect();
    drop(busy);
    assert_eq!(next(&ran), (0..many / 2).collect::<Vec<_>>());
    assert_eq!(next(&ran), (many / 2..many).collect::<Vec<_>>());
    assert_eq!(next(&ran), [many]);
}

/// A look-up that blocks until the sender is dropped, in a queue of [`queue_with_blocked_look_up`].
const BLOCKED: u32 = 1;

/// A queue with two threads that has looked up one key, which took this long, and a channel that receives the look-ups of
/// each query when they begin.
fn queue_with_blocked_look_up(
    look_up_wait: Duration,
    first_took: Duration,
) -> (ReadQueue<u32>, mpsc::Receiver<Vec<u32>>, mpsc::Sender<()>) {
    let (sender, ran) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let released = Mutex::new(released);
    let run = move |look_ups: Vec<u32>| -> Reply {
        let (began_at, is_blocked) = (Instant::now(), look_ups.contains(&BLOCKED));
        while began_at.elapsed() < first_took {
            thread::yield_now();
        }
        sender.send(look_ups).unwrap();
        let _disconnected = is_blocked.then(|| released.lock().unwrap().recv());
        Box::new(|| ())
    };
    let queue = ReadQueue::new(2, 10, None, look_up_wait, Box::new(run));
    drop(queue.submit(Work::LookUp(0)).unwrap());
    assert_eq!(next(&ran), [0]);
    eventually("the look-up ends", || (queue.usage().running == 0).then_some(()));
    (queue, ran, release)
}

#[test]
fn a_look_up_waits_for_those_that_began_a_moment_ago() {
    let (queue, ran, release) = queue_with_blocked_look_up(Duration::MAX, Duration::ZERO);
    let _first = queue.submit(Work::LookUp(BLOCKED)).unwrap();
    assert_eq!(next(&ran), [BLOCKED]);
    let _others = [2, 3].map(|key| queue.submit(Work::LookUp(key)).unwrap());
    assert_eq!(queue.usage(), Usage { waiting: 2, running: 1, replaced: 0 });
    drop(release);
    assert_eq!(next(&ran), [2, 3]);
}

#[test]
fn look_ups_that_wait_for_a_stuck_one_can_be_run() {
    let (queue, ran, _release) = queue_with_blocked_look_up(Duration::MAX, Duration::ZERO);
    let _first = queue.submit(Work::LookUp(BLOCKED)).unwrap();
    assert_eq!(next(&ran), [BLOCKED]);
    let _others = [2, 3].map(|key| queue.submit(Work::LookUp(key)).unwrap());
    queue.run_waiting();
    assert_eq!(next(&ran), [2, 3]);
}

#[test]
fn a_look_up_waits_for_none_if_the_last_ones_took_long() {
    let limit = Duration::from_millis(1);
    let (queue, ran, _release) = queue_with_blocked_look_up(limit, limit);
    let _first = queue.submit(Work::LookUp(BLOCKED)).unwrap();
    assert_eq!(next(&ran), [BLOCKED]);
    let _second = queue.submit(Work::LookUp(2)).unwrap();
    assert_eq!(next(&ran), [2]);
}

#[test]
fn a_look_up_does_not_wait_for_those_that_began_earlier() {
    let limit = Duration::from_secs(1);
    let (queue, ran, _release) = queue_with_blocked_look_up(limit, Duration::ZERO);
    let _first = queue.submit(Work::LookUp(BLOCKED)).unwrap();
    assert_eq!(next(&ran), [BLOCKED]);
    let began_at = Instant::now();
    eventually("the limit passes", || (began_at.elapsed() > limit).then_some(()));
    let _second = queue.submit(Work::LookUp(2)).unwrap();
    assert_eq!(next(&ran), [2]);
}

#[test]
fn a_replaced_thread_is_counted_while_it_is_stuck() {
    let queue = queue_with_stuck_threads();
    let stuck = [block_thread(&queue), block_thread(&queue)];
    let waits = read(&queue);
    assert_eq!(queue.usage(), Usage { waiting: 1, running: 2, replaced: 0 });
    let mut renewed = 0;
    queue.replace_stuck(|| renewed += 1);
    assert_ends(&waits);
    assert_eq!(renewed, 1);
    assert_eq!(queue.usage(), Usage { waiting: 0, running: 0, replaced: 2 });
    queue.replace_stuck(|| renewed += 1);
    assert_eq!(renewed, 1);
    drop(stuck);
    eventually("both return", || (queue.usage().replaced == 0).then_some(()));
    // They do not rejoin the queue.
    assert_eq!(queue.usage(), Usage { waiting: 0, running: 0, replaced: 0 });
    assert_ends(&read(&queue));
}

#[test]
fn at_most_twice_the_thread_count_is_replaced() {
    let queue = queue_with_stuck_threads();
    let mut stuck = Vec::new();
    for _ in 0..4 {
        stuck.push(block_thread(&queue));
        queue.replace_stuck(|| ());
    }
    stuck.extend([block_thread(&queue), block_thread(&queue)]);
    queue.replace_stuck(|| ());
    assert_eq!(queue.usage(), Usage { waiting: 0, running: 2, replaced: 4 });
    drop(stuck);
    eventually("all return", || (queue.usage().replaced == 0).then_some(()));
}

#[test]
fn threads_exit_when_the_queue_is_dropped() {
    let queue = queue(2, None);
    let shared = Arc::clone(&queue.0);
    let busy = block_thread(&queue);
    assert_ends(&read(&queue));
    drop(queue);
    drop(busy);
    // Each thread holds a clone.
    eventually("the threads end", || (Arc::strong_count(&shared) == 1).then_some(()));
}
