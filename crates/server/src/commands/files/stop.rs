//! Signals that stop a command early.

use crate::signals::Signals;
use actix_web::rt::signal::unix::SignalKind;
use std::{fs, io, process::ExitCode};

/// Resolves on a signal to stop, with the exit code that shells use: 128 plus the number of the signal. This call
/// installs the handlers.
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

/// Returns true if the process was started with SIGHUP ignored, as by `nohup`; false if that is unknown.
fn hangup_is_ignored() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // Signal 1 is the lowest bit.
    mask.is_some_and(|mask| mask & 1 == 1)
}
