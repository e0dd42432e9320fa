//! Parses the head of a request as far as needed to know where the request ends.
//!
//! The web server parses it again. It rejects malformed heads and bodies of ambiguous length.

use memchr::memchr;

/// Maximum length of a head in bytes, as in the web server.
pub(super) const MAX_BYTES: usize = 128 * 1024;

/// Maximum number of headers, as in the web server.
const MAX_HEADERS: usize = 96;

/// A complete head.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RequestHead {
    /// Length of the head in bytes.
    pub(super) len: usize,
    pub(super) body: Body,
    /// True if no request may follow.
    pub(super) is_last: bool,
}

/// The body that follows a head.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// Length in bytes.
    Length(u64),
    Chunked,
    /// Ambiguous length. The web server rejects the request and closes the connection.
    Ambiguous,
}

impl RequestHead {
    /// Parses the head at the start of `bytes`, if it is complete. Hides `Upgrade` from the web server, because a
    /// server may ignore it (RFC 9110, section 7.8).
    pub(super) fn read(bytes: &mut [u8]) -> Option<Self> {
        let mut start = 0;
        let mut request_line = None;
        let mut headers = Headers::default();
        loop {
            let end = start + memchr(b'\n', &bytes[start..])?;
            let line = &mut bytes[start..end];
            let line = match line {
                [line @ .., b'\r'] | line => line,
            };
            start = end + 1;
            match (line.is_empty(), request_line) {
                // Empty lines before a request are ignored (RFC 9112, section 2.2).
                (true, None) => {}
                (true, Some(line)) => return Some(headers.end(start, line)),
                (false, None) => {
                    request_line = Some(RequestLine {
                        is_http_1_0: line.ends_with(b"HTTP/1.0"),
                        is_connect: line.starts_with(b"CONNECT "),
                    });
                }
                (false, Some(_)) => headers.read(line),
            }
        }
    }
}

/// Returns true if `bytes`, an incomplete head, can still become a valid one.
pub(super) fn may_become_head(bytes: &[u8]) -> bool {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    bytes.len() < MAX_BYTES && httparse::Request::new(&mut headers).parse(bytes).is_ok()
}

#[derive(Clone, Copy)]
struct RequestLine {
    is_http_1_0: bool,
    is_connect: bool,
}

#[derive(Default)]
struct Headers {
    body: Option<Body>,
    closes: bool,
    keeps_alive: bool,
}

impl Headers {
    fn read(&mut self, line: &mut [u8]) {
        let Some(colon) = memchr(b':', line) else { return };
        let (name, value) = line.split_at_mut(colon);
        let value = &mut value[1..];
        if name.eq_ignore_ascii_case(b"content-length") {
            let length = str::from_utf8(value).ok().and_then(|value| value.trim().parse().ok());
            self.add_body(length.map_or(Body::Ambiguous, Body::Length));
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            let is_chunked = value.trim_ascii().eq_ignore_ascii_case(b"chunked");
            self.add_body(if is_chunked { Body::Chunked } else { Body::Ambiguous });
        } else if name.eq_ignore_ascii_case(b"connection") && value.iter().copied().all(is_text) {
            for option in value.split_mut(|byte| *byte == b',') {
                let option = option.trim_ascii();
                self.closes |= option.eq_ignore_ascii_case(b"close");
                self.keeps_alive |= option.eq_ignore_ascii_case(b"keep-alive");
            }
            for option in value.split_mut(|byte| *byte == b',') {
                if option.trim_ascii().eq_ignore_ascii_case(b"upgrade") {
                    option.fill(b' ');
                }
            }
        } else if name.eq_ignore_ascii_case(b"upgrade") {
            name.copy_from_slice(b"ignored");
        }
    }

    fn add_body(&mut self, body: Body) {
        self.body = Some(if self.body.is_none() { body } else { Body::Ambiguous });
    }

