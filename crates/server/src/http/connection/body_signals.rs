//! Signals between a connection and the handler that reads the body of its request.

use std::rc::Rc;
use tokio::sync::Notify;

/// Signals about the body of the current request. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct BodySignals(Rc<Signals>);

#[derive(Default)]
struct Signals {
    too_large: Notify,
}

impl BodySignals {
    /// Reports that the body is too large, and that the connection reads no more of it. Nothing follows the request.
    pub(super) fn report_too_large(&self) {
        self.0.too_large.notify_one();
    }

    /// Waits until the connection finds that the body is too large.
    pub(in super::super) async fn too_large(&self) {
        self.0.too_large.notified().await;
    }
}
