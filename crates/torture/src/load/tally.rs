//! The counters of a load.

use std::{ops::AddAssign, time::Duration};

/// Numbers of requests and of their answers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tally {
    pub requests: u64,
    /// Creates answered 201.
    pub created: u64,
    /// Repeated creates answered with the first reply.
    pub replayed: u64,
    /// Creates answered 409, because the name is taken.
    pub taken: u64,
    /// Invalid creates answered 422.
    pub refused: u64,
    /// Reads answered 200.
    pub read: u64,
    /// Requests answered 503.
    pub unavailable: u64,
    /// Requests that were sent, but got no valid reply: the connection broke, or no reply came in time.
    pub broken: u64,
    /// Requests that were not sent, because no connection could be opened.
    pub not_connected: u64,
    /// Longest time to an answer.
    pub longest: Duration,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.requests += other.requests;
        self.created += other.created;
        self.replayed += other.replayed;
        self.taken += other.taken;
        self.refused += other.refused;
        self.read += other.read;
        self.unavailable += other.unavailable;
        self.broken += other.broken;
        self.not_connected += other.not_connected;
        self.longest = self.longest.max(other.longest);
    }
}
