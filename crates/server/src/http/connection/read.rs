//! The reading half: passes requests to the web server, one at a time.

use super::{ClientHalf, Connection, read_budget};
use actix_web::web::{Buf, BytesMut};
use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Maximum number of bytes to discard after the last reply. Reading lets a client that is still sending receive the
/// reply; the limit keeps it from taking time from other clients.
const MAX_BYTES_AFTER_REPLY: usize = 256 * 1024;

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// Copies admitted bytes from the buffer to `buf`. Returns true if there were any.
    fn admit_buffered(&mut self, buf: &mut ReadBuf<'_>) -> bool {
        if self.admitted == 0 && !self.buffered.is_empty() {
            self.admitted = self.pipeline.admit(&mut self.buffered);
        }
        let released = self.admitted.min(buf.remaining());
        if released > 0 {
            buf.put_slice(&self.buffered.split_to(released));
            self.admitted -= released;
        }
        if self.buffered.is_empty() && released > 0 {
            // Frees the memory of a large head while the connection is idle.
            self.buffered = BytesMut::new();
        }
        released > 0
    }

    /// Drops empty lines before a head. Returns false, and keeps the buffered ones, if there were too many.
    pub(super) fn skip_empty_lines(&mut self) -> bool {
        if self.admitted > 0 {
            return true;
        }
        let length = self.pipeline.leading_empty_lines(&self.buffered);
        let may_continue = self.pipeline.skip_empty_lines(length);
        if may_continue {
            self.buffered.advance(length);
        }
        may_continue
    }

    /// Keeps only the admitted part of the bytes after `start` in `buf`, and buffers the rest. Returns true if any
    /// were admitted.
    fn admit_received(&mut self, buf: &mut ReadBuf<'_>, start: usize) -> bool {
        let received = &mut buf.filled_mut()[start..];
        let passed = if self.buffered.is_empty() && self.pipeline.leading_empty_lines(received) == 0 {
            self.pipeline.admit(received)
        } else {
            0
        };
        self.buffered.extend_from_slice(&received[passed..]);
        buf.set_filled(start + passed);
        passed > 0
    }

    /// Returns true while the web server must not see that the client has closed its half. The whole request was passed
    /// on, but the web server would drop the part of the body that it has not decoded yet.
    pub(super) fn must_hide_end(&self) -> bool {
        self.pipeline.awaits_reply() && !self.pipeline.is_finished()
    }

    fn begin_request(&mut self) {
        self.deadline.end();
        self.body_signals.begin_request();
        self.read_budget.spend(read_budget::REQUEST_COST);
        (self.has_served, self.bytes_after_reply) = (true, 0);
        if let Some(slot) = &self.slot {
            slot.mark_busy();
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Connection<S> {
    /// Reads admitted bytes. Reports the end of the stream if the connection must close.
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let awaited_head = this.pipeline.awaits_head();
        loop {
            if this.slot.is_none() || this.poll_end(cx).is_ready() {
                return Poll::Ready(Ok(()));
            }
            ready!(this.read_budget.poll(cx));
            if this.admit_buffered(buf) {
                break;
            }
            if this.pipeline.awaits_reply() && !this.buffered.is_empty() {
                // Reading continues when the reply is flushed.
                return Poll::Pending;
            }
            if this.pipeline.is_body_too_large() {
                this.body_signals.report_too_large();
                return Poll::Pending;
            }
            if this.bytes_after_reply >= MAX_BYTES_AFTER_REPLY {
                // The timeout of the lingering close ends the connection.
                return Poll::Pending;
            }
            match this.client_half {
                ClientHalf::Open => {}
                ClientHalf::ClosedUnseen if this.must_hide_end() => return Poll::Pending,
                ClientHalf::ClosedUnseen | ClientHalf::Closed => {
                    this.client_half = ClientHalf::Closed;
                    return Poll::Ready(Ok(()));
                }
            }
            let start = buf.filled().len();
            let Poll::Ready(read) = Pin::new(&mut this.stream).poll_read(cx, buf) else {
                this.read_budget.refill();
                return Poll::Pending;
            };
            read?;
            let received = buf.filled().len() - start;
            if received == 0 {
                this.client_half = ClientHalf::ClosedUnseen;
                continue;
            }
            this.read_budget.spend(received);
            if this.pipeline.is_finished() {
                this.bytes_after_reply += received;
            }
            if this.admit_received(buf, start) {
                break;
            }
        }
        if awaited_head && !this.pipeline.awaits_head() {
            this.begin_request();
        }
        Poll::Ready(Ok(()))
    }
}
