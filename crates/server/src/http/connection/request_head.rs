//! The head of a request, read as far as is needed to know where the request ends.
//!
//! The web server parses it again, and refuses what is malformed. It also decides where the length of the body is ambiguous.

use memchr::memchr;

/// The longest head that the web server takes, in bytes.
pub(super) const MAX_BYTES: usize = 128 * 1024;

/// The most headers that the web server takes.
const MAX_HEADERS: usize = 96;

/// What a complete head says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RequestHead {
    /// Its length, in bytes.
    pub(super) len: usize,
    pub(super) body: Body,
    /// Whether no other request is to follow.
    pub(super) is_last: bool,
}

/// The body behind a head.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// Its length, in bytes.
    Length(u64),
    Chunked,
    /// Its length is ambiguous. The web server refuses such a request, and closes the connection.
    Ambiguous,
}

impl RequestHead {
    /// Reads the head at the start of `bytes`, if it is complete. Hides `Upgrade` from the web server: a server may serve a
    /// request for another protocol as if it had not asked (RFC 9110, section 7.8).
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
                // Empty lines before a request are passed over (RFC 9112, section 2.2).
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

/// Whether `bytes`, in which no head is complete, can still become one.
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
            // Bytes behind it would belong to the tunnel.
            return RequestHead { len, body: Body::Length(0), is_last: true };
        }
        let is_last = self.closes || (line.is_http_1_0 && !self.keeps_alive);
        RequestHead { len, body: self.body.unwrap_or(Body::Length(0)), is_last }
    }
}

/// The web server passes over a value with any other byte.
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
    fn a_request_says_whether_it_is_the_last() {
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
    fn a_request_for_another_protocol_is_hidden_and_the_length_stays() {
        let head =
            "GET / HTTP/1.1\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nX: upgrade\r\n\r\n";
        let mut bytes = head.as_bytes().to_vec();
        RequestHead::read(&mut bytes).unwrap();
        let hidden =
            "GET / HTTP/1.1\r\nignored: h2c\r\nConnection:        , HTTP2-Settings\r\nX: upgrade\r\n\r\n";
        assert_eq!(String::from_utf8(bytes).unwrap().replace(' ', ""), hidden.replace(' ', ""));
    }

    #[test]
    fn what_can_become_no_head_is_told_early() {
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
