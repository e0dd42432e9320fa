//! What tells a command to stop before its end.

use crate::signals::Signals;
use actix_web::rt::signal::unix::SignalKind;
use std::{fs, io, process::ExitCode};

/// Resolves when the process is told to stop, with the exit code that says so: 128 and the number of the signal, as shells do.
/// This call installs the handlers.
pub(super) fn stop_signal() -> io::Result<impl Future<Output = ExitCode>> {
    let mut kinds = vec![SignalKind::interrupt(), SignalKind::terminate()];
    if !hangup_is_ignored() {
        kinds.push(SignalKind::hangup());
    }
    let mut signals = Signals::handle(kinds)?;
    Ok(async move {
        let number = signals.next().await.as_raw_value();
        u8::try_from(128 + number).unwrap_or(u8::MAX).into()
    })
}

/// Whether the process was started to outlive its terminal, as `nohup` does. Where that cannot be told, it was not.
fn hangup_is_ignored() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // Signal 1 is the lowest bit.
    mask.is_some_and(|mask| mask & 1 == 1)
}
