//! What the web server writes: replies, and errors that are completed on the way.

use super::{Connection, deadline::Wait};
use actix_web::web::Buf;
use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// `100 Continue`, which is no final reply.
const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
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
