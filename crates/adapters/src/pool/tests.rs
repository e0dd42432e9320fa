//! Tests of waiting reads.

use super::*;
use crate::testing::connector;
use futures_util::{FutureExt, future::join_all, poll};
use gochat_domain::group::GroupId;
use gochat_test_support::{TestDatabase, deadline};
use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
    mpsc,
};

/// A pool on a SQLite file.
fn pool(size: u32, queue: usize, timeout: Duration) -> (Pool, TestDatabase) {
    let database = TestDatabase::sqlite().unwrap();
    let options = PoolOptions { size, queue, timeout };
    (Pool::new(connector(&database), options).unwrap(), database)
}

const LONG: Duration = Duration::from_secs(60);

/// A read that blocks until the sender is dropped.
fn blocking_read()
-> (mpsc::Sender<()>, impl Fn(&mut AnyConnection) -> Result<(), Fault> + Send + Clone + 'static) {
    let (release, released) = mpsc::channel();
    let released = Arc::new(Mutex::new(released));
    let wait = move |_: &mut AnyConnection| {
        let _disconnected = released.lock().unwrap().recv();
        Ok(())
    };
    (release, wait)
}

fn key(id: i64) -> GroupKey {
    GroupKey::Id(GroupId::new(id).unwrap())
}

#[tokio::test]
async fn a_read_whose_caller_is_gone_does_not_run() {
    let (pool, _database) = pool(1, 100, LONG);
    let (release, wait) = blocking_read();
    let mut first = pool.run(wait).boxed();
    assert!(poll!(&mut first).is_pending());
    let ran = Arc::new(AtomicUsize::new(0));
    let count = || {
        let ran = Arc::clone(&ran);
        pool.run(move |_| Ok(ran.fetch_add(1, Ordering::SeqCst)))
    };
    for _ in 0..50 {
        let mut dropped = count().boxed();
        assert!(poll!(&mut dropped).is_pending());
    }
    let mut kept = count().boxed();
    assert!(poll!(&mut kept).is_pending());
    // Cancelled reads occupy no place in the queue.
    assert_eq!(pool.0.queue.usage().waiting, 1);
    drop(release);
    assert_eq!(first.await, Ok(()));
    assert_eq!(kept.await, Ok(0));
    assert_eq!(ran.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn reads_beyond_connections_and_queue_are_refused_at_once() {
    let (pool, _database) = pool(3, 5, LONG);
    let (release, wait) = blocking_read();
    let mut reads: Vec<_> = (0..10).map(|_| pool.run(wait.clone()).boxed()).collect();
    let mut refused = Vec::new();
    for read in &mut reads {
        refused.push(read.now_or_never());
    }
    let full = Err(Fault::Unavailable("the queue of reads is full".into()));
    assert_eq!(refused[..8], vec![None; 8]);
    assert_eq!(refused[8..], [Some(full.clone()), Some(full)]);
    drop(release);
    assert_eq!(join_all(reads.drain(..8)).await, vec![Ok(()); 8]);
    assert_eq!(pool.run(|_| Ok(())).await, Ok(()));
}

#[tokio::test]
async fn the_wait_for_a_connection_counts_towards_the_timeout() {
    let (pool, _database) = pool(1, 100, Duration::from_millis(100));
    let (release, wait) = blocking_read();
    let late = Err(Fault::Unavailable("the database took too long".into()));
    let reads = (0..10).map(|_| pool.run(wait.clone()));
    assert_eq!(join_all(reads).await, vec![late; 10]);
    assert_eq!(pool.0.queue.usage().waiting, 0);
    drop(release);
    // The thread may not have been released yet.
    deadline::with_timeout("a read succeeds", async { while pool.run(|_| Ok(())).await.is_err() {} }).await;
}

#[tokio::test]
async fn look_ups_wait_like_reads() {
    let (pool, _database) = pool(1, 5, Duration::from_millis(100));
    let (release, wait) = blocking_read();
    let first = pool.run(wait).boxed();
    let look_ups = (0..7).map(|_| pool.find_group(key(1)).boxed());
    let mut reads: Vec<_> = std::iter::once(first.map(|_| Ok(None)).boxed()).chain(look_ups).collect();
    for read in &mut reads[..6] {
        assert!(poll!(read).is_pending());
    }
    let full = Err(Fault::Unavailable("the queue of reads is full".into()));
    assert_eq!(join_all(&mut reads[6..]).await, vec![full; 2]);
    assert_eq!(pool.0.queue.usage().waiting, 5);
    // A look-up whose caller is gone leaves the queue.
    drop(reads.remove(5));
    assert_eq!(pool.0.queue.usage().waiting, 4);
    let late = Err(Fault::Unavailable("the database took too long".into()));
    assert_eq!(join_all(&mut reads[1..5]).await, vec![late; 4]);
    assert_eq!(pool.0.queue.usage().waiting, 0);
    drop(release);
}

#[tokio::test]
async fn a_panic_fails_only_its_own_read() {
    let (pool, _database) = pool(1, 100, LONG);
    let panic = || pool.run(|_| if true { panic!("injected by the test") } else { Ok(()) });
    let reads = futures_util::future::join3(panic(), pool.run(|_| Ok(1)), panic());
    let failed = Err(Fault::Unknown("a read panicked".into()));
    assert_eq!(reads.await, (failed.clone(), Ok(1), failed));
    assert_eq!(pool.run(|_| Ok(2)).await, Ok(2));
}

#[tokio::test]
async fn a_look_up_does_not_wait_for_a_stuck_one_while_a_thread_is_free() {
    let (pool, _database) = pool(1, 100, LONG);
    let (release, released) = mpsc::channel::<()>();
    let released = Mutex::new(released);
    let (sender, begun) = mpsc::channel();
    // The look-up of the second group is stuck.
    let run = move |look_ups: Vec<LookUp>| -> Reply {
        sender.send(look_ups[0].key.clone()).unwrap();
        let _disconnected = (look_ups[0].key == key(2)).then(|| released.lock().unwrap().recv());
        Box::new(|| look_ups.into_iter().for_each(|look_up| drop(look_up.caller.send(Ok(None)))))
    };
    let queue = ReadQueue::new(2, 100, None, Duration::MAX, Box::new(run));
    let pool = Pool(Arc::new(Shared { queue, reader: Arc::clone(&pool.0.reader), timeout: LONG }));
    assert_eq!(pool.find_group(key(1)).await, Ok(None));
    let mut stuck = pool.find_group(key(2)).boxed();
    assert!(poll!(&mut stuck).is_pending());
    deadline::eventually("the look-up begins", || begun.try_iter().find(|begun| *begun == key(2)));
    assert_eq!(
        deadline::with_timeout("the look-up of another ends", pool.find_group(key(3))).await,
        Ok(None)
    );
    assert!(poll!(&mut stuck).is_pending());
    drop(release);
    assert_eq!(stuck.await, Ok(None));
}
