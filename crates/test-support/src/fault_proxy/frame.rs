//! Messages of PostgreSQL's protocol (<https://www.postgresql.org/docs/current/protocol-message-formats.html>).

use std::io::{self, ErrorKind, Read};

/// A kind of client message.
#[derive(Debug, Clone, Copy)]
pub enum Message {
    /// A message that contains this text. A statement's text is in the message that prepares it, not in those that
    /// execute it.
    Containing(&'static str),
    /// The plain query `COMMIT`. `Containing("COMMIT")` would also match `BEGIN ISOLATION LEVEL READ COMMITTED`.
    Commit,
    /// A message that executes a statement in the extended protocol, as Diesel's queries do. A batch of creates
    /// without an `Idempotency-Key` sends only one.
    Execute,
}

impl Message {
    pub(super) fn matches(self, frame: &[u8]) -> bool {
        match self {
            Self::Containing(text) => frame.windows(text.len()).any(|part| part == text.as_bytes()),
            Self::Commit => frame.get(5..) == Some(b"COMMIT\0"),
            Self::Execute => frame.first() == Some(&b'E'),
        }
    }
}

/// The first messages of a connection have no type byte.
pub(super) fn read_first(stream: &mut impl Read) -> io::Result<Vec<u8>> {
    read_rest(stream, Vec::new())
}

pub(super) fn read(stream: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut kind = [0];
    stream.read_exact(&mut kind)?;
    read_rest(stream, kind.to_vec())
}

/// Appends the length, which includes itself, and the rest of the message.
fn read_rest(stream: &mut impl Read, mut frame: Vec<u8>) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    frame.extend(length);
    let rest = u32::from_be_bytes(length).checked_sub(4).ok_or(ErrorKind::InvalidData)?;
    let read = stream.take(rest.into()).read_to_end(&mut frame)?;
    if read < rest as usize { Err(ErrorKind::UnexpectedEof.into()) } else { Ok(frame) }
}

/// Returns true if a client asks for encryption by TLS or GSSAPI.
pub(super) fn asks_for_encryption(frame: &[u8]) -> bool {
    let codes = [80_877_103_u32, 80_877_104].map(u32::to_be_bytes);
    frame.len() == 8 && codes.iter().any(|code| frame.ends_with(code))
}

/// Returns true if the server has answered everything (`ReadyForQuery`).
pub(super) fn is_ready(frame: &[u8]) -> bool {
    frame.first() == Some(&b'Z')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_one_by_one() {
        let mut bytes = &b"\0\0\0\x08\x04\xd2\x16\x2fQ\0\0\0\x0bCOMMIT\0E\0\0\0\x09\0\0\0\0\0Z\0\0"[..];
        assert!(asks_for_encryption(&read_first(&mut bytes).unwrap()));
        let commit = read(&mut bytes).unwrap();
        assert_eq!(commit, b"Q\0\0\0\x0bCOMMIT\0");
        let execute = read(&mut bytes).unwrap();
        for (message, expected) in [
            (Message::Commit, [true, false]),
            (Message::Containing("COMM"), [true, false]),
            (Message::Execute, [false, true]),
        ] {
            assert_eq!([&commit, &execute].map(|frame| message.matches(frame)), expected, "{message:?}");
        }
        assert_eq!(read(&mut bytes).unwrap_err().kind(), ErrorKind::UnexpectedEof);
    }
}
