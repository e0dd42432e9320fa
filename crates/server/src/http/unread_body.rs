//! Request bodies that may be left unread.
//!
//! If an unread body still exists when the reply is sent, the web server closes the connection afterwards. If a chunked
//! body is dropped unread, the web server instead reads on for as long as the client sends.

use actix_web::{
    HttpMessage, HttpResponse,
    body::{BodySize, BoxBody, MessageBody},
    dev::{Payload, ServiceRequest},
    error::PayloadError,
    http::header::TRANSFER_ENCODING,
    web::Bytes,
};
use futures_util::Stream;
use std::{
    cell::RefCell,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

/// A request body that outlives the handler that reads it.
#[derive(Clone)]
pub(super) struct SharedBody(Rc<RefCell<Payload>>);

impl SharedBody {
    /// Shares the body of `request` if it has no declared length.
    pub(super) fn share(request: &mut ServiceRequest) -> Option<Self> {
        request.headers().contains_key(TRANSFER_ENCODING).then(|| {
            let body = Self(Rc::new(RefCell::new(request.take_payload())));
            request.set_payload(Payload::Stream { payload: Box::pin(body.clone()) });
            body
        })
    }

    /// Keeps the request body alive until `reply` is sent.
    pub(super) fn keep_until_sent<B: MessageBody + 'static>(self, reply: HttpResponse<B>) -> HttpResponse {
        reply.map_body(|_, body| {
            BoxBody::new(ReplyWithRequestBody { body: body.boxed(), _request_body: self })
        })
    }
}

impl Stream for SharedBody {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_next(cx)
    }
}

struct ReplyWithRequestBody {
    body: BoxBody,
    _request_body: SharedBody,
}

impl MessageBody for ReplyWithRequestBody {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(cx)
    }
}
