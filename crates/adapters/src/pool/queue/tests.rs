//! Threads that are stuck, or at their end.

use super::*;
use gochat_test_support::deadline::eventually;
use std::sync::mpsc;

/// A queue for two threads, where one that runs a read at all is stuck.
fn impatient() -> ReadQueue {
    ReadQueue::new(2, 10, Some(Duration::ZERO))
}

/// Submits a read that goes on until the sender is dropped.
fn stick(queue: &ReadQueue) -> mpsc::Sender<()> {
    let (open, closed) = mpsc::channel();
    let read = move || -> Reply {
        let _opened: Result<(), _> = closed.recv();
        Box::new(|| ())
    };
    assert!(queue.submit(Box::new(read)).is_ok_and(|place| place.0.is_none()));
    open
}

/// Submits a read; it tells when it has ended.
fn read(queue: &ReadQueue) -> mpsc::Receiver<()> {
    let (sender, ended) = mpsc::channel();
    let read = move || -> Reply { Box::new(move || sender.send(()).unwrap()) };
    std::mem::forget(queue.submit(Box::new(read)).unwrap());
    ended
}

fn assert_ends(read: &mpsc::Receiver<()>) {
    eventually("the read ends", || read.try_recv().ok());
}

#[test]
fn a_thread_that_was_replaced_is_counted_until_it_returns() {
    let queue = impatient();
    let stuck = [stick(&queue), stick(&queue)];
    let waits = read(&queue);
    assert_eq!(queue.usage(), Usage { waiting: 1, running: 2, left: 0 });
    let mut renewed = 0;
    queue.replace_stuck(|| renewed += 1);
    assert_ends(&waits);
    assert_eq!(renewed, 1);
    assert_eq!(queue.usage(), Usage { waiting: 0, running: 0, left: 2 });
    queue.replace_stuck(|| renewed += 1);
    assert_eq!(renewed, 1);
    drop(stuck);
    eventually("both return", || (queue.usage().left == 0).then_some(()));
    // They do not come back to the queue.
    assert_eq!(queue.usage(), Usage { waiting: 0, running: 0, left: 0 });
    assert_ends(&read(&queue));
}

#[test]
fn no_more_threads_are_replaced_than_twice_as_many_as_there_are() {
    let queue = impatient();
    let mut stuck = Vec::new();
    for _ in 0..4 {
        stuck.push(stick(&queue));
        queue.replace_stuck(|| ());
    }
    stuck.extend([stick(&queue), stick(&queue)]);
    queue.replace_stuck(|| ());
    assert_eq!(queue.usage(), Usage { waiting: 0, running: 2, left: 4 });
    drop(stuck);
    eventually("all return", || (queue.usage().left == 0).then_some(()));
}

#[test]
fn threads_end_with_the_queue() {
    let queue = ReadQueue::new(2, 10, None);
    let shared = Arc::clone(&queue.0);
    let busy = stick(&queue);
    assert_ends(&read(&queue));
    drop(queue);
    drop(busy);
    // Each thread has a share.
    eventually("the threads end", || (Arc::strong_count(&shared) == 1).then_some(()));
}
