//! Quantiles from the buckets of a histogram.

use prometheus::proto;

/// Observations by bucket, as Prometheus counts them: each bucket has all observations up to its bound.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Histogram {
    /// The finite bounds, ascending, each with its cumulative count.
    buckets: Vec<(f64, u64)>,
    /// Number of observations.
    pub(super) count: u64,
    /// Sum of the observations.
    pub(super) sum: f64,
}

impl Histogram {
    /// Adds the observations of another histogram with the same bounds.
    pub(super) fn add(&mut self, other: &proto::Histogram) {
        if self.buckets.is_empty() {
            self.buckets = other.get_bucket().iter().map(|bucket| (bucket.upper_bound(), 0)).collect();
        }
        for ((_, count), bucket) in self.buckets.iter_mut().zip(other.get_bucket()) {
            *count += bucket.cumulative_count();
        }
        self.count += other.get_sample_count();
        self.sum += other.get_sample_sum();
    }

    /// Returns the observations that `earlier` did not have yet.
    pub(super) fn since(&self, earlier: &Self) -> Self {
        let buckets = self.buckets.iter().enumerate().map(|(index, &(bound, count))| {
            let before = earlier.buckets.get(index).map_or(0, |&(_, count)| count);
            (bound, count.saturating_sub(before))
        });
        Self {
            buckets: buckets.collect(),
            count: self.count.saturating_sub(earlier.count),
            sum: self.sum - earlier.sum,
        }
    }

    /// Returns the mean; `None` without an observation.
    pub(super) fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / float(self.count))
    }

    /// Estimates a quantile from 0 to 1, as `histogram_quantile` of Prometheus does: within its bucket by linear
    /// interpolation, and at most the largest finite bound. `None` without an observation.
    pub(super) fn quantile(&self, quantile: f64) -> Option<f64> {
        if self.count == 0 {
            return None;
        }
        let rank = quantile * float(self.count);
        let mut below = (0.0, 0);
        for &(bound, count) in &self.buckets {
            if count > below.1 && float(count) >= rank {
                let (start, before) = below;
                let share = (rank - float(before)) / float(count - before);
                return Some(start + (bound - start) * share);
            }
            below = (bound, count);
        }
        Some(below.0)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a quantile is an estimate")]
fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus::{HistogramOpts, core::Metric};

    /// Observes values in buckets up to 1, 2 and 4.
    fn histogram(values: &[f64]) -> Histogram {
        let options = HistogramOpts::new("name", "help").buckets(vec![1.0, 2.0, 4.0]);
        let observed = prometheus::Histogram::with_opts(options).unwrap();
        for value in values {
            observed.observe(*value);
        }
        let mut histogram = Histogram::default();
        histogram.add(observed.metric().get_histogram());
        histogram
    }

    #[test]
    fn a_quantile_is_interpolated_within_its_bucket() {
        let observed = histogram(&[0.5, 1.5, 1.6, 3.0]);
        for (quantile, value) in [(0.0, 0.0), (0.25, 1.0), (0.5, 1.5), (0.75, 2.0), (0.875, 3.0), (1.0, 4.0)]
        {
            assert_eq!(observed.quantile(quantile), Some(value), "{quantile}");
        }
    }

    #[test]
    fn a_quantile_beyond_the_last_bucket_is_its_bound() {
        assert_eq!(histogram(&[100.0]).quantile(0.5), Some(4.0));
        assert_eq!(histogram(&[0.5, 100.0]).quantile(0.99), Some(4.0));
    }

    #[test]
    fn without_an_observation_there_is_no_quantile_and_no_mean() {
        for empty in [Histogram::default(), histogram(&[])] {
            assert_eq!((empty.quantile(0.5), empty.mean()), (None, None));
        }
    }

    #[test]
    fn a_difference_has_the_observations_in_between() {
        let (earlier, later) = (histogram(&[0.5, 3.0]), histogram(&[0.5, 3.0, 1.5, 1.5]));
        let between = later.since(&earlier);
        assert_eq!(between, histogram(&[1.5, 1.5]));
        assert_eq!(between.mean(), Some(1.5));
        assert_eq!(between.quantile(1.0), Some(2.0));
        assert_eq!(later.since(&Histogram::default()), later);
    }

    #[test]
    fn histograms_of_several_series_are_added() {
        let options = HistogramOpts::new("name", "help").buckets(vec![1.0, 2.0, 4.0]);
        let observed = prometheus::Histogram::with_opts(options).unwrap();
        observed.observe(1.5);
        let mut sum = histogram(&[0.5]);
        sum.add(observed.metric().get_histogram());
        assert_eq!(sum, histogram(&[0.5, 1.5]));
    }
}
