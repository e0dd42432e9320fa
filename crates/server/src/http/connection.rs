//! A connection on which every error reply has the body of the contract, and no head takes for ever.
//!
//! The web server answers what never becomes a request (a head that is malformed, too large or too slow) by itself,
//! with a bare status and no way to say more. Such a reply is the only error without a body that this service
//! writes, so it is known by that, and completed on its way out.

mod head;

use super::{
    error::ApiError,
    metrics::{HttpMetrics, NONE},
    request_id,
};
use actix_web::{
    http::StatusCode,
    rt::net::{TcpStream, UnixStream},
    web::{Buf, Bytes},
};
use head::HeadTimer;
use std::{
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::either::Either;

/// The socket of a connection.
pub(super) type Stream = Either<TcpStream, UnixStream>;

/// A connection that completes bare errors.
pub(super) struct Connection {
    stream: Stream,
    peer: Option<IpAddr>,
    metrics: HttpMetrics,
    /// What is left to write of a completed error.
    completed: Bytes,
    head: HeadTimer,
}

impl Connection {
    /// A connection from `peer`, which may take `head_limit` for each head but the first, which the web server looks after.
    pub(super) fn new(
        stream: Stream,
        peer: Option<SocketAddr>,
        head_limit: Duration,
        metrics: HttpMetrics,
    ) -> Self {
        // Replies are written whole, so waiting to fill a packet gains nothing; where it cannot be had, it is slower.
        if let Stream::Left(stream) = &stream {
            let _slower = stream.set_nodelay(true);
        }
        let peer = peer.map(|peer| peer.ip().to_canonical());
        Self { stream, peer, metrics, completed: Bytes::new(), head: HeadTimer::new(head_limit) }
    }

    /// Takes over what is to be written, if a bare error is in it.
    fn refuse(&mut self, written: &[u8]) -> bool {
        let Some((status, completed)) = complete(written, self.peer) else { return false };
        self.metrics.refused(status);
        self.completed = completed;
        true
    }

    fn poll_write_completed(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.completed.is_empty() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(cx, &self.completed))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.completed.advance(written);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        if let Poll::Ready(result) = Pin::new(&mut self.stream).poll_read(cx, buf) {
            self.head.received(&buf.filled()[before..]);
            return Poll::Ready(result);
        }
        if ready!(self.head.poll_over(cx)) {
            self.refuse(SLOW_HEAD);
        }
        // Nothing was read: for the web server, the client has gone.
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_write_completed(cx))?;
        self.head.replied();
        if self.refuse(buf) {
            Poll::Ready(Ok(buf.len()))
        } else {
            Pin::new(&mut self.stream).poll_write(cx, buf)
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_write_completed(cx))?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_write_completed(cx))?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// The head of a bare reply, up to its status.
const HEAD: &str = "HTTP/1.1 4";
/// What the web server would say of a head that takes too long.
const SLOW_HEAD: &[u8] = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
/// What shows that a reply is bare.
const NO_BODY: &str = "content-length: 0\r\n";

/// What is written to `peer`, with the body of the bare error at its end, if there is one, and the status of that. Other
/// replies may stand before it.
fn complete(written: &[u8], peer: Option<IpAddr>) -> Option<(StatusCode, Bytes)> {
    if !written.ends_with(b"\r\n\r\n") {
        return None;
    }
    let written = str::from_utf8(written).ok()?;
    let (others, bare) = written.split_at(written.rfind(HEAD)?);
    if bare.find("\r\n\r\n")? + 4 < bare.len() {
        // What ends the text is another reply, whole and not bare.
        return None;
    }
    let (before, after) = bare.split_once(NO_BODY)?;
    let status = StatusCode::from_bytes(bare.as_bytes().get(9..12)?).ok()?;
    let error = match status {
        StatusCode::REQUEST_TIMEOUT => ApiError::request_timeout(),
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => ApiError::header_too_large(),
        _ => ApiError::malformed_request(),
    };
    let request_id = request_id::mint();
    let id = request_id.to_str().ok()?;
    let body = error.body(id).ok()?;
    tracing::info!(
        request_id = id,
        peer = peer.map(tracing::field::display),
        method = NONE,
        route = NONE,
        status = status.as_u16(),
        "request"
    );
    let length = body.len();
    let completed = format!(
        "{others}{before}content-length: {length}\r\ncontent-type: application/json\r\nx-request-id: {id}\r\n\
         x-content-type-options: nosniff\r\ncache-control: no-store\r\n{after}{body}"
    );
    Some((status, Bytes::from(completed)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_error_without_a_body_is_completed() {
        for whole in [
            "HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\n{}",
            "HTTP/1.1 100 Continue\r\n\r\n",
        ] {
            assert_eq!(complete(whole.as_bytes(), None), None, "{whole}");
        }
    }

    #[test]
    fn a_bare_error_behind_other_replies_is_completed_too() {
        let other = "HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\n{}";
        let bare = "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        let (_, replies) = complete(format!("{other}{bare}").as_bytes(), None).unwrap();
        let replies = String::from_utf8(replies.to_vec()).unwrap();
        let completed = replies.strip_prefix(other).unwrap();
        assert!(completed.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{completed}");
        assert!(completed.contains(r#""code":"malformed_request""#), "{completed}");
    }

    #[test]
    fn a_bare_error_gets_the_body_and_the_headers_of_every_error() {
        let bare = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        let reply = String::from_utf8(complete(bare, None).unwrap().1.to_vec()).unwrap();
        let (head, body) = reply.split_once("\r\n\r\n").unwrap();
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["code"], "request_timeout");
        let id = body["request_id"].as_str().unwrap();
        assert!(head.contains(&format!("\r\nx-request-id: {id}\r\n")), "{head}");
        assert!(head.ends_with("\r\nconnection: close"), "{head}");
    }
}
