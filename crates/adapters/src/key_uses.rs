//! The last uses of API keys: noted in memory by requests, stored in the background.

mod noted;
#[cfg(test)]
mod tests;

use crate::commit::MAX_USES;
use gochat_domain::ports::{ApiKeyRepository, StorageError};
pub(crate) use noted::{LastUse, NotedUses};
use std::{sync::Arc, time::Duration};

/// Stores the uses of keys that an authenticator has noted.
#[derive(Clone)]
pub struct KeyUseRecorder {
    keys: Arc<dyn ApiKeyRepository>,
    noted: Arc<NotedUses>,
}

impl KeyUseRecorder {
    /// Interval between two calls of [`Self::record`]. Uses are noted to the minute.
    pub const INTERVAL: Duration = Duration::from_secs(60);

    pub(crate) fn new(keys: Arc<dyn ApiKeyRepository>, noted: Arc<NotedUses>) -> Self {
        Self { keys, noted }
    }

    /// Stores the noted uses that are not stored yet, in writes of up to `MAX_USES` keys each.
    ///
    /// # Errors
    /// A write failed. Its uses stay noted, and the next call stores them.
    pub async fn record(&self) -> Result<(), StorageError> {
        for uses in self.noted.unstored().chunks(MAX_USES) {
            let locked = self.keys.record_uses(uses).await?;
            self.noted.set_stored(uses, &locked);
        }
        self.noted.forget_idle();
        Ok(())
    }

    /// The number of keys with a noted use that is not stored yet.
    pub fn unstored(&self) -> usize {
        self.noted.unstored().len()
    }
}
