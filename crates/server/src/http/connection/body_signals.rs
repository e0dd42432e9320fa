//! Signals between a connection and the handler that reads the body of its request.

use std::{cell::Cell, rc::Rc};
use tokio::sync::Notify;

/// Signals about the body of the current request. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct BodySignals(Rc<Signals>);

#[derive(Default)]
struct Signals {
    is_wanted: Cell<bool>,
    is_reply_open: Cell<bool>,
    is_last: Cell<bool>,
    too_large: Notify,
}

impl BodySignals {
    /// Reports that the body is too large. The connection stops reading until the reply is flushed, and serves no further
    /// request.
    pub(super) fn report_too_large(&self) {
        self.0.too_large.notify_one();
    }

    /// Records that a request begins. No handler has asked for its body yet.
    pub(super) fn begin_request(&self) {
        self.0.is_wanted.set(false);
        self.0.is_reply_open.set(false);
        self.0.is_last.set(false);
    }

    /// Returns true while the handler still adds to the reply.
    pub(super) fn is_reply_open(&self) -> bool {
        self.0.is_reply_open.get()
    }

    /// Returns true if the reply announces that the connection closes.
    pub(super) fn is_last(&self) -> bool {
        self.0.is_last.get()
    }

    /// Records that the handler adds to the reply until the returned value is dropped. Until then the reply is incomplete,
    /// even when everything written so far is flushed.
    pub(crate) fn open_reply(&self) -> OpenReply {
        self.0.is_reply_open.set(true);
        OpenReply(self.clone())
    }

    /// Records that the reply announces that the connection closes: no further request is served.
    pub(crate) fn close_after_reply(&self) {
        self.0.is_last.set(true);
    }

    /// Returns true once the handler reads the body.
    pub(super) fn is_wanted(&self) -> bool {
        self.0.is_wanted.get()
    }

    /// Records that the handler reads the body: the client may be told to send it.
    pub(in super::super) fn want(&self) {
        self.0.is_wanted.set(true);
    }

    /// Waits until the connection finds that the body is too large.
    pub(in super::super) async fn too_large(&self) {
        self.0.too_large.notified().await;
    }
}

/// A reply to which the handler still adds.
pub(crate) struct OpenReply(BodySignals);

impl Drop for OpenReply {
    fn drop(&mut self) {
        self.0.0.is_reply_open.set(false);
    }
}
