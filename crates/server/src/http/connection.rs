//! A connection between the socket and the web server, which has no hook for any of this.
//!
//! - One request at a time: the next one passes when the reply is sent ([`gate`]).
//! - No client has more than its share of the worker ([`turn`]), and each wait for one has a timeout ([`deadline`]).
//! - At the limit, the connection that has waited longest makes way for a new one ([`seats`]).
//! - Each error has the body of the contract ([`bare_error`]).

mod bare_error;
mod chunks;
mod deadline;
mod gate;
mod read;
mod request_head;
mod seats;
mod turn;
mod write;

pub(crate) use deadline::Limits;
pub(super) use seats::Seats;

use super::metrics::{Connected, HttpMetrics};
use actix_web::web::{Bytes, BytesMut};
use deadline::{Deadline, Wait};
use gate::Gate;
use seats::Seat;
use std::{
    net::IpAddr,
    rc::Rc,
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite};
use turn::Turn;

/// A connection with a client.
pub(super) struct Connection<S> {
    stream: S,
    peer: Option<IpAddr>,
    metrics: HttpMetrics,
    _counted: Connected,
    /// `None` where there was no room.
    seat: Option<Seat>,
    gate: Gate,
    turn: Turn,
    deadline: Deadline,
    /// Received bytes. The first `cleared` of them may pass.
    held: BytesMut,
    cleared: usize,
    /// Whether a request has passed.
    has_served: bool,
    /// Whether the client has to take a part of a reply before more can be written.
    is_writing: bool,
    /// Bytes that came after the last reply.
    surplus: usize,
    /// The rest of a completed error.
    completed: Bytes,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// A connection from `peer`. Where there is no seat for it, it is answered 503.
    pub(super) fn new(
        stream: S,
        peer: Option<IpAddr>,
        seats: &Rc<Seats>,
        limits: Limits,
        metrics: HttpMetrics,
    ) -> Self {
        let mut connection = Self {
            stream,
            peer,
            _counted: metrics.connected(),
            metrics,
            seat: seats.take(),
            gate: Gate::new(),
            turn: Turn::new(),
            deadline: Deadline::new(limits),
            held: BytesMut::new(),
            cleared: 0,
            has_served: false,
            is_writing: false,
            surplus: 0,
            completed: Bytes::new(),
        };
        if connection.seat.is_none() {
            connection.refuse(bare_error::NO_ROOM);
        }
        connection
    }

    /// Takes over what is to be written, if a bare error is in it.
    fn refuse(&mut self, written: &[u8]) -> bool {
        let Some((status, completed)) = bare_error::complete(written, self.peer) else { return false };
        self.metrics.refused(status);
        self.completed = completed;
        true
    }

    /// Ready when the connection is to end: a wait took too long, or it must make way.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.is_writing {
            return Poll::Pending;
        }
        if self.gate.is_over() {
            return self.deadline.poll(Wait::Close, cx);
        }
        if !self.gate.awaits_head() {
            return Poll::Pending;
        }
        let wait = match (self.held.is_empty(), self.has_served) {
            (true, false) => Wait::First,
            (true, true) => Wait::Next,
            (false, _) => Wait::Head,
        };
        let must_leave = self.seat.as_ref().is_none_or(|seat| seat.wait(wait == Wait::Head, cx));
        if !must_leave {
            ready!(self.deadline.poll(wait, cx));
        }
        if wait == Wait::Head {
            self.refuse(bare_error::SLOW_HEAD);
        }
        Poll::Ready(())
    }
}
