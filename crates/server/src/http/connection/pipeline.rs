//! Serialises pipelined requests: the web server gets one request at a time, the next one once the reply is flushed.
//!
//! The web server decodes requests ahead of time, and decides by the last decoded one whether a reply has a body. If a
//! `HEAD` followed a `GET`, the reply to the `GET` would have no body. The web server would also serve requests after
//! one with `Connection: close`.

use super::{
    chunks::Chunks,
    request_head::{self, Body, RequestHead},
};
use memchr::memchr;

/// Maximum number of bytes of empty lines before a head. Old clients send one empty line after a body.
const MAX_EMPTY_LINES: usize = 1024;

/// State of a connection with regard to pipelining.
pub(super) struct Pipeline {
    phase: Phase,
    /// True once the reply to the request has begun.
    has_reply_started: bool,
    /// True once the whole reply is flushed.
    is_reply_flushed: bool,
    /// True if no request may follow the current one.
    is_last: bool,
    /// Number of bytes of the incomplete head that were already searched for a line feed.
    searched: usize,
    /// Length at which an incomplete head is parsed again.
    next_parse_at: usize,
    /// Number of bytes of empty lines skipped before the head.
    empty_lines: usize,
}

/// The part of a request that is expected next.
enum Phase {
    Head,
    Body {
        left: u64,
    },
    ChunkedBody(Chunks),
    /// The body is too large; the rest of it is passed on only after the reply.
    TooLarge,
    /// The whole request was passed on; the reply is awaited.
    Reply,
    /// Everything is passed on, because the web server rejects it and closes the connection.
    PassThrough,
}

impl Pipeline {
    /// Starts before the first request.
    pub(super) fn new() -> Self {
        Self {
            phase: Phase::Head,
            has_reply_started: false,
            is_reply_flushed: false,
            is_last: false,
            searched: 0,
            next_parse_at: 0,
            empty_lines: 0,
        }
    }

    /// Returns how many of the next bytes may be passed on. Those must not be given to this function again. Changes bytes
    /// only to hide `Upgrade` in a head ([`RequestHead::read`]).
    pub(super) fn admit(&mut self, bytes: &mut [u8]) -> usize {
        let mut admitted = 0;
        loop {
            let rest = &mut bytes[admitted..];
            match &mut self.phase {
                Phase::Head => match self.read_head(rest) {
                    Some(head) => {
                        admitted += head.len;
                        self.begin(&head);
                    }
                    None if self.may_become_head(rest) => return admitted,
                    None => self.phase = Phase::PassThrough,
                },
                Phase::Body { left } => {
                    let here = usize::try_from(*left).map_or(rest.len(), |left| left.min(rest.len()));
                    admitted += here;
                    *left -= here as u64;
                    if *left > 0 {
                        return admitted;
                    }
                    self.end();
                }
                Phase::ChunkedBody(chunks) => {
                    admitted += chunks.read(rest);
                    if chunks.is_malformed() {
                        self.phase = Phase::PassThrough;
                    } else if chunks.is_too_large() {
                        self.phase = Phase::TooLarge;
                    } else if chunks.is_over() {
                        self.end();
                    } else {
                        return admitted;
                    }
                }
                Phase::TooLarge if self.is_reply_flushed => return bytes.len(),
                Phase::Reply | Phase::TooLarge => return admitted,
                Phase::PassThrough => return bytes.len(),
            }
        }
    }

    /// Returns true once the final reply has begun.
    pub(super) fn has_reply_started(&self) -> bool {
        self.has_reply_started
    }

    /// Records that the final reply has begun.
    pub(super) fn reply_started(&mut self) {
        self.has_reply_started = true;
    }

    /// Records that no request may follow the current one.
    pub(super) fn end_after_reply(&mut self) {
        self.is_last = true;
    }

    /// Records that the whole reply is flushed. Returns true if the next request may be passed on.
    pub(super) fn reply_flushed(&mut self) -> bool {
        self.is_reply_flushed = self.has_reply_started;
        let may_continue = matches!(self.phase, Phase::Reply) && self.is_reply_flushed && !self.is_last;
        if may_continue {
            self.phase = Phase::Head;
        }
        may_continue
    }

    /// Returns true if the connection should close: the reply is flushed, and no further request is accepted.
    pub(super) fn is_finished(&self) -> bool {
        self.is_reply_flushed && !self.awaits_head()
    }

    /// Returns true between two requests and within a head.
    pub(super) fn awaits_head(&self) -> bool {
        matches!(self.phase, Phase::Head)
    }

    /// Returns true if nothing more is read until the reply is flushed, because the body is too large.
    pub(super) fn is_body_too_large(&self) -> bool {
        matches!(self.phase, Phase::TooLarge) && !self.is_reply_flushed
    }

    /// Returns true if further bytes belong to the next request.
    pub(super) fn awaits_reply(&self) -> bool {
        matches!(self.phase, Phase::Reply)
    }

    /// Returns the length of the empty lines at the start of `bytes`.
    pub(super) fn leading_empty_lines(&self, bytes: &[u8]) -> usize {
        let is_end_of_line = |byte: &&u8| matches!(byte, b'\r' | b'\n');
        if self.awaits_head() { bytes.iter().take_while(is_end_of_line).count() } else { 0 }
    }

    /// Counts empty lines before a head, which are ignored (RFC 9112, section 2.2). Returns false if there are too many.
    pub(super) fn skip_empty_lines(&mut self, length: usize) -> bool {
        if length > 0 {
            self.empty_lines += length;
            (self.searched, self.next_parse_at) = (0, 0);
        }
        self.empty_lines <= MAX_EMPTY_LINES
    }

    /// Parses only if a new line has arrived, because only that can complete a head.
    fn read_head(&mut self, bytes: &mut [u8]) -> Option<RequestHead> {
        let has_line_feed = memchr(b'\n', bytes.get(self.searched..)?).is_some();
        self.searched = bytes.len();
        if has_line_feed { RequestHead::read(bytes) } else { None }
    }

    fn begin(&mut self, head: &RequestHead) {
        (self.has_reply_started, self.is_reply_flushed, self.is_last) = (false, false, head.is_last);
        (self.searched, self.next_parse_at, self.empty_lines) = (0, 0, 0);
        self.phase = match head.body {
            Body::Length(left) => Phase::Body { left },
            Body::Chunked => Phase::ChunkedBody(Chunks::new()),
            Body::Ambiguous => Phase::PassThrough,
        };
    }

    fn end(&mut self) {
        self.phase = if self.is_reply_flushed && !self.is_last { Phase::Head } else { Phase::Reply };
    }

    /// Returns true if an incomplete head can still become valid. Parses it only when its length has doubled, so that a
    /// head sent byte by byte costs little.
    fn may_become_head(&mut self, bytes: &[u8]) -> bool {
        if bytes.len() < self.next_parse_at && bytes.len() < request_head::MAX_BYTES {
            return true;
        }
        self.next_parse_at = 2 * bytes.len();
        request_head::may_become_head(bytes)
    }
}

#[cfg(test)]
mod tests;
