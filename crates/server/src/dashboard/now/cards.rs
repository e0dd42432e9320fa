//! The figures of the last second as text, the same on the page and in events.

use super::sample::{Latency, Load, Sample};
use serde::Serialize;

/// A figure with its title.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Card {
    /// The name by which an event says which card to update.
    pub(super) name: &'static str,
    #[serde(skip)]
    pub(super) title: &'static str,
    pub(super) figure: String,
    /// A short sentence about the figure.
    pub(super) detail: String,
}

/// Stands for a figure that does not exist, because nothing happened.
const NONE: &str = "–";

/// Returns the cards of a sample.
pub(super) fn of(sample: &Sample) -> [Card; 6] {
    let load = |name, title, load: &Load| {
        let detail = match load.latency {
            Latency { p50: Some(p50), p99: Some(p99) } => format!("median {p50:.2} ms, 99th {p99:.2} ms"),
            _ => "no request in the last second".to_owned(),
        };
        Card { name, title, figure: format!("{:.1}", load.rate), detail }
    };
    let text = |value: Option<f64>, text: fn(f64) -> String| value.map_or_else(|| NONE.to_owned(), text);
    let millis = |value| text(value, |millis| format!("{millis:.2} ms"));
    [
        load("creates", "Creates per second", &sample.creates),
        load("joins", "Joins per second", &sample.joins),
        load("reads", "Reads per second", &sample.reads),
        Card {
            name: "commits",
            title: "Commit time",
            figure: millis(sample.commits.p50),
            detail: format!("median; 99th {}", millis(sample.commits.p99)),
        },
        Card {
            name: "batch",
            title: "Batch size",
            figure: text(sample.batch, |writes| format!("{writes:.1}")),
            detail: "mean of writes in a transaction".to_owned(),
        },
        Card {
            name: "queue",
            title: "Waiting writes",
            figure: format!("{:.0}", sample.queue),
            detail: format!("of at most {:.0}", sample.queue_capacity),
        },
    ]
}

/// Returns a number of seconds in the two largest units that it has.
pub(super) fn duration(seconds: u64) -> String {
    match (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0, seconds) => format!("{seconds} s"),
        (0, 0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (0, hours, minutes, _) => format!("{hours} h {minutes} min"),
        (days, hours, ..) => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(sample: &Sample) -> Vec<(&'static str, String, String)> {
        of(sample).into_iter().map(|card| (card.name, card.figure, card.detail)).collect()
    }

    #[test]
    fn a_card_has_a_figure_and_its_detail() {
        let load = |rate| Load { rate, latency: Latency { p50: Some(1.5), p99: Some(12.345) } };
        let sample = Sample {
            creates: load(1234.5),
            joins: load(0.1),
            reads: load(7.0),
            commits: Latency { p50: Some(0.25), p99: Some(3.0) },
            batch: Some(2.5),
            queue: 3.0,
            queue_capacity: 10_000.0,
            ..Sample::default()
        };
        let latency = "median 1.50 ms, 99th 12.35 ms";
        let expected = [
            ("creates", "1234.5", latency),
            ("joins", "0.1", latency),
            ("reads", "7.0", latency),
            ("commits", "0.25 ms", "median; 99th 3.00 ms"),
            ("batch", "2.5", "mean of writes in a transaction"),
            ("queue", "3", "of at most 10000"),
        ];
        assert_eq!(
            texts(&sample),
            expected.map(|(name, figure, detail)| (name, figure.into(), detail.into()))
        );
    }

    #[test]
    fn a_quiet_second_has_no_durations() {
        let quiet = texts(&Sample::default());
        assert_eq!(quiet[0], ("creates", "0.0".into(), "no request in the last second".into()));
        assert_eq!(quiet[3], ("commits", "–".into(), "median; 99th –".into()));
        assert_eq!(quiet[4].1, "–");
    }

    #[test]
    fn a_duration_has_at_most_two_units() {
        for (seconds, text) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min 0 s"),
            (3_599, "59 min 59 s"),
            (3_660, "1 h 1 min"),
            (86_399, "23 h 59 min"),
            (200_000, "2 d 7 h"),
        ] {
            assert_eq!(duration(seconds), text);
        }
    }
}