    fn end(self, len: usize, line: RequestLine) -> RequestHead {
        if line.is_connect {
            // Bytes that follow would belong to the tunnel.
            return RequestHead { len, body: Body::Length(0), is_last: true };
        }
        let is_last = self.closes || (line.is_http_1_0 && !self.keeps_alive);
        RequestHead { len, body: self.body.unwrap_or(Body::Length(0)), is_last }
    }
}

/// Returns true for bytes of a text value. The web server ignores values with other bytes.
fn is_text(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(head: &str) -> Option<RequestHead> {
        RequestHead::read(&mut head.as_bytes().to_vec())
    }

    #[test]
    fn a_head_ends_with_an_empty_line() {
        let head = "\r\nPOST / HTTP/1.1\r\nHost: x\nContent-Length: 5\r\n\r\n";
        for length in 0..head.len() {
            assert_eq!(read(&head[..length]), None);
        }
        let expected = RequestHead { len: head.len(), body: Body::Length(5), is_last: false };
        assert_eq!(read(&format!("{head}12345GET /")), Some(expected));
    }

    #[test]
    fn a_body_of_ambiguous_length_is_left_to_the_web_server() {
        for (headers, body) in [
            ("", Body::Length(0)),
            ("content-length:  7 \r\n", Body::Length(7)),
            ("Transfer-Encoding: Chunked\r\n", Body::Chunked),
            ("Transfer-Encoding: gzip, chunked\r\n", Body::Ambiguous),
            ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", Body::Ambiguous),
            ("Transfer-Encoding: chunked\r\nContent-Length: 1\r\n", Body::Ambiguous),
            ("Content-Length: 1\r\nContent-Length: 1\r\n", Body::Ambiguous),
            ("Content-Length: -1\r\n", Body::Ambiguous),
            ("Content-Length: 1, 1\r\n", Body::Ambiguous),
        ] {
            assert_eq!(read(&format!("GET / HTTP/1.1\r\n{headers}\r\n")).unwrap().body, body, "{headers}");
        }
        let tunnel = "CONNECT x:1 HTTP/1.1\r\nContent-Length: 5\r\n\r\n";
        let expected = RequestHead { len: tunnel.len(), body: Body::Length(0), is_last: true };
        assert_eq!(read(&format!("{tunnel}12345")), Some(expected));
    }

    #[test]
    fn connection_close_makes_a_request_the_last_one() {
        for (version, headers, is_last) in [
            ("1.1", "", false),
            ("1.1", "Connection: keep-alive, Close\r\n", true),
            ("1.1", "Connection: upgrade\r\nConnection: close\r\n", true),
            ("1.1", "Connection: close, \u{ff}\r\n", false),
            ("1.0", "", true),
            ("1.0", "Connection: Keep-Alive\r\n", false),
        ] {
            let head = format!("GET / HTTP/{version}\r\n{headers}\r\n");
            assert_eq!(read(&head).unwrap().is_last, is_last, "{head}");
        }
    }

    #[test]
    fn an_upgrade_is_hidden_without_changing_the_length() {
        let head =
            "GET / HTTP/1.1\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nX: upgrade\r\n\r\n";
        let mut bytes = head.as_bytes().to_vec();
        RequestHead::read(&mut bytes).unwrap();
        let hidden =
            "GET / HTTP/1.1\r\nignored: h2c\r\nConnection:        , HTTP2-Settings\r\nX: upgrade\r\n\r\n";
        assert_eq!(String::from_utf8(bytes).unwrap().replace(' ', ""), hidden.replace(' ', ""));
    }

    #[test]
    fn bytes_that_cannot_become_a_head_are_detected_early() {
        for (start, may) in [
            ("", true),
            ("GE", true),
            ("GET / HTTP/1.1\r\nHo", true),
            ("\u{16}\u{3}", false),
            ("GET /\r\n", false),
        ] {
            assert_eq!(may_become_head(start.as_bytes()), may, "{start:?}");
        }
        assert!(!may_become_head(&vec![b'x'; MAX_BYTES]));
    }
}
