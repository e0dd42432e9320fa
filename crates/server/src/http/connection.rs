//! A connection between the socket and the web server, which has no hook for any of this.
//!
//! - One request at a time: the next one passes when the reply is sent ([`gate`]).
//! - No client has more than its share of the worker ([`turn`]), and each wait for one has a timeout ([`deadline`]).
//! - At the limit, the connection that has waited longest makes way for a new one ([`slots`]).
//! - Each error has the body of the contract ([`bare_error`]).

mod bare_error;
mod chunks;
mod pipeline;
mod read;
mod read_budget;
mod request_head;
mod slots;
mod timeouts;
mod write;

pub(super) use slots::Slots;
pub(crate) use timeouts::Timeouts;

use super::metrics::{HttpMetrics, OpenConnection};
use actix_web::web::{Bytes, BytesMut};
use pipeline::Pipeline;
use read_budget::ReadBudget;
use slots::Slot;
use std::{
    net::IpAddr,
    rc::Rc,
    task::{Context, Poll, ready},
};
use timeouts::{Deadline, Wait};
use tokio::io::{AsyncRead, AsyncWrite};

/// A connection with a client.
pub(super) struct Connection<S> {
    stream: S,
    peer: Option<IpAddr>,
    metrics: HttpMetrics,
    _counted: OpenConnection,
    /// `None` where there was no room.
    slot: Option<Slot>,
    pipeline: Pipeline,
    read_budget: ReadBudget,
    deadline: Deadline,
    /// Received bytes. The first `admitted` of them may pass.
    buffered: BytesMut,
    admitted: usize,
    /// Whether a request has passed.
    has_served: bool,
    /// Whether the client has to take a part of a reply before more can be written.
    is_writing: bool,
    /// Bytes that came after the last reply.
    bytes_after_reply: usize,
    /// The rest of a error_reply error.
    error_reply: Bytes,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// A connection from `peer`. Where there is no slot for it, it is answered 503.
    pub(super) fn new(
        stream: S,
        peer: Option<IpAddr>,
        slots: &Rc<Slots>,
        limits: Timeouts,
        metrics: HttpMetrics,
    ) -> Self {
        let mut connection = Self {
            stream,
            peer,
            _counted: metrics.open_connection(),
            metrics,
            slot: slots.acquire(),
            pipeline: Pipeline::new(),
            read_budget: ReadBudget::new(),
            deadline: Deadline::new(limits),
            buffered: BytesMut::new(),
            admitted: 0,
            has_served: false,
            is_writing: false,
            bytes_after_reply: 0,
            error_reply: Bytes::new(),
        };
        if connection.slot.is_none() {
            connection.complete_bare_error(bare_error::TOO_MANY_CONNECTIONS);
        }
        connection
    }

    /// Takes over what is to be written, if a bare error is in it.
    fn complete_bare_error(&mut self, written: &[u8]) -> bool {
        let Some((status, error_reply)) = bare_error::complete(written, self.peer) else { return false };
        self.metrics.record_bare_error(status);
        self.error_reply = error_reply;
        true
    }

    /// Ready when the connection is to end: a wait took too long, or it must make way.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.is_writing {
            return Poll::Pending;
        }
        if self.pipeline.is_finished() {
            return self.deadline.poll(Wait::Close, cx);
        }
        if !self.pipeline.awaits_head() {
            return Poll::Pending;
        }
        let wait = match (self.buffered.is_empty(), self.has_served) {
            (true, false) => Wait::First,
            (true, true) => Wait::Next,
            (false, _) => Wait::Head,
        };
        let must_close = self.slot.as_ref().is_none_or(|slot| slot.wait(wait == Wait::Head, cx));
        if !must_close {
            ready!(self.deadline.poll(wait, cx));
        }
        if wait == Wait::Head {
            self.complete_bare_error(bare_error::HEAD_TIMEOUT);
        }
        Poll::Ready(())
    }
}
