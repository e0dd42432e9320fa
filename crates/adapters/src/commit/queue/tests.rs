//! Tests of submitted writes.

use super::*;
use crate::{commit::ProbeCreate, testing::migrated};
use gochat_domain::clock::{Clock, SystemClock};
use gochat_test_support::TestDatabase;

#[tokio::test]
async fn a_write_of_the_service_itself_does_not_reduce_the_room_of_streams() {
    let database = TestDatabase::sqlite().unwrap();
    let timeout = Duration::from_secs(20);
    let options = CommitOptions { batch: 10, queue: 100, writers: 1, timeout, limits: Limits::default() };
    let queue = CommitQueue::open(&migrated(&database), options).unwrap();
    queue.submitter().submit(ProbeCreate { at: SystemClock.now() }).await.unwrap();
    assert!(!queue.room.is_reduced());
    queue.close();
}
