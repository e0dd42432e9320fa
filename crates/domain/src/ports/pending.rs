//! Answers that are still to come.

use std::{future::Future, pin::Pin};

/// The answer to a write that the storage has taken and not yet completed. Dropping it gives up the answer; the write may
/// still be stored.
pub type PendingAnswer<T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;
