//! The gate between a connection and the web server: it passes one request, and the next one when the reply is sent.
//!
//! The web server decodes requests ahead, and frames a reply by the request that it decoded last: a `GET` with a `HEAD` behind
//! it would be answered without a body. It also serves what stands behind a request that is to be the last.

use super::{
    chunks::Chunks,
    request_head::{self, Body, RequestHead},
};
use memchr::memchr;

/// The state of a gate.
pub(super) struct Gate {
    phase: Phase,
    /// Whether the reply to the request has begun.
    is_replied: bool,
    /// Whether all that was written of it is sent.
    is_sent: bool,
    is_last: bool,
    /// The bytes of an incomplete head that were searched for its end.
    searched: usize,
    /// The length at which an incomplete head is parsed again.
    next_look: usize,
}

/// What comes next on the connection.
enum Phase {
    Head,
    Body {
        left: u64,
    },
    ChunkedBody(Chunks),
    /// The whole request has passed.
    Reply,
    /// All bytes pass. The web server refuses them, and closes the connection.
    Open,
}

impl Gate {
    /// A gate before the first request.
    pub(super) fn new() -> Self {
        Self {
            phase: Phase::Head,
            is_replied: false,
            is_sent: false,
            is_last: false,
            searched: 0,
            next_look: 0,
        }
    }

    /// Looks at the bytes that come next, and returns how many of them may pass. They are not to be shown again.
    pub(super) fn pass(&mut self, bytes: &mut [u8]) -> usize {
        let mut passed = 0;
        loop {
            let rest = &mut bytes[passed..];
            match &mut self.phase {
                Phase::Head => match self.read_head(rest) {
                    Some(head) => {
                        passed += head.len;
                        self.begin(&head);
                    }
                    None if self.may_become_head(rest) => return passed,
                    None => self.phase = Phase::Open,
                },
                Phase::Body { left } => {
                    let here = usize::try_from(*left).map_or(rest.len(), |left| left.min(rest.len()));
                    passed += here;
                    *left -= here as u64;
                    if *left > 0 {
                        return passed;
                    }
                    self.end();
                }
                Phase::ChunkedBody(chunks) => {
                    passed += chunks.read(rest);
                    if chunks.is_malformed() {
                        self.phase = Phase::Open;
                    } else if chunks.is_over() {
                        self.end();
                    } else {
                        return passed;
                    }
                }
                Phase::Reply => return passed,
                Phase::Open => return bytes.len(),
            }
        }
    }

    /// Notes that a part of the final reply was written.
    pub(super) fn replied(&mut self) {
        self.is_replied = true;
    }

    /// Notes that all that was written is sent. Returns whether the next request may pass.
    pub(super) fn sent(&mut self) -> bool {
        self.is_sent = self.is_replied;
        let opens = matches!(self.phase, Phase::Reply) && self.is_sent && !self.is_last;
        if opens {
            self.phase = Phase::Head;
        }
        opens
    }

    /// Whether the connection is to be closed: the reply is sent, and no other request may pass.
    pub(super) fn is_over(&self) -> bool {
        self.is_sent && !self.awaits_head()
    }

    /// Whether the connection is between two requests, or within a head.
    pub(super) fn awaits_head(&self) -> bool {
        matches!(self.phase, Phase::Head)
    }

    /// Whether the bytes that come next belong to the next request.
    pub(super) fn is_closed(&self) -> bool {
        matches!(self.phase, Phase::Reply)
    }

    /// The length of empty lines at the start of a head, which are passed over (RFC 9112, section 2.2).
    pub(super) fn empty_lines(&self, bytes: &[u8]) -> usize {
        let is_end_of_line = |byte: &&u8| matches!(byte, b'\r' | b'\n');
        if self.awaits_head() { bytes.iter().take_while(is_end_of_line).count() } else { 0 }
    }

    /// Only a line's end can complete a head.
    fn read_head(&mut self, bytes: &mut [u8]) -> Option<RequestHead> {
        let has_new_line = memchr(b'\n', bytes.get(self.searched..)?).is_some();
        self.searched = bytes.len();
        if has_new_line { RequestHead::read(bytes) } else { None }
    }

    fn begin(&mut self, head: &RequestHead) {
        (self.is_replied, self.is_sent, self.is_last) = (false, false, head.is_last);
        (self.searched, self.next_look) = (0, 0);
        self.phase = match head.body {
            Body::Length(left) => Phase::Body { left },
            Body::Chunked => Phase::ChunkedBody(Chunks::new()),
            Body::Ambiguous => Phase::Open,
        };
    }

    fn end(&mut self) {
        self.phase = if self.is_sent && !self.is_last { Phase::Head } else { Phase::Reply };
    }

    /// Parses an incomplete head each time it has doubled, so that one that is sent byte by byte costs little.
    fn may_become_head(&mut self, bytes: &[u8]) -> bool {
        if bytes.len() < self.next_look && bytes.len() < request_head::MAX_BYTES {
            return true;
        }
        self.next_look = 2 * bytes.len();
        request_head::may_become_one(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    const POST: &[u8] = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
    const LAST: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

    fn passed(gate: &mut Gate, bytes: &[u8]) -> usize {
        gate.pass(&mut bytes.to_vec())
    }

    fn reply(gate: &mut Gate) -> bool {
        gate.replied();
        gate.sent()
    }

    #[test]
    fn a_request_passes_when_the_reply_before_it_is_sent() {
        let mut gate = Gate::new();
        assert_eq!(passed(&mut gate, &[POST, GET].concat()), POST.len());
        assert_eq!(passed(&mut gate, GET), 0);
        // 100 Continue is no reply.
        assert!(!gate.sent());
        assert!(reply(&mut gate));
        assert_eq!(passed(&mut gate, &[GET, POST].concat()), GET.len());
    }

    #[test]
    fn a_body_passes_in_parts() {
        let mut gate = Gate::new();
        let (start, end) = POST.split_at(POST.len() - 2);
        assert_eq!(passed(&mut gate, &start[..10]), 0);
        assert_eq!(passed(&mut gate, start), start.len());
        assert_eq!(passed(&mut gate, &[end, GET].concat()), end.len());
        assert!(reply(&mut gate));
    }

    #[test]
    fn a_reply_before_the_end_of_the_body_opens_the_gate_only_when_it_is_sent() {
        let mut gate = Gate::new();
        let (start, end) = POST.split_at(POST.len() - 2);
        assert_eq!(passed(&mut gate, start), start.len());
        gate.replied();
        assert_eq!(passed(&mut gate, &[end, GET].concat()), end.len());
        assert!(gate.sent());
    }

    #[test]
    fn nothing_passes_behind_the_last_request() {
        let mut gate = Gate::new();
        assert_eq!(passed(&mut gate, &[LAST, GET].concat()), LAST.len());
        assert!(!reply(&mut gate));
        assert_eq!(passed(&mut gate, GET), 0);
    }

    #[test]
    fn what_is_no_request_passes_whole() {
        for start in [&b"\x16\x03\x01"[..], b"GET /\r\n"] {
            assert_eq!(passed(&mut Gate::new(), start), start.len());
        }
        let odd = b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\nabc";
        assert_eq!(passed(&mut Gate::new(), odd), odd.len());
    }
}
