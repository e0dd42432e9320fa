//! Tests of stuck threads and of shutdown.

use super::*;
use gochat_test_support::deadline::eventually;
use std::sync::mpsc;

/// A queue with two threads, where any running thread counts as stuck.
fn queue_with_stuck_threads() -> ReadQueue {
    ReadQueue::new(2, 10, Some(Duration::ZERO))
}

/// Submits a read that blocks until the sender is dropped.
fn block_thread(queue: &ReadQueue) -> mpsc::Sender<()> {
    let (release, released) = mpsc::channel();
    let read = move || -> Reply {
        let _disconnected: Result<(), _> = released.recv();
        Box::new(|| ())
    };
    assert!(queue.submit(Box::new(read)).is_ok_and(|place| place.0.is_none()));
    release
}

/// Submits a read, and returns a channel that signals its end.
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
    let queue = ReadQueue::new(2, 10, None);
    let shared = Arc::clone(&queue.0);
    let busy = block_thread(&queue);
    assert_ends(&read(&queue));
    drop(queue);
    drop(busy);
    // Each thread holds a clone.
    eventually("the threads end", || (Arc::strong_count(&shared) == 1).then_some(()));
}
