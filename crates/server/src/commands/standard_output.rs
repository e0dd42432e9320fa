//! Writing to standard output, which its reader may close.

use std::io::{self, Write};

/// Writes `text`. A reader that closes early, as in `gochat man | head`, is not an error.
pub(super) fn print(text: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text)
        .and_then(|()| out.flush())
        .or_else(|error| if is_closed(&error) { Ok(()) } else { Err(error) })
}

/// Returns true if the reader has closed the pipe.
pub(super) fn is_closed(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe
}
