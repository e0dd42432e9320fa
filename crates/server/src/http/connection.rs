//! A connection between the socket and the web server, which has no hook for any of this.
//!
//! - One request at a time: the next one is let through when the reply is sent ([`gate`]).
//! - No client has more than its share of the worker ([`turn`]), and no wait for one is without an end ([`patience`]).
//! - Where there are too many, the one that has waited longest makes way ([`seats`]).
//! - Each error has the body of the contract ([`bare_error`]).

mod bare_error;
mod chunks;
mod gate;
mod patience;
mod request_head;
mod seats;
mod turn;

pub(crate) use patience::Limits;
pub(super) use seats::Seats;

use super::metrics::{Connected, HttpMetrics};
use actix_web::web::{Buf, Bytes, BytesMut};
use gate::Gate;
use patience::{Patience, Wait};
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
    patience: Patience,
    /// Bytes that have come and may not pass yet, but for the first `cleared` ones.
    held: BytesMut,
    cleared: usize,
    /// Whether any byte has come.
    has_begun: bool,
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
            patience: Patience::new(limits),
            held: BytesMut::new(),
            cleared: 0,
            has_begun: false,
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

    /// Lets bytes through to `buf` that were held. Returns whether there were any.
    fn release(&mut self, buf: &mut ReadBuf<'_>) -> bool {
        self.held.advance(self.gate.empty_lines(&self.held));
        if self.cleared == 0 && !self.held.is_empty() {
            self.cleared = self.gate.pass(&mut self.held);
        }
        let released = self.cleared.min(buf.remaining());
        if released > 0 {
            buf.put_slice(&self.held.split_to(released));
            self.cleared -= released;
        }
        released > 0
    }

    /// Lets those bytes at the end of `buf` through that may pass, and holds the others. Returns whether any passed.
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

    /// Ready when the connection is to end: it has waited too long for a request, or must make way.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.gate.awaits_head() {
            return Poll::Pending;
        }
        let wait = match (self.held.is_empty(), self.has_begun) {
            (true, false) => Wait::First,
            (true, true) => Wait::Next,
            (false, _) => Wait::Head,
        };
        let must_leave = self.seat.as_ref().is_none_or(|seat| seat.wait(cx));
        if must_leave && wait != Wait::Head {
            return Poll::Ready(());
        }
        ready!(self.patience.poll(wait, cx));
        if wait == Wait::Head {
            self.refuse(bare_error::SLOW_HEAD);
        }
        Poll::Ready(())
    }

    fn serve(&mut self) {
        self.patience.end();
        self.turn.spend(turn::REQUEST);
        if let Some(seat) = &self.seat {
            seat.serve();
        }
    }

    /// An error when the client has taken nothing for too long.
    fn poll_taking(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        self.patience.poll(Wait::Taking, cx).map(|()| io::ErrorKind::TimedOut.into())
    }

    fn poll_write_stream(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_write(cx, bytes) {
            Poll::Ready(written) => {
                self.patience.end();
                Poll::Ready(written)
            }
            Poll::Pending => self.poll_taking(cx).map(Err),
        }
    }

    /// Reads until the client has closed too, for a while.
    fn poll_discard(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut bytes = [0; 4096];
        loop {
            if self.patience.poll(Wait::Linger, cx).is_ready() {
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
    /// Reads nothing, which the web server takes for the client's end, where the connection is to end.
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let awaited_head = this.gate.awaits_head();
        loop {
            if this.seat.is_none() {
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
            let before = buf.filled().len();
            let Poll::Ready(read) = Pin::new(&mut this.stream).poll_read(cx, buf) else {
                return this.poll_end(cx).map(Ok);
            };
            read?;
            let received = buf.filled().len() - before;
            if received == 0 {
                return Poll::Ready(Ok(()));
            }
            this.has_begun = true;
            this.turn.spend(received);
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
        if self.gate.sent() && (!self.held.is_empty() || self.poll_end(cx).is_ready()) {
            // What was held can be read now.
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

/// The leave to send a body, which is no reply.
const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
