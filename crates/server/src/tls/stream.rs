//! A connection that speaks TLS.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::{Accept, TlsAcceptor, server};

/// The server's side of a TLS connection. The handshake runs within the first read or write, so it counts as part of the
/// wait for the first request, and the timeout of that wait limits it too.
pub(crate) struct TlsStream<S>(State<S>);

enum State<S> {
    Handshake(Accept<S>),
    Open(server::TlsStream<S>),
}

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream<S> {
    /// Wraps an accepted connection.
    pub(crate) fn new(acceptor: &TlsAcceptor, stream: S) -> Self {
        Self(State::Handshake(acceptor.accept(stream)))
    }

    /// Ready with the stream once the handshake is done.
    fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Pin<&mut server::TlsStream<S>>>> {
        if let State::Handshake(handshake) = &mut self.0 {
            self.0 = State::Open(ready!(Pin::new(handshake).poll(cx))?);
        }
        match &mut self.0 {
            State::Open(stream) => Poll::Ready(Ok(Pin::new(stream))),
            State::Handshake(_) => Poll::Pending,
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for TlsStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(self.poll_open(cx))?.poll_read(cx, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for TlsStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_open(cx))?.poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.0 {
            // Nothing has been written yet, so there is nothing to flush.
            State::Handshake(_) => Poll::Ready(Ok(())),
            State::Open(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.0 {
            State::Handshake(_) => Poll::Ready(Ok(())),
            State::Open(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
