//! What the web server reads: requests that may pass, one at a time.

use super::{Connection, read_budget};
use actix_web::web::{Buf, BytesMut};
use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes that are read after the last reply, so that the client can take it while it sends. To read all would cost the others.
const MAX_BYTES_AFTER_REPLY: usize = 256 * 1024;

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// Passes buffered bytes to `buf`. Returns whether there were any that may pass.
    fn admit_buffered(&mut self, buf: &mut ReadBuf<'_>) -> bool {
        if self.admitted == 0 {
            self.buffered.advance(self.pipeline.leading_empty_lines(&self.buffered));
            self.admitted =
                if self.buffered.is_empty() { 0 } else { self.pipeline.admit(&mut self.buffered) };
        }
        let released = self.admitted.min(buf.remaining());
        if released > 0 {
            buf.put_slice(&self.buffered.split_to(released));
            self.admitted -= released;
        }
        if self.buffered.is_empty() && released > 0 {
            // An idle connection is not to keep what a large head took.
            self.buffered = BytesMut::new();
        }
        released > 0
    }

    /// Holds those bytes at the end of `buf` that may not pass. Returns whether any passed.
    fn admit_received(&mut self, buf: &mut ReadBuf<'_>, before: usize) -> bool {
        let received = &mut buf.filled_mut()[before..];
        let passed = if self.buffered.is_empty() && self.pipeline.leading_empty_lines(received) == 0 {
            self.pipeline.admit(received)
        } else {
            0
        };
        self.buffered.extend_from_slice(&received[passed..]);
        buf.set_filled(before + passed);
        passed > 0
    }

    fn begin_request(&mut self) {
        self.deadline.end();
        self.read_budget.spend(read_budget::REQUEST_COST);
        (self.has_served, self.bytes_after_reply) = (true, 0);
        if let Some(slot) = &self.slot {
            slot.mark_busy();
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
                // It is read on when the reply is sent.
                return Poll::Pending;
            }
            if this.bytes_after_reply >= MAX_BYTES_AFTER_REPLY {
                // The end has a timeout.
                return Poll::Pending;
            }
            let before = buf.filled().len();
            let Poll::Ready(read) = Pin::new(&mut this.stream).poll_read(cx, buf) else {
                this.read_budget.refill();
                return Poll::Pending;
            };
            read?;
            let received = buf.filled().len() - before;
            if received == 0 {
                return Poll::Ready(Ok(()));
            }
            this.read_budget.spend(received);
            if this.pipeline.is_finished() {
                this.bytes_after_reply += received;
            }
            if this.admit_received(buf, before) {
                break;
            }
        }
        if awaited_head && !this.pipeline.awaits_head() {
            this.begin_request();
        }
        Poll::Ready(Ok(()))
    }
}
