//! Digests as text.

use std::fmt::Write;

/// Returns two hexadecimal digits for each byte.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into a `String` does not fail.
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}
