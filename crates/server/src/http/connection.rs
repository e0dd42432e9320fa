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
mod request_head;
mod seats;
mod turn;

pub(crate) use deadline::Limits;
pub(super) use seats::Seats;

use super::metrics::{Connected, HttpMetrics};
use actix_web::web::{Buf, Bytes, BytesMut};
use deadline::{Deadline, Wait};
use gate::Gate;
use seats::Seat;
use std::{
    io,
    net::IpAddr,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use turn::Turn;

/// Bytes that are read after the last reply, so that the client can take it while it sends. To read all would cost the others.
const MOST_SURPLUS: usize = 256 * 1024;

/// `100 Continue`, which is no final reply.
const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

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

    /// Passes held bytes to `buf`. Returns whether there were any that may pass.
    fn release(&mut self, buf: &mut ReadBuf<'_>) -> bool {
        if self.cleared == 0 {
            self.held.advance(self.gate.empty_lines(&self.held));
            self.cleared = if self.held.is_empty() { 0 } else { self.gate.pass(&mut self.held) };
        }
        let released = self.cleared.min(buf.remaining());
        if released > 0 {
            buf.put_slice(&self.held.split_to(released));
            self.cleared -= released;
        }
        if self.held.is_empty() && released > 0 {
            // An idle connection is not to keep what a large head took.
            self.held = BytesMut::new();
        }
        released > 0
    }

    /// Holds those bytes at the end of `buf` that may not pass. Returns whether any passed.
    fn filter(&mut self, buf: &mut ReadBuf<'_>, before: usize) -> bool {
        let received = &mut buf.filled_mut()[before..];
        let passed = if self.held.is_empty() && self.gate.empty_lines(received) == 0 {
            self.gate.pass(received)
        } else {
            0
        };
        self.held.extend_from_slice(&received[passed..]);
        buf.set_filled(before + passed);
        passed > 0
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

    fn serve(&mut self) {
        self.deadline.end();
        self.turn.spend(turn::REQUEST);
        (self.has_served, self.surplus) = (true, 0);
        if let Some(seat) = &self.seat {
            seat.serve();
        }
    }

    fn poll_write_stream(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_write(cx, bytes) {
            Poll::Ready(written) => {
                self.is_writing = false;
                self.deadline.end();
                Poll::Ready(written)
            }
            Poll::Pending => {
                self.is_writing = true;
                self.deadline.poll(Wait::Write, cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
            }
        }
    }

    /// Discards what comes until the client closes or time is over.
    fn poll_discard(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let wait = if self.seat.is_some() { Wait::Close } else { Wait::CloseUnserved };
        let mut bytes = [0; 4096];
        loop {
            if self.deadline.poll(wait, cx).is_ready() {
                return Poll::Ready(Ok(()));
            }
            ready!(self.turn.poll(cx));
            let mut buf = ReadBuf::new(&mut bytes);
            ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buf))?;
            if buf.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            self.turn.spend(buf.filled().len());
        }
    }

    fn poll_write_completed(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.completed.is_empty() {
            let completed = self.completed.clone();
            let written = ready!(self.poll_write_stream(cx, &completed))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.completed.advance(written);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Connection<S> {
    /// Reads. Where the connection is to end, it reads no bytes, as at the end of a stream.
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let awaited_head = this.gate.awaits_head();
        loop {
            if this.seat.is_none() || this.poll_end(cx).is_ready() {
                return Poll::Ready(Ok(()));
            }
            ready!(this.turn.poll(cx));
            if this.release(buf) {
                break;
            }
            if this.gate.is_closed() && !this.held.is_empty() {
                // It is read on when the reply is sent.
                return Poll::Pending;
            }
            if this.surplus >= MOST_SURPLUS {
                // The end has a timeout.
                return Poll::Pending;
            }
            let before = buf.filled().len();
            let Poll::Ready(read) = Pin::new(&mut this.stream).poll_read(cx, buf) else {
                this.turn.end();
                return Poll::Pending;
            };
            read?;
            let received = buf.filled().len() - before;
            if received == 0 {
                return Poll::Ready(Ok(()));
            }
            this.turn.spend(received);
            if this.gate.is_over() {
                this.surplus += received;
            }
            if this.filter(buf, before) {
                break;
            }
        }
        if awaited_head && !this.gate.awaits_head() {
            this.serve();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Connection<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_write_completed(cx))?;
        if buf != CONTINUE {
            self.gate.replied();
        }
        if self.refuse(buf) { Poll::Ready(Ok(buf.len())) } else { self.poll_write_stream(cx, buf) }
    }

    /// The web server asks for this when all that it had to write is written.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_write_completed(cx))?;
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        let opens = self.gate.sent();
        // The web server reads again when it is woken: what was held, or the end.
        if self.poll_end(cx).is_ready() || (opens && !self.held.is_empty()) {
            cx.waker().wake_by_ref();
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_write_completed(cx))?;
        ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
        // Where bytes are left unread, the system resets the connection, and the client may lose the reply.
        if self.seat.is_none() || !self.held.is_empty() { self.poll_discard(cx) } else { Poll::Ready(Ok(())) }
    }
}
