//! The state of the database, which is checked only while somebody watches it.

use actix_web::rt;
use futures_util::{FutureExt, future::BoxFuture};
use gochat_adapters::{Readiness, ReadinessProbe};
use serde::Serialize;
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Shortest time between two checks. A check of an idle database is a transaction.
const INTERVAL: Duration = Duration::from_secs(5);

/// Longest time of a check.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Time after which a finding says nothing about now.
const VALID_FOR: Duration = Duration::from_secs(15);

/// The result of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    /// True if the database serves reads and writes.
    pub(super) is_ok: bool,
    /// A phrase for people.
    pub(super) text: String,
}

/// The last finding. Clones share it.
#[derive(Clone)]
pub(crate) struct DatabaseState(Arc<Shared>);

struct Shared {
    check: Box<dyn Fn() -> BoxFuture<'static, Readiness> + Send + Sync>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    begun_at: Option<Instant>,
    found: Option<(Instant, Finding)>,
}

impl DatabaseState {
    /// The state that a probe finds.
    pub(crate) fn of(probe: ReadinessProbe) -> Self {
        Self::new(move || {
            let probe = probe.clone();
            async move { probe.check(TIMEOUT).await }.boxed()
        })
    }

    /// A state that is found by `check`, which must end within [`INTERVAL`].
    pub(super) fn new(check: impl Fn() -> BoxFuture<'static, Readiness> + Send + Sync + 'static) -> Self {
        Self(Arc::new(Shared { check: Box::new(check), state: Mutex::default() }))
    }

    /// Starts a check in the background, unless one was started a short while ago.
    pub(super) fn check_if_due(&self, now: Instant) {
        let mut state = self.lock();
        if state.begun_at.is_some_and(|begun_at| now.saturating_duration_since(begun_at) < INTERVAL) {
            return;
        }
        state.begun_at = Some(now);
        let this = self.clone();
        rt::spawn(async move {
            let finding = Finding::from((this.0.check)().await);
            this.lock().found = Some((now, finding));
        });
    }

    /// Returns the last finding; `None` if there is no recent one.
    pub(super) fn last(&self, now: Instant) -> Option<Finding> {
        let state = self.lock();
        let (at, finding) = state.found.as_ref()?;
        (now.saturating_duration_since(*at) < VALID_FOR).then(|| finding.clone())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<Readiness> for Finding {
    fn from(readiness: Readiness) -> Self {
        let text = match &readiness {
            Readiness::Ready => "ready".to_owned(),
            Readiness::NotWritable(reason) => format!("accepts no writes: {reason}"),
            Readiness::WrongSchema(reason) => format!("has another schema: {reason}"),
            Readiness::Unreachable(reason) => format!("unreachable: {reason}"),
        };
        Self { is_ok: readiness == Readiness::Ready, text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[actix_web::test]
    async fn checks_run_only_when_asked_for_and_not_too_often() {
        let checks = Arc::new(AtomicUsize::new(0));
        let database = DatabaseState::new({
            let checks = Arc::clone(&checks);
            move || {
                let number = checks.fetch_add(1, Ordering::SeqCst);
                let reason = "no answer within 2s".to_owned();
                let found = if number == 0 { Readiness::Ready } else { Readiness::Unreachable(reason) };
                async { found }.boxed()
            }
        });
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        for (seconds, asks, number, found) in [
            (0, false, 0, None),
            (0, true, 1, Some((true, "ready"))),
            (4, true, 1, Some((true, "ready"))),
            (5, true, 2, Some((false, "unreachable: no answer within 2s"))),
            (19, false, 2, Some((false, "unreachable: no answer within 2s"))),
            (20, false, 2, None),
        ] {
            if asks {
                database.check_if_due(after(seconds));
                // Runs the check.
                rt::task::yield_now().await;
            }
            let found = found.map(|(is_ok, text)| Finding { is_ok, text: text.to_owned() });
            assert_eq!(
                (checks.load(Ordering::SeqCst), database.last(after(seconds))),
                (number, found),
                "{seconds}"
            );
        }
    }

    #[test]
    fn a_finding_says_what_is_wrong() {
        for (readiness, text) in [
            (Readiness::NotWritable("refused".into()), "accepts no writes: refused"),
            (Readiness::WrongSchema("pending: 1".into()), "has another schema: pending: 1"),
        ] {
            assert_eq!(Finding::from(readiness), Finding { is_ok: false, text: text.to_owned() });
        }
    }
}
