//! Prometheus metrics of the writers, the pool and the key cache.
//!
//! The components hold the handles; a registry only reads them.

use prometheus::{
    Histogram, HistogramOpts, IntCounter, IntGauge, Opts, Registry,
    core::{Collector, Desc},
    proto::MetricFamily,
};
use std::time::Duration;

/// Bucket bounds of duration histograms, in seconds.
pub const DURATION_BUCKETS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Counters of the writers.
#[derive(Clone)]
pub(crate) struct WriterMetrics {
    batch_size: Histogram,
    commit_duration: Histogram,
    pub(crate) failed_batches: IntCounter,
    pub(crate) resent_batches: IntCounter,
}

impl WriterMetrics {
    pub(crate) fn new() -> prometheus::Result<Self> {
        let batch_sizes = prometheus::exponential_buckets(1.0, 2.0, 14)?;
        Ok(Self {
            batch_size: Histogram::with_opts(
                HistogramOpts::new(
                    "gochat_group_batch_size",
                    "Writes of groups and members in a transaction.",
                )
                .buckets(batch_sizes),
            )?,
            commit_duration: Histogram::with_opts(
                HistogramOpts::new(
                    "gochat_group_commit_duration_seconds",
                    "Duration of a batch of writes of groups and members, from BEGIN to COMMIT.",
                )
                .buckets(DURATION_BUCKETS.to_vec()),
            )?,
            failed_batches: IntCounter::new(
                "gochat_group_batches_failed_total",
                "Batches that failed as a whole; their writes were then committed lane by lane, or answered 503.",
            )?,
            resent_batches: IntCounter::new(
                "gochat_group_batches_resent_total",
                "Batches that were resent because the connection was lost before the answer.",
            )?,
        })
    }

    /// Records a committed batch with `writes` of groups and members.
    pub(crate) fn committed(&self, writes: usize, took: Duration) {
        if writes > 0 {
            let writes = u32::try_from(writes).unwrap_or(u32::MAX);
            self.batch_size.observe(writes.into());
            self.commit_duration.observe(took.as_secs_f64());
        }
    }

    pub(crate) fn register(&self, registry: &Registry) -> prometheus::Result<()> {
        registry.register(Box::new(self.batch_size.clone()))?;
        registry.register(Box::new(self.commit_duration.clone()))?;
        registry.register(Box::new(self.failed_batches.clone()))?;
        registry.register(Box::new(self.resent_batches.clone()))
    }
}

/// Counters of the key cache.
pub(crate) struct KeyCacheMetrics {
    pub(crate) hits: IntCounter,
    pub(crate) misses: IntCounter,
    pub(crate) refreshes: IntCounter,
}

impl KeyCacheMetrics {
    pub(crate) fn register(registry: &Registry) -> prometheus::Result<Self> {
        let hits = IntCounter::new("gochat_key_cache_hits_total", "Keys found in the cache.")?;
        let misses = IntCounter::new(
            "gochat_key_cache_misses_total",
            "Keys that a request had to look up in the database.",
        )?;
        registry.register(Box::new(hits.clone()))?;
        let refreshes = IntCounter::new(
            "gochat_key_cache_refreshes_total",
            "Keys that were looked up in the background before their cache entry was stale.",
        )?;
        registry.register(Box::new(misses.clone()))?;
        registry.register(Box::new(refreshes.clone()))?;
        Ok(Self { hits, misses, refreshes })
    }
}

/// A gauge whose value is computed when the registry is read. `prometheus::PullingGauge` takes no labels, which the
/// pool needs.
pub(crate) struct LiveGauge<F> {
    gauge: IntGauge,
    read: F,
}

impl<F: Fn() -> i64 + Send + Sync + 'static> LiveGauge<F> {
    pub(crate) fn register(registry: &Registry, opts: Opts, read: F) -> prometheus::Result<()> {
        registry.register(Box::new(Self { gauge: IntGauge::with_opts(opts)?, read }))
    }
}

impl<F: Fn() -> i64 + Send + Sync> Collector for LiveGauge<F> {
    fn desc(&self) -> Vec<&Desc> {
        self.gauge.desc()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        self.gauge.set((self.read)());
        self.gauge.collect()
    }
}
