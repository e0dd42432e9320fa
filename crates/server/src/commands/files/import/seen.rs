//! The keys that a dry run has met.

use std::{
    collections::{HashSet, hash_map::RandomState},
    hash::{BuildHasher, Hash},
};

/// A set of keys, stored as two hashes each, so that a key takes 16 bytes.
#[derive(Default)]
pub(super) struct SeenKeys {
    hashers: [RandomState; 2],
    seen: HashSet<[u64; 2]>,
}

impl SeenKeys {
    /// Adds a key. Returns true if it is new.
    pub(super) fn insert(&mut self, key: &impl Hash) -> bool {
        self.seen.insert([0, 1].map(|index: usize| self.hashers[index].hash_one(key)))
    }
}
