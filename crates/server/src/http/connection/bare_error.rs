//! Completes the bare errors that the web server answers by itself.
//!
//! If the head of a request is malformed, too large or too slow, no handler runs, and the web server answers with a
//! status and no body. Such a reply is recognised by its empty body: every error of a handler has a body.

use super::super::{error::ApiError, metrics::NONE, refusals::Refusal, request_id};
use actix_web::{http::StatusCode, web::Bytes};
use anyhow::anyhow;
use gochat_domain::clock::{Clock, SystemClock};
use std::net::IpAddr;

/// Beginnings of an error reply.
const STATUS_LINES: [&str; 4] = ["HTTP/1.1 4", "HTTP/1.1 5", "HTTP/1.0 4", "HTTP/1.0 5"];
/// Bare reply to a request head that was not sent in time.
pub(super) const HEAD_TIMEOUT: &[u8] =
    b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
/// Bare reply to bytes that are not a request.
pub(super) const MALFORMED: &[u8] =
    b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
/// Bare reply at the connection limit.
pub(super) const TOO_MANY_CONNECTIONS: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\nretry-after: 1\r\n\r\n";
/// Header by which a bare reply is recognised.
const EMPTY_BODY: &str = "content-length: 0\r\n";
/// The web server closes the connection after each bare error, but says so only if it would have closed it anyway: not if the
/// request before left it open. If that was of HTTP/1.0, the web server even says [`KEEP_ALIVE`].
const CLOSE: &str = "connection: close\r\n";
const KEEP_ALIVE: &str = "connection: keep-alive\r\n";

/// Completes a bare error at the end of `output`; other replies may precede it. Logs the error with `peer`, the address
/// of the client. Returns the refused request and the new output; `None` if there is no bare error.
pub(super) fn complete(output: &[u8], peer: Option<IpAddr>) -> Option<(Refusal, Bytes)> {
    if !output.ends_with(b"\r\n\r\n") {
        return None;
    }
    let output = str::from_utf8(output).ok()?;
    let start = STATUS_LINES.iter().filter_map(|head| output.rfind(head)).max()?;
    let (others, bare) = output.split_at(start);
    if bare.find("\r\n\r\n")? + 4 < bare.len() {
        // The output ends with another reply, which is complete.
        return None;
    }
    let bare = bare.replace(KEEP_ALIVE, "");
    let (before, after) = bare.split_once(EMPTY_BODY)?;
    let status = StatusCode::from_bytes(bare.as_bytes().get(9..12)?).ok()?;
    let error = match status {
        StatusCode::REQUEST_TIMEOUT => ApiError::request_timeout(),
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => ApiError::header_too_large(),
        StatusCode::SERVICE_UNAVAILABLE => ApiError::unavailable(anyhow!("there are too many connections")),
        StatusCode::INTERNAL_SERVER_ERROR => ApiError::internal(anyhow!("the web server failed")),
        StatusCode::BAD_REQUEST => ApiError::malformed_request(),
        _ => return None,
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
    let close = if bare.contains(CLOSE) { "" } else { CLOSE };
    let completed = format!(
        "{others}{before}{close}content-length: {length}\r\ncontent-type: application/json\r\nx-request-id: {id}\r\n\
         x-content-type-options: nosniff\r\ncache-control: no-store\r\n{after}{body}"
    );
    let refusal = Refusal {
        at: SystemClock.now(),
        method: NONE,
        route: NONE.to_owned(),
        status,
        code: error.code(),
        key: None,
        request_id: id.into(),
    };
    Some((refusal, Bytes::from(completed)))
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
    fn a_bare_error_after_other_replies_is_completed_too() {
        let other = "HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\n{}";
        let bare = "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        let (_, replies) = complete(format!("{other}{bare}").as_bytes(), None).unwrap();
        let replies = String::from_utf8(replies.to_vec()).unwrap();
        let completed = replies.strip_prefix(other).unwrap();
        assert!(completed.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{completed}");
        assert!(completed.contains(r#""code":"malformed_request""#), "{completed}");
    }

    #[test]
    fn a_bare_error_closes_the_connection_whether_or_not_the_web_server_says_so() {
        for told in [CLOSE, "", KEEP_ALIVE] {
            let bare = format!("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n{told}\r\n");
            let reply = String::from_utf8(complete(bare.as_bytes(), None).unwrap().1.to_vec()).unwrap();
            assert_eq!(reply.matches("connection: ").count(), 1, "{reply}");
            assert!(reply.contains(CLOSE), "{reply}");
        }
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
