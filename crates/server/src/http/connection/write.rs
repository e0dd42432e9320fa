//! The writing half: writes replies, and completes bare errors.

use super::{
    ClientHalf, Connection,
    slots::{EvictableWait, Slot},
    timeouts::TimedWait,
};
use actix_web::web::Buf;
use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// `100 Continue`, which is not a final reply.
const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    fn poll_write_stream(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_write(cx, bytes) {
            Poll::Ready(written) => {
                if self.is_write_blocked {
                    self.is_write_blocked = false;
                    self.slot.iter().for_each(Slot::mark_busy);
                }
                self.deadline.end();
                Poll::Ready(written)
            }
            Poll::Pending => {
                self.is_write_blocked = true;
                if self.slot.as_ref().is_some_and(|slot| slot.record_wait(EvictableWait::Reader, cx)) {
                    return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
                }
                self.deadline.poll(TimedWait::Reader, cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
            }
        }
    }

    fn poll_write_error_reply(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.error_reply.is_empty() {
            let error_reply = self.error_reply.clone();
            let written = ready!(self.poll_write_stream(cx, &error_reply))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.error_reply.advance(written);
        }
        Poll::Ready(Ok(()))
    }

    /// Reads and discards until the client closes or the timeout expires.
    fn poll_discard(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let wait = if self.slot.is_some() { TimedWait::Close } else { TimedWait::CloseUnserved };
        let mut bytes = [0; 4096];
        loop {
            if self.deadline.poll(wait, cx).is_ready() {
                return Poll::Ready(Ok(()));
            }
            ready!(self.read_budget.poll(cx));
            let mut buf = ReadBuf::new(&mut bytes);
            ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buf))?;
            if buf.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            self.read_budget.spend(buf.filled().len());
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Connection<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_write_error_reply(cx))?;
        if !self.pipeline.has_reply_started() && buf.starts_with(CONTINUE) {
            if buf.len() > CONTINUE.len() {
                // The final reply follows in `buf`, so the body is not needed. `100 Continue` is dropped: it counts as
                // written.
                return Poll::Ready(Ok(CONTINUE.len()));
            }
            if !self.body_signals.is_wanted() {
                // No waker is needed: the handler runs in the same task, so `100 Continue` is written once the handler
                // reads the body.
                return Poll::Pending;
            }
        } else {
            self.pipeline.reply_started();
        }
        if self.complete_bare_error(buf) {
            Poll::Ready(Ok(buf.len()))
        } else {
            self.poll_write_stream(cx, buf)
        }
    }

    /// Called by the web server when its output is written.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_write_error_reply(cx))?;
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        if self.body_signals.is_last() {
            self.pipeline.end_after_reply();
        }
        let may_continue = !self.body_signals.is_reply_open() && self.pipeline.reply_flushed();
        // Wakes the web server so that it reads the buffered request, or the end of the stream. It is woken for the end
        // only once, because it reads no more after it has seen the end.
        let ends = !self.has_ended && self.poll_end(cx).is_ready();
        let is_end_due = self.client_half == ClientHalf::ClosedUnseen && !self.must_hide_end();
        if is_end_due {
            self.client_half = ClientHalf::Closed;
        }
        if ends || is_end_due || (may_continue && !self.buffered.is_empty()) {
            cx.waker().wake_by_ref();
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_write_error_reply(cx))?;
        ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
        // Closing with unread bytes would reset the connection, and the client could lose the reply.
        if self.slot.is_none() || !self.buffered.is_empty() {
            self.poll_discard(cx)
        } else {
            Poll::Ready(Ok(()))
        }
    }
}
