//! Detects files that are not UTF-8 text by their first bytes.

use anyhow::bail;
use std::io::{BufRead, Cursor, Read};

/// Number of bytes that identify a kind.
const MAGIC_BYTES: usize = 4;

/// Rejects input whose first bytes show that it is not UTF-8 text. The error names the kind of file and a remedy.
/// Otherwise returns the whole input.
pub(in crate::commands::files) fn check(mut input: impl BufRead) -> anyhow::Result<impl BufRead> {
    let mut head = Vec::new();
    // A pipe may have delivered only a short first line so far.
    while head.len() < MAGIC_BYTES && head.last() != Some(&b'\n') {
        if input.by_ref().take(1).read_to_end(&mut head)? == 0 {
            break;
        }
    }
    if let Some(kind) = kind(&head) {
        bail!("this is {kind}");
    }
    Ok(Cursor::new(head).chain(input))
}

fn kind(head: &[u8]) -> Option<&'static str> {
    Some(match head {
        // Checked before UTF-16, because little-endian UTF-32 begins like it. Both may begin with a byte order mark or
        // with ASCII characters.
        [0xff, 0xfe, 0, 0] | [0, 0, 0xfe, 0xff] | [1..=0x7f, 0, 0, 0] | [0, 0, 0, 1..=0x7f] => {
            "a UTF-32 file; save it as UTF-8"
        }
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, 1..=0x7f, 0, 1..=0x7f] | [1..=0x7f, 0, 1..=0x7f, 0] => {
            "a UTF-16 file; save it as UTF-8"
        }
        // `PK\x05\x06` begins an archive without files.
        b"PK\x03\x04" | b"PK\x05\x06" => {
            "a zip, xlsx or ods file; save the sheet as CSV in UTF-8, or unpack the archive"
        }
        [0xd0, 0xcf, 0x11, 0xe0] => "an xls file; save the sheet as CSV in UTF-8",
        [0x1f, 0x8b, ..] => "a gzip file; unpack it with zcat, or give it a name that ends in .gz",
        [0xfd, b'7', b'z', b'X'] => "an xz file; unpack it with xzcat",
        [0x28, 0xb5, 0x2f, 0xfd] => "a zstd file; unpack it with zstdcat",
        [b'B', b'Z', b'h', b'1'..=b'9'] => "a bzip2 file; unpack it with bzcat",
        [b'7', b'z', 0xbc, 0xaf] => "a 7z file; unpack the archive",
        _ => return None,
    })
}
