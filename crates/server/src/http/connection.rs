//! A wrapper around the client's socket that adds what actix's web server has no hook for.
//!
//! - Requests are served one at a time: the next one is passed on once the reply is flushed ([`pipeline`]).
//! - Each connection has a share of its worker's time ([`read_budget`]), and each wait for the client has a timeout
//!   ([`timeouts`]).
//! - At the connection limit, the connection that has waited longest for its client is closed for a new one ([`slots`]).
//! - Errors that the web server answers itself get the same body as all others ([`bare_error`]).

mod bare_error;
mod body_signals;
mod chunks;
mod pipeline;
mod read;
mod read_budget;
mod request_head;
mod slots;
mod timeouts;
mod write;

pub(crate) use body_signals::{BodySignals, OpenReply};
pub(super) use slots::{ConnectionLimit, Slots};
pub(crate) use timeouts::Timeouts;

use super::metrics::{HttpMetrics, OpenCount};
use actix_web::web::{Bytes, BytesMut};
use pipeline::Pipeline;
use read_budget::ReadBudget;
use slots::{EvictableWait, Slot};
use std::{
    net::IpAddr,
    task::{Context, Poll, ready},
};
use timeouts::{Deadline, TimedWait};
use tokio::io::{AsyncRead, AsyncWrite};

/// The half of a connection in which the client sends.
#[derive(PartialEq)]
enum ClientHalf {
    Open,
    /// Closed, and the web server has not been told.
    ClosedUnseen,
    /// Closed, and the web server has been told, or is about to be.
    Closed,
}

/// A connection to a client.
pub(super) struct Connection<S> {
    stream: S,
    peer: Option<IpAddr>,
    metrics: HttpMetrics,
    _counted: OpenCount,
    /// `None` if the connection limit was reached.
    slot: Option<Slot>,
    pipeline: Pipeline,
    body_signals: BodySignals,
    read_budget: ReadBudget,
    deadline: Deadline,
    /// Bytes received and not yet passed to the web server. The first `admitted` of them may be passed.
    buffered: BytesMut,
    admitted: usize,
    /// True once a request was passed on.
    has_served: bool,
    /// True while the client must read more of a reply before the rest can be written.
    is_write_blocked: bool,
    /// Number of bytes received after the last reply.
    bytes_after_reply: usize,
    /// The rest of an error reply that is being written in place of the web server's.
    error_reply: Bytes,
    client_half: ClientHalf,
    /// True once the connection must close.
    has_ended: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// Creates a connection from `peer`. If no slot is free, it answers 503.
    pub(super) fn new(
        stream: S,
        peer: Option<IpAddr>,
        slots: &Slots,
        timeouts: Timeouts,
        metrics: HttpMetrics,
    ) -> Self {
        let mut connection = Self {
            stream,
            peer,
            _counted: metrics.open_connection(),
            metrics,
            slot: slots.acquire(),
            pipeline: Pipeline::new(),
            body_signals: BodySignals::default(),
            read_budget: ReadBudget::new(),
            deadline: Deadline::new(timeouts),
            buffered: BytesMut::new(),
            admitted: 0,
            has_served: false,
            is_write_blocked: false,
            bytes_after_reply: 0,
            error_reply: Bytes::new(),
            client_half: ClientHalf::Open,
            has_ended: false,
        };
        if connection.slot.is_none() {
            connection.complete_bare_error(bare_error::TOO_MANY_CONNECTIONS);
        }
        connection
    }

    /// Returns the signals for the handlers of this connection's requests.
    pub(super) fn body_signals(&self) -> &BodySignals {
        &self.body_signals
    }

    /// If `written` ends with a bare error, keeps the completed reply to write in its place, and returns true.
    fn complete_bare_error(&mut self, written: &[u8]) -> bool {
        let Some((refusal, error_reply)) = bare_error::complete(written, self.peer) else { return false };
        self.metrics.record_bare_error(refusal);
        self.error_reply = error_reply;
        true
    }

    /// Ready when the connection must close: a wait timed out, its slot is needed, or there were too many empty lines.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.has_ended {
            ready!(self.poll_reason_to_end(cx));
            self.has_ended = true;
        }
        Poll::Ready(())
    }

    /// Ready when there is a reason to close, which [`Self::poll_end`] then remembers.
    fn poll_reason_to_end(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.is_write_blocked {
            return Poll::Pending;
        }
        if self.pipeline.is_finished() {
            return self.deadline.poll(TimedWait::Close, cx);
        }
        if !self.pipeline.awaits_head() {
            return Poll::Pending;
        }
        // Empty lines neither begin a head nor end a wait: a client that sends them is as idle as a silent one.
        if !self.skip_empty_lines() {
            self.complete_bare_error(bare_error::MALFORMED);
            return Poll::Ready(());
        }
        let wait = match (self.buffered.is_empty(), self.has_served) {
            (true, false) => TimedWait::FirstRequest,
            (true, true) => TimedWait::NextRequest,
            (false, _) => TimedWait::RestOfHead,
        };
        let is_in_head = wait == TimedWait::RestOfHead;
        let slot_wait = if is_in_head { EvictableWait::RestOfHead } else { EvictableWait::Request };
        let must_close = self.slot.as_ref().is_none_or(|slot| slot.record_wait(slot_wait, cx));
        if !must_close {
            ready!(self.deadline.poll(wait, cx));
        }
        if is_in_head {
            self.complete_bare_error(bare_error::HEAD_TIMEOUT);
        }
        Poll::Ready(())
    }
}
