//! Finds the end of a chunked body (RFC 9112, section 7.1) exactly as the web server does: only CRLF ends a line.

/// Number of framing bytes (chunk sizes, line breaks, extensions and trailers) that are allowed for each byte of data. A
/// chunk of one byte has five, which leaves one for extensions and trailers.
const FRAMING_PER_DATA_BYTE: usize = 6;

/// Maximum of [`Chunks::framing`]. Each byte of data lowers that count, so the limit also suits a body of lines, which may
/// be endless.
const MAX_FRAMING_BYTES: usize = FRAMING_PER_DATA_BYTE * crate::wire::MAX_BYTES;

/// Parser state within a chunked body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chunks {
    state: State,
    /// While a size is read, its value so far; then the number of bytes left in the chunk.
    left: u64,
    /// Number of framing bytes so far, lowered by [`FRAMING_PER_DATA_BYTE`] for each byte of data, but never below zero.
    framing: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Expects a digit of a size. `begun` is true after the first digit.
    Size {
        begun: bool,
    },
    /// After a size.
    Extension,
    SizeEnd,
    Data,
    DataCr,
    DataLf,
    /// At the start of a line after the last chunk.
    Line,
    LineEnd,
    /// Within a trailer line after the last chunk.
    Trailer,
    TrailerEnd,
    Over,
    Malformed,
    /// There are too many bytes that are not data.
    TooLarge,
}

impl Chunks {
    /// Starts at the first byte of a body.
    pub(super) fn new() -> Self {
        Self { state: State::Size { begun: false }, left: 0, framing: 0 }
    }

    /// Continues with `bytes`, and returns how many of them belong to the body.
    pub(super) fn read(&mut self, bytes: &[u8]) -> usize {
        let mut read = 0;
        while read < bytes.len() && !matches!(self.state, State::Over | State::Malformed | State::TooLarge) {
            if self.state == State::Data {
                let here = bytes.len() - read;
                let taken = usize::try_from(self.left).map_or(here, |left| left.min(here));
                read += taken;
                self.left -= taken as u64;
                self.framing = self.framing.saturating_sub(FRAMING_PER_DATA_BYTE.saturating_mul(taken));
                if self.left == 0 {
                    self.state = State::DataCr;
                }
            } else if self.framing == MAX_FRAMING_BYTES {
                self.state = State::TooLarge;
            } else {
                self.state = self.after(bytes[read]);
                self.framing += 1;
                read += 1;
            }
        }
        read
    }

    /// Returns true once the whole body was read.
    pub(super) fn is_over(&self) -> bool {
        self.state == State::Over
    }

    /// Returns true if this is not a valid chunked body.
    pub(super) fn is_malformed(&self) -> bool {
        self.state == State::Malformed
    }

    /// Returns true if the body has too many bytes that are not data.
    pub(super) fn is_too_large(&self) -> bool {
        self.state == State::TooLarge
    }

    /// Returns the state after a byte that is not chunk data.
    fn after(&mut self, byte: u8) -> State {
        match (self.state, byte) {
            (State::Size { begun }, _) if byte.is_ascii_hexdigit() => {
                let digit = char::from(byte).to_digit(16).map_or(0, u64::from);
                let size = if begun { self.left.checked_mul(16) } else { Some(0) };
                match size.and_then(|size| size.checked_add(digit)) {
                    Some(size) => {
                        self.left = size;
                        State::Size { begun: true }
                    }
                    None => State::Malformed,
                }
            }
            (State::Size { begun: true } | State::Extension, b'\r') => State::SizeEnd,
            (State::Size { begun: true }, b' ' | b'\t' | b';') | (State::Extension, _) => State::Extension,
            (State::SizeEnd, b'\n') if self.left > 0 => State::Data,
            (State::DataCr, b'\r') => State::DataLf,
            (State::DataLf, b'\n') => State::Size { begun: false },
            (State::SizeEnd | State::TrailerEnd, b'\n') => State::Line,
            (State::Line, b'\r') => State::LineEnd,
            (State::LineEnd, b'\n') => State::Over,
            (State::Trailer, b'\r') => State::TrailerEnd,
            (State::Line | State::Trailer, _) => State::Trailer,
            _ => State::Malformed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] =
        b"4\r\n{\"a\"\r\n1b; x=\"y\"\r\n0\r\n\r\n0123456789012345678901\r\n0\r\nTrailer: x\r\n\r\n";

    #[test]
    fn the_end_is_found_however_the_bytes_are_split() {
        for split in 0..BODY.len() {
            let mut chunks = Chunks::new();
            let (first, second) = BODY.split_at(split);
            assert_eq!(chunks.read(first), first.len());
            assert!(!chunks.is_over());
            assert_eq!(chunks.read(&[second, b"GET / HTTP/1.1\r\n"].concat()), second.len());
            assert!(chunks.is_over());
        }
    }

    #[test]
    fn bytes_that_are_not_a_chunk_are_malformed() {
        for bytes in ["\r\n", "x\r\n", "1\r\nab", "1\n", "1\r\nx\n", "fffffffffffffffff\r\n", ";\r\n"] {
            let mut chunks = Chunks::new();
            chunks.read(bytes.as_bytes());
            assert!(chunks.is_malformed(), "{bytes:?}");
        }
    }

    #[test]
    fn framing_without_end_is_too_large() {
        for (start, framing) in [("1;", "x"), ("", "0"), ("0\r\n", "X: y\r\n"), ("", "1;extension\r\na\r\n")]
        {
            let mut chunks = Chunks::new();
            let bytes = format!("{start}{}", framing.repeat(2 * MAX_FRAMING_BYTES));
            let read = chunks.read(bytes.as_bytes());
            assert!(chunks.is_too_large());
            assert!((MAX_FRAMING_BYTES..3 * MAX_FRAMING_BYTES).contains(&read), "{framing:?} {read}");
        }
        let mut chunks = Chunks::new();
        let largest = format!("{}0\r\n\r\n", "1\r\na\r\n".repeat(2 * MAX_FRAMING_BYTES));
        assert_eq!(chunks.read(largest.as_bytes()), largest.len());
        assert!(chunks.is_over());
    }
}
