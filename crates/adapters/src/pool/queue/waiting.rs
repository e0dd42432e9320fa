//! Work that waits for a thread.

use super::Read;
use std::collections::BTreeMap;

/// Work of a thread.
pub(in crate::pool) enum Work<L> {
    /// A read by itself.
    Read(Read),
    /// A look-up, with which others can share a query.
    LookUp(L),
}

/// Reads and look-ups that wait, each in the order of submission.
pub(super) struct Waiting<L> {
    reads: BTreeMap<u64, Read>,
    look_ups: BTreeMap<u64, L>,
    /// Numbers the reads and the look-ups together.
    submitted: u64,
}

impl<L> Default for Waiting<L> {
    fn default() -> Self {
        Self { reads: BTreeMap::new(), look_ups: BTreeMap::new(), submitted: 0 }
    }
}

impl<L> Waiting<L> {
    /// The number of reads and look-ups.
    pub(super) fn len(&self) -> usize {
        self.reads.len() + self.look_ups.len()
    }

    /// The number of look-ups.
    pub(super) fn look_ups(&self) -> usize {
        self.look_ups.len()
    }

    /// Adds work, and returns its number.
    pub(super) fn push(&mut self, work: Work<L>) -> u64 {
        let number = self.submitted;
        self.submitted += 1;
        match work {
            Work::Read(read) => drop(self.reads.insert(number, read)),
            Work::LookUp(look_up) => drop(self.look_ups.insert(number, look_up)),
        }
        number
    }

    /// Removes the work with this number, if it still waits.
    pub(super) fn remove(&mut self, number: u64) -> Option<Work<L>> {
        let read = self.reads.remove(&number).map(Work::Read);
        read.or_else(|| self.look_ups.remove(&number).map(Work::LookUp))
    }

    /// Removes the work that has waited longest.
    pub(super) fn pop_first(&mut self) -> Option<Work<L>> {
        let number = [self.reads.keys().next(), self.look_ups.keys().next()].into_iter().flatten().min();
        number.copied().and_then(|number| self.remove(number))
    }

    /// Removes up to `max` look-ups, those that have waited longest.
    pub(super) fn take_look_ups(&mut self, max: usize) -> impl Iterator<Item = L> {
        std::iter::from_fn(|| Some(self.look_ups.pop_first()?.1)).take(max)
    }
}
