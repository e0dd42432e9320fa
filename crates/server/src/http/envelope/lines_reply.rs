//! The reply of a body of lines, which is logged at its end.

use super::{Envelope, LineCounts};
use actix_web::{
    body::{BodySize, BoxBody, MessageBody},
    http::StatusCode,
    web::Bytes,
};
use gochat_domain::auth::KeyId;
use std::{
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

/// A reply of lines. Dropping it logs the request.
pub(super) struct LinesReply {
    pub(super) body: BoxBody,
    pub(super) envelope: Envelope,
    pub(super) route: Option<String>,
    pub(super) status: StatusCode,
    pub(super) key: Option<KeyId>,
    pub(super) lines: Rc<LineCounts>,
}

impl MessageBody for LinesReply {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(cx)
    }
}

impl Drop for LinesReply {
    fn drop(&mut self) {
        self.envelope.log(self.route.as_deref(), self.status, self.key, Some(&self.lines));
    }
}
