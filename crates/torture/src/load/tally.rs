//! The counters of a load.

use std::{ops::AddAssign, time::Duration};

/// Numbers of requests and of their answers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tally {
    pub requests: u64,
    pub created: u64,
    pub replayed: u64,
    pub taken: u64,
    pub refused: u64,
    pub read: u64,
    pub unavailable: u64,
    pub broken: u64,
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
