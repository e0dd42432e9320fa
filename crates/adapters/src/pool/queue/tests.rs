//! Threads that are stuck, idle or at their end.

use super::*;
use gochat_test_support::deadline::eventually;
use std::sync::mpsc;

/// A queue for two threads, where one that runs a read at all is stuck.
fn impatient() -> ReadQueue<u32> {
    ReadQueue::new(2, 10, Some(Duration::ZERO))
}

/// Submits a read that goes on until the sender is dropped.
fn stick(queue: &ReadQueue<u32>) -> mpsc::Sender<()> {
    let (open, closed) = mpsc::channel();
    let read = move |_: &mut Option<u32>| -> Reply {
        let _opened: Result<(), _> = closed.recv();
        Box::new(|| ())
    };
    assert!(queue.submit(Box::new(read)).is_ok_and(|place| place.0.is_none()));
    open
}

/// Submits a read that uses the connection of its thread, or opens `new`; returns the one that it used.
fn read(queue: &ReadQueue<u32>, new: u32) -> mpsc::Receiver<u32> {
    let (sender, used) = mpsc::channel();
    let read = move |held: &mut Option<u32>| -> Reply {
        let connection = *held.get_or_insert(new);
        Box::new(move || sender.send(connection).unwrap())
    };
    std::mem::forget(queue.submit(Box::new(read)).unwrap());
    used
}

/// What the read used.
fn used(read: &mpsc::Receiver<u32>) -> u32 {
    eventually("the read ends", || read.try_recv().ok())
}

#[test]
fn a_thread_that_was_replaced_is_counted_until_it_returns() {
    let queue = impatient();
    let stuck = [stick(&queue), stick(&queue)];
    let waits = read(&queue, 7);
    assert_eq!(queue.usage(), Usage { waiting: 1, running: 2, idle: 0, left: 0 });
    queue.replace_stuck();
    assert_eq!(used(&waits), 7);
    assert_eq!(queue.usage(), Usage { waiting: 0, running: 0, idle: 1, left: 2 });
    drop(stuck);
    eventually("both return", || (queue.usage().left == 0).then_some(()));
    // They do not come back to the queue.
    assert_eq!(queue.usage(), Usage { waiting: 0, running: 0, idle: 1, left: 0 });
    assert_eq!(used(&read(&queue, 8)), 7);
}

#[test]
fn idle_connections_are_closed_when_a_thread_is_replaced() {
    let queue = impatient();
    let stuck = stick(&queue);
    assert_eq!(used(&read(&queue, 7)), 7);
    queue.replace_stuck();
    assert_eq!(queue.usage(), Usage { waiting: 0, running: 0, idle: 0, left: 1 });
    assert_eq!(used(&read(&queue, 8)), 8);
    drop(stuck);
}

#[test]
fn no_more_threads_are_replaced_than_twice_as_many_as_there_are() {
    let queue = impatient();
    let mut stuck = Vec::new();
    for _ in 0..4 {
        stuck.push(stick(&queue));
        queue.replace_stuck();
    }
    stuck.extend([stick(&queue), stick(&queue)]);
    queue.replace_stuck();
    assert_eq!(queue.usage(), Usage { waiting: 0, running: 2, idle: 0, left: 4 });
    drop(stuck);
    eventually("all return", || (queue.usage().left == 0).then_some(()));
}

#[test]
fn threads_and_connections_end_with_the_queue() {
    let queue = ReadQueue::new(2, 10, None);
    let shared = Arc::clone(&queue.0);
    let busy = stick(&queue);
    assert_eq!(used(&read(&queue, 7)), 7);
    drop(queue);
    assert!(shared.state().idle.is_empty());
    drop(busy);
    // Each thread has a share.
    eventually("the threads end", || (Arc::strong_count(&shared) == 1).then_some(()));
}

#[test]
fn the_connection_of_a_read_that_runs_is_closed_when_the_queue_has_ended() {
    let queue = ReadQueue::<Arc<()>>::new(2, 10, None);
    let shared = Arc::clone(&queue.0);
    let (open, closed) = mpsc::channel::<()>();
    let connection = Arc::new(());
    let opened = Arc::clone(&connection);
    let read = move |held: &mut Option<Arc<()>>| -> Reply {
        *held = Some(opened);
        let _opened: Result<(), _> = closed.recv();
        Box::new(|| ())
    };
    assert!(queue.submit(Box::new(read)).is_ok());
    let end = std::thread::spawn(move || drop(queue));
    eventually("the queue is at its end", || shared.state().is_closed.then_some(()));
    drop(open);
    end.join().unwrap();
    assert_eq!(Arc::strong_count(&connection), 1);
}

#[test]
fn a_connection_that_is_idle_for_long_is_closed() {
    let queue = ReadQueue::new(2, 10, None);
    let long_ago = Instant::now().checked_sub(KEEP_IDLE).unwrap();
    queue.0.state().idle.extend([(1, long_ago), (2, long_ago), (3, Instant::now())]);
    assert_eq!(used(&read(&queue, 9)), 3);
    assert_eq!(queue.usage(), Usage { waiting: 0, running: 0, idle: 1, left: 0 });
}
