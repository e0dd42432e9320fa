//! Samples the metrics once a second.

use super::{counts::Counts, database_state::DatabaseState, live::Live, sample::Total};
use crate::http::Refusals;
use actix_web::{rt::time::interval, web::Bytes};
use gochat_domain::clock::{Clock, Timestamp};
use prometheus::Registry;
use std::time::{Duration, Instant};
use tokio::{sync::broadcast, time::MissedTickBehavior};

/// Time between two samples.
const INTERVAL: Duration = Duration::from_secs(1);

/// Turns metrics into the figures of the dashboard.
pub(crate) struct Sampler {
    registry: Registry,
    refusals: Refusals,
    live: Live,
    events: broadcast::Sender<Bytes>,
    last: Total,
    last_at: Instant,
}

impl Sampler {
    /// A sampler of the metrics in `registry`, and of the number of `refusals`. Each sample reads the whole registry, so
    /// it should be a small one. The service has started at `started_at`.
    pub(crate) fn new(
        registry: Registry,
        refusals: Refusals,
        database: DatabaseState,
        started_at: Instant,
    ) -> (Self, Live) {
        let (live, events) = Live::new(database, started_at);
        let last = Total::default();
        (Self { registry, refusals, live: live.clone(), events, last, last_at: started_at }, live)
    }

    /// Takes samples until the future is dropped. That also ends the streams of events.
    pub(crate) async fn run(mut self, clock: impl Clock) {
        let mut interval = interval(INTERVAL);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first tick comes at once.
        interval.tick().await;
        loop {
            interval.tick().await;
            self.sample(clock.now(), Instant::now());
        }
    }

    fn sample(&mut self, at: Timestamp, now: Instant) {
        let total = Total { counts: Counts::read(&self.registry), refused: self.refusals.counts() };
        let sample = total.since(&self.last, at, now.saturating_duration_since(self.last_at));
        (self.last, self.last_at) = (total, now);
        self.live.add(sample, &self.events, now);
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{live::MAX_READERS, testing::Metrics},
        *,
    };
    use futures_util::FutureExt;
    use gochat_adapters::Readiness;
    use serde_json::{Value, json};

    /// A sampler whose clock each test sets.
    struct Test {
        metrics: Metrics,
        sampler: Sampler,
        live: Live,
        started_at: Instant,
    }

    impl Test {
        fn new() -> Self {
            let (metrics, started_at) = (Metrics::new(), Instant::now());
            let database = DatabaseState::new(|| async { Readiness::Ready }.boxed());
            let (sampler, live) =
                Sampler::new(metrics.registry.clone(), Refusals::default(), database, started_at);
            Self { metrics, sampler, live, started_at }
        }

        /// Takes a sample this many seconds after the start.
        fn sample(&mut self, seconds: u32) {
            let at = Timestamp::from_unix_micros(i64::from(seconds) * 1_000_000).unwrap();
            self.sampler.sample(at, self.started_at + Duration::from_secs(seconds.into()));
        }
    }

    /// Returns the data of an event with this name.
    fn data(name: &str, event: &Bytes) -> Value {
        let text = str::from_utf8(event).unwrap();
        let json =
            text.strip_prefix(&format!("event: {name}\ndata: ")).unwrap().strip_suffix("\n\n").unwrap();
        assert!(!json.contains('\n'));
        serde_json::from_str(json).unwrap()
    }

    #[actix_web::test]
    async fn a_reader_gets_the_past_and_then_each_sample() {
        let mut test = Test::new();
        test.metrics.record(["/v1/group", "POST", "201"], 0.005);
        test.sample(1);
        test.sample(2);
        let mut reader = test.live.read().unwrap();
        let past = data("past", &reader.past);
        let rates: Vec<_> =
            past.as_array().unwrap().iter().map(|sample| &sample["creates"]["rate"]).collect();
        assert_eq!(rates, [1.0, 0.0]);
        assert!(reader.events.try_recv().is_err());
        (0..30).for_each(|_| test.metrics.record(["/v1/group", "POST", "201"], 0.005));
        test.sample(4);
        let first = data("sample", &reader.events.try_recv().unwrap());
        assert_eq!(first["sample"]["creates"]["rate"], 15.0);
        assert_eq!((&first["uptime"], &first["database"]), (&json!("4 s"), &Value::Null));
        // Runs the check of the database.
        tokio::task::yield_now().await;
        test.sample(5);
        let second = data("sample", &reader.events.try_recv().unwrap());
        assert_eq!(second["database"], json!({"is_ok": true, "text": "ready"}));
        assert!(reader.events.try_recv().is_err());
    }

    #[actix_web::test]
    async fn the_number_of_readers_is_bounded() {
        let test = Test::new();
        let mut readers: Vec<_> = (0..MAX_READERS).map(|_| test.live.read().unwrap()).collect();
        assert!(test.live.read().is_none());
        readers.pop();
        assert!(test.live.read().is_some());
    }

    #[actix_web::test]
    async fn readers_end_with_the_sampler() {
        let Test { sampler, live, .. } = Test::new();
        let mut reader = live.read().unwrap();
        drop(sampler);
        assert_eq!(reader.events.recv().await, Err(broadcast::error::RecvError::Closed));
        assert!(live.read().is_none());
    }

    #[actix_web::test]
    async fn the_page_has_the_last_sample() {
        let mut test = Test::new();
        test.metrics.depth.set(7);
        test.sample(1);
        test.metrics.depth.set(0);
        let summary = test.live.summary(test.started_at + Duration::from_secs(61));
        assert_eq!((&*summary.figures.uptime, &*summary.figures.cards[5].figure), ("1 min 1 s", "7"));
        assert_eq!((summary.minutes.len(), summary.refused.len()), (1, 0));
    }
}
