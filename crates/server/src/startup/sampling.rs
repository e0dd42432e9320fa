//! The sampler of the dashboard's figures.

use crate::{
    dashboard::{DatabaseState, Facts, Now, Sampler},
    http::{HttpMetrics, Refusals},
};
use actix_web::rt;
use gochat_adapters::{CommitQueue, DatabaseUrl, ReadinessProbe};
use gochat_domain::clock::SystemClock;
use prometheus::Registry;
use std::time::Instant;
use tokio::task::JoinHandle;

/// Samples the metrics of requests and of the queue until the returned task is aborted. It runs on this thread, not on
/// those that serve requests.
pub(super) fn start(
    metrics: &HttpMetrics,
    queue: &CommitQueue,
    refusals: Refusals,
    probe: ReadinessProbe,
    url: &DatabaseUrl,
) -> prometheus::Result<(Now, JoinHandle<()>)> {
    // A registry of their own, because the other metrics are not needed.
    let registry = Registry::new();
    metrics.register(&registry)?;
    queue.register(&registry)?;
    let (sampler, live) = Sampler::new(registry, refusals, DatabaseState::of(probe), Instant::now());
    Ok((Now { live, facts: Facts::of(url) }, rt::spawn(sampler.run(SystemClock))))
}
