//! What the web server reads: requests that may pass, one at a time.

use super::{Connection, turn};
use actix_web::web::{Buf, BytesMut};
use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes that are read after the last reply, so that the client can take it while it sends. To read all would cost the others.
const MOST_SURPLUS: usize = 256 * 1024;

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
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

    fn serve(&mut self) {
        self.deadline.end();
        self.turn.spend(turn::REQUEST);
        (self.has_served, self.surplus) = (true, 0);
        if let Some(seat) = &self.seat {
            seat.serve();
        }
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
