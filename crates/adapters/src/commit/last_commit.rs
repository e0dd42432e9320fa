//! The time of the last committed create.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// The time at which a writer last committed a create or a probe create. Cloning shares it.
#[derive(Clone, Default)]
pub(crate) struct LastCommit(Arc<Mutex<Option<Instant>>>);

impl LastCommit {
    /// Records a commit that has just ended.
    pub(super) fn record(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Returns true if a commit ended within the last `period`.
    pub(crate) fn is_within(&self, period: Duration) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|moment| moment.elapsed() < period)
    }
}
