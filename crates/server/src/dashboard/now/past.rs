//! The samples of the last 15 minutes.

use super::sample::Sample;
use crate::http::Code;
use serde::Serialize;
use std::collections::{BTreeMap, VecDeque};

/// Milliseconds that the past reaches back.
const REACH: i64 = 15 * 60 * 1_000;

/// The samples of the last 15 minutes, the oldest first.
#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
pub(super) struct Past(VecDeque<Sample>);

impl Past {
    /// Maximum number of samples: one a second.
    const MAX: usize = 15 * 60;

    /// Appends a sample, and drops those that are too old.
    ///
    /// If the machine's clock was set back, samples from the time that is now the future are dropped too: the charts
    /// need ascending times.
    pub(super) fn push(&mut self, sample: Sample) {
        while self.0.back().is_some_and(|newest| newest.at >= sample.at) {
            self.0.pop_back();
        }
        while self.0.len() >= Self::MAX || self.0.front().is_some_and(|oldest| oldest.at < sample.at - REACH)
        {
            self.0.pop_front();
        }
        self.0.push_back(sample);
    }

    /// The samples, the oldest first.
    pub(super) fn samples(&self) -> impl DoubleEndedIterator<Item = &Sample> {
        self.0.iter()
    }

    /// The newest sample.
    pub(super) fn newest(&self) -> Option<&Sample> {
        self.0.back()
    }

    /// The number of refused requests, by code.
    pub(super) fn refused(&self) -> BTreeMap<Code, u64> {
        let mut refused = BTreeMap::new();
        for (code, count) in self.0.iter().flat_map(|sample| &sample.refused) {
            *refused.entry(*code).or_default() += count;
        }
        refused
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Sample {
        Sample { at: seconds * 1_000, ..Sample::default() }
    }

    fn times(past: &Past) -> Vec<i64> {
        past.0.iter().map(|sample| sample.at / 1_000).collect()
    }

    #[test]
    fn samples_older_than_15_minutes_are_dropped() {
        let mut past = Past::default();
        assert_eq!(past.newest(), None);
        for seconds in [0, 100, 900] {
            past.push(at(seconds));
        }
        assert_eq!(times(&past), [0, 100, 900]);
        past.push(at(901));
        assert_eq!(times(&past), [100, 900, 901]);
        past.push(at(5_000));
        assert_eq!((times(&past), past.newest()), (vec![5_000], Some(&at(5_000))));
    }

    #[test]
    fn the_number_of_samples_is_bounded_whatever_the_clock_does() {
        let mut past = Past::default();
        (0..2_000).for_each(|millis| past.push(Sample { at: millis, ..Sample::default() }));
        assert_eq!(past.0.len(), Past::MAX);
        assert_eq!(past.0.front().unwrap().at, 2_000 - i64::try_from(Past::MAX).unwrap());
    }

    #[test]
    fn samples_of_a_clock_that_was_set_back_are_dropped() {
        let mut past = Past::default();
        for seconds in [10, 20, 30, 20] {
            past.push(at(seconds));
        }
        assert_eq!(times(&past), [10, 20]);
        past.push(at(-1_000_000));
        assert_eq!(times(&past), [-1_000_000]);
    }

    #[test]
    fn refused_requests_are_summed_by_code() {
        let mut past = Past::default();
        for (seconds, refused) in [
            (1, vec![(Code::Unauthorized, 2)]),
            (2, vec![]),
            (3, vec![(Code::Unauthorized, 1), (Code::NotFound, 4)]),
            (902, vec![]),
        ] {
            past.push(Sample { refused: refused.into_iter().collect(), ..at(seconds) });
        }
        assert_eq!(past.refused(), BTreeMap::from([(Code::NotFound, 4), (Code::Unauthorized, 1)]));
    }
}
