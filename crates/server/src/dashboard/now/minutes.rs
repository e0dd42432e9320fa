//! The past as a table with a row for each minute, for those who do not see the charts.

use super::sample::{Latency, Load, Sample};
use gochat_domain::clock::Timestamp;

/// The figures of a minute.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Minute {
    /// Hour and minute in UTC.
    pub(super) time: String,
    /// Creates, joins and reads.
    pub(super) loads: [MinuteOfLoad; 3],
    /// The slowest second's 99th percentile of commits, in milliseconds.
    pub(super) commit: Option<f64>,
    /// The longest queue of writes.
    pub(super) queue: f64,
    /// Number of refused requests.
    pub(super) refused: u64,
}

/// Requests of one kind in a minute.
#[derive(Debug, Default, PartialEq)]
pub(super) struct MinuteOfLoad {
    /// Mean number of requests per second.
    pub(super) rate: f64,
    /// The slowest second's median and 99th percentile, in milliseconds.
    pub(super) latency: Latency,
}

const MINUTE: i64 = 60_000;

/// Returns the minutes of samples, the newest first.
pub(super) fn of<'a>(samples: impl DoubleEndedIterator<Item = &'a Sample>) -> Vec<Minute> {
    let mut minutes: Vec<(i64, Vec<&Sample>)> = Vec::new();
    for sample in samples.rev() {
        let minute = sample.at.div_euclid(MINUTE);
        match minutes.last_mut() {
            Some((last, samples)) if *last == minute => samples.push(sample),
            _ => minutes.push((minute, vec![sample])),
        }
    }
    minutes.into_iter().map(|(minute, samples)| summary(minute, &samples)).collect()
}

fn summary(minute: i64, samples: &[&Sample]) -> Minute {
    let max = |figure: fn(&Sample) -> Option<f64>| {
        samples.iter().filter_map(|sample| figure(sample)).max_by(f64::total_cmp)
    };
    let load = |load: fn(&Sample) -> &Load| {
        let latencies = || samples.iter().map(move |sample| load(sample).latency);
        let rates = || samples.iter().map(|sample| load(sample).rate);
        MinuteOfLoad {
            // The mean of 60 samples at most.
            rate: rates().sum::<f64>() / rates().map(|_| 1.0).sum::<f64>(),
            latency: Latency {
                p50: latencies().filter_map(|latency| latency.p50).max_by(f64::total_cmp),
                p99: latencies().filter_map(|latency| latency.p99).max_by(f64::total_cmp),
            },
        }
    };
    // RFC 3339: the date, T, and hours and minutes.
    let time = Timestamp::from_unix_micros(minute * MINUTE * 1_000).map(|time| time.to_string());
    Minute {
        time: time.as_deref().and_then(|time| time.get(11..16)).unwrap_or_default().to_owned(),
        loads: [load(|sample| &sample.creates), load(|sample| &sample.joins), load(|sample| &sample.reads)],
        commit: max(|sample| sample.commits.p99),
        queue: max(|sample| Some(sample.queue)).unwrap_or_default(),
        refused: samples.iter().flat_map(|sample| sample.refused.values()).sum(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Code;
    use std::collections::BTreeMap;

    #[test]
    fn a_minute_has_the_mean_rate_and_the_slowest_second() {
        let latency = |p50: f64, p99: f64| Latency { p50: Some(p50), p99: Some(p99) };
        let load = |rate, latency| Load { rate, latency };
        let samples = [
            Sample { at: 59_999, queue: 1.0, ..Sample::default() },
            Sample {
                at: 60_000,
                creates: load(10.0, latency(1.0, 9.0)),
                commits: latency(0.5, 4.0),
                queue: 7.0,
                refused: BTreeMap::from([(Code::NotFound, 2), (Code::Unauthorized, 1)]),
                ..Sample::default()
            },
            Sample {
                at: 61_000,
                creates: load(20.0, latency(2.0, 3.0)),
                refused: BTreeMap::from([(Code::NotFound, 4)]),
                ..Sample::default()
            },
        ];
        let quiet = MinuteOfLoad::default;
        let creates = MinuteOfLoad { rate: 15.0, latency: latency(2.0, 9.0) };
        assert_eq!(
            of(samples.iter()),
            [
                Minute {
                    time: "00:01".to_owned(),
                    loads: [creates, quiet(), quiet()],
                    commit: Some(4.0),
                    queue: 7.0,
                    refused: 7,
                },
                Minute { time: "00:00".to_owned(), queue: 1.0, ..Minute::default() },
            ]
        );
    }

    #[test]
    fn without_a_sample_there_is_no_minute() {
        assert_eq!(of([].iter()), []);
    }
}
