//! Decompression of gzip data (RFC 1952), by the rules of gzip(1).

use flate2::bufread::GzDecoder;
use std::io::{self, BufRead, ErrorKind, Read};

/// First byte of a gzip member.
const MAGIC: u8 = 0x1f;

const NOT_GZIP: &str =
    "the name ends in .gz, but this is not a gzip file; if it is text, remove .gz from the name";

/// Decompresses all members as one text. Zero bytes after the last member are ignored, as padding.
pub(super) struct Gunzip<R> {
    /// The current member; `None` at the end.
    member: Option<GzDecoder<R>>,
    is_first: bool,
    /// False only if the first byte shows that the input is not gzip.
    begins_with_magic: bool,
}

impl<R: BufRead> Gunzip<R> {
    pub(super) fn new(mut input: R) -> Self {
        // An error of the input is ignored here, because the decoder will meet it again.
        let begins_with_magic = !matches!(first_byte(&mut input), Ok(Some(first)) if first != MAGIC);
        Self { member: Some(GzDecoder::new(input)), is_first: true, begins_with_magic }
    }

    /// Starts the next member; `None` at the end of the input.
    fn next_member(mut input: R) -> io::Result<Option<GzDecoder<R>>> {
        match first_byte(&mut input)? {
            None => Ok(None),
            Some(MAGIC) => Ok(Some(GzDecoder::new(input))),
            Some(0) if only_zeros(&mut input)? => Ok(None),
            Some(_) => Err(trailing_bytes()),
        }
    }
}

impl<R: BufRead> Read for Gunzip<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            match member.read(buf) {
                Ok(0) if !buf.is_empty() => {
                    let ended = self.member.take().map(GzDecoder::into_inner);
                    self.member = ended.map(Self::next_member).transpose()?.flatten();
                    self.is_first = false;
                }
                Err(error)
                    if error.kind() == ErrorKind::InvalidInput
                        && member.header().is_none()
                        && !self.is_first =>
                {
                    return Err(trailing_bytes());
                }
                Err(error) => {
                    let is_gzip = member.header().is_some() || !self.is_first;
                    return Err(explain(error, is_gzip, self.begins_with_magic));
                }
                read => return read,
            }
        }
        Ok(0)
    }
}

/// Returns the next byte without consuming it.
fn first_byte(input: &mut impl BufRead) -> io::Result<Option<u8>> {
    loop {
        match input.fill_buf() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            read => return read.map(|chunk| chunk.first().copied()),
        }
    }
}

/// Consumes zero bytes. Returns true if only zeros were left.
fn only_zeros(input: &mut impl BufRead) -> io::Result<bool> {
    while let Some(0) = first_byte(input)? {
        let chunk = input.fill_buf()?;
        let zeros = chunk.iter().take_while(|byte| **byte == 0).count();
        input.consume(zeros);
    }
    Ok(first_byte(input)?.is_none())
}

fn trailing_bytes() -> io::Error {
    io::Error::new(ErrorKind::InvalidData, "there are bytes after the end of the gzip data")
}

/// Replaces an error of the decoder with one that says what is wrong with the file, and what to do.
fn explain(error: io::Error, is_gzip: bool, begins_with_magic: bool) -> io::Error {
    let reason = match error.kind() {
        // A text file shorter than a gzip header also ends too early, although it is not gzip.
        ErrorKind::UnexpectedEof if !begins_with_magic => NOT_GZIP,
        ErrorKind::InvalidInput | ErrorKind::InvalidData if !is_gzip => NOT_GZIP,
        ErrorKind::UnexpectedEof => "the gzip data ends too early; make or copy the file again",
        ErrorKind::InvalidInput | ErrorKind::InvalidData => {
            "the gzip data is damaged; make or copy the file again"
        }
        _ => return error,
    };
    io::Error::new(error.kind(), reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use proptest::prelude::*;
    use std::io::{BufReader, Write};

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut packed = GzEncoder::new(Vec::new(), Compression::default());
        packed.write_all(text).unwrap();
        packed.finish().unwrap()
    }

    /// Returns the decompressed text, and the error at its end, if any.
    fn unpack(packed: &[u8], chunk: usize) -> (String, Option<String>) {
        let mut text = Vec::new();
        let mut input = Gunzip::new(BufReader::with_capacity(chunk, packed));
        let error = input.read_to_end(&mut text).err().map(|error| error.to_string());
        (String::from_utf8(text).unwrap(), error)
    }

    #[test]
    fn zero_padding_is_ignored_and_other_trailing_bytes_are_an_error() {
        let trailing = Some("there are bytes after the end of the gzip data");
        let cases: [(&[u8], _); 8] = [
            (b"", None),
            (b"\0", None),
            (&[0; 5000], None),
            (b"x", trailing),
            (b"garbage that is longer than a header", trailing),
            (b"\x1fgarbage that is longer than a header", trailing),
            (b"\0\0\0x", trailing),
            (b"\x1f\x8b", Some("the gzip data ends too early; make or copy the file again")),
        ];
        for (behind, message) in cases {
            let packed = [gzip(b"a"), gzip(b""), gzip(b"b"), behind.to_vec()].concat();
            for chunk in [1, 7, 64 * 1024] {
                let (text, error) = unpack(&packed, chunk);
                assert_eq!((&*text, error.as_deref()), ("ab", message), "{behind:?}");
            }
        }
    }

    #[test]
    fn data_that_is_not_gzip_is_an_error() {
        let damaged = "the gzip data is damaged; make or copy the file again";
        let packed = gzip(b"text");
        let with = |at: usize| {
            let mut packed = packed.clone();
            packed[at] ^= 0xff;
            packed
        };
        for (packed, message) in [
            (&b"name,token,admin_id\n"[..], NOT_GZIP),
            (b"\0\0\0\0\0\0\0\0\0\0", NOT_GZIP),
            (b"a", NOT_GZIP),
            (b"\x1faaaaaaaaaaaa", NOT_GZIP),
            (b"", "the gzip data ends too early; make or copy the file again"),
            // The deflate data, and the checksum.
            (&with(10), damaged),
            (&with(packed.len() - 8), damaged),
        ] {
            assert_eq!(unpack(packed, 64).1.as_deref(), Some(message));
        }
    }

    proptest! {
        #[test]
        fn members_of_any_size_are_joined(
            texts in prop::collection::vec("[a-z\n]{0,300}", 1..4),
            padding in 0..600_usize,
            chunk in 1..100_usize,
        ) {
            let mut packed: Vec<u8> = texts.iter().flat_map(|text| gzip(text.as_bytes())).collect();
            packed.resize(packed.len() + padding, 0);
            prop_assert_eq!(unpack(&packed, chunk), (texts.concat(), None));
        }

        #[test]
        fn truncated_data_is_an_error(text in "[a-z]{1,300}", cut in 1..20_usize) {
            let packed = gzip(text.as_bytes());
            prop_assert!(unpack(&packed[..packed.len() - cut], 64).1.is_some());
        }
    }
}
