//! Files that are no text in UTF-8, told by their first bytes.

use anyhow::bail;
use std::io::{BufRead, Cursor, Read};

/// How many bytes tell each kind.
const MAGIC_BYTES: usize = 4;

/// Looks at the first bytes of `input`, and returns it whole. An error names the kind of file that it is, and the way out.
pub(in crate::commands::groups) fn check(mut input: impl BufRead) -> anyhow::Result<impl BufRead> {
    let mut head = Vec::new();
    // A short first line may be all that has come so far.
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
        // UTF-32 in little-endian order begins as UTF-16 does. Both with a byte order mark, or ASCII characters without one.
        [0xff, 0xfe, 0, 0] | [0, 0, 0xfe, 0xff] | [1..=0x7f, 0, 0, 0] | [0, 0, 0, 1..=0x7f] => {
            "a UTF-32 file; save it as UTF-8"
        }
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, 1..=0x7f, 0, 1..=0x7f] | [1..=0x7f, 0, 1..=0x7f, 0] => {
            "a UTF-16 file; save it as UTF-8"
        }
        // The second is an archive without files.
        b"PK\x03\x04" | b"PK\x05\x06" => {
            "a zip, xlsx or ods file; save the sheet as CSV in UTF-8, or unpack the archive"
        }
        [0xd0, 0xcf, 0x11, 0xe0] => "an xls file; save the sheet as CSV in UTF-8",
        [0x1f, 0x8b, ..] => "a gzip file; its name must end in .gz, or unpack it by zcat",
        [0xfd, b'7', b'z', b'X'] => "an xz file; unpack it by xzcat",
        [0x28, 0xb5, 0x2f, 0xfd] => "a zstd file; unpack it by zstdcat",
        [b'B', b'Z', b'h', b'1'..=b'9'] => "a bzip2 file; unpack it by bzcat",
        [b'7', b'z', 0xbc, 0xaf] => "a 7z file; unpack the archive",
        _ => return None,
    })
}
