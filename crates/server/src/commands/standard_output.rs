//! Standard output, which its reader may close.

use std::io::{self, Write};

/// Writes all of `text`, or as much as its reader wants: `gochat man | head` is no failure.
pub(super) fn print(text: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text)
        .and_then(|()| out.flush())
        .or_else(|error| if is_closed(&error) { Ok(()) } else { Err(error) })
}

/// Whether the reader has gone.
pub(super) fn is_closed(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe
}
