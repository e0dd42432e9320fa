//! In-memory ports, for tests and for measurements without a database. Nothing is durable.

mod api_keys;
mod dashboard_secrets;
mod groups;

pub use api_keys::MemoryApiKeys;
pub use dashboard_secrets::MemoryDashboardSecrets;
pub use groups::MemoryGroups;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Ignores poisoning: every critical section leaves the data consistent.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
