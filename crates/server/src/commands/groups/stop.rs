//! What tells a command to stop before its end.

use actix_web::rt::signal::unix::{SignalKind, signal};
use std::{
    fs,
    future::{self, Future},
    io,
    process::ExitCode,
    task::Poll,
};

/// The signals, and the exit codes by which a shell knows them: 128 and the number of the signal.
const SIGNALS: [(SignalKind, u8); 3] =
    [(SignalKind::hangup(), 129), (SignalKind::interrupt(), 130), (SignalKind::terminate(), 143)];

/// Comes when the process is told to stop, with the exit code that says so.
///
/// From this call on, and not from the first poll, such a signal does not end the process at once.
pub(super) fn stop_signal() -> io::Result<impl Future<Output = ExitCode>> {
    let hangup_is_ignored = hangup_is_ignored();
    let mut signals = SIGNALS
        .into_iter()
        .filter(|(kind, _)| *kind != SignalKind::hangup() || !hangup_is_ignored)
        .map(|(kind, code)| Ok((signal(kind)?, code)))
        .collect::<io::Result<Vec<_>>>()?;
    Ok(future::poll_fn(move |context| {
        let come = signals
            .iter_mut()
            .find_map(|(signal, code)| signal.poll_recv(context).is_ready().then_some(*code));
        come.map_or(Poll::Pending, |code| Poll::Ready(code.into()))
    }))
}

/// Whether the process was started to outlive its terminal, as `nohup` does. Where that cannot be told, it was not.
fn hangup_is_ignored() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // Signal 1 is the lowest bit.
    mask.is_some_and(|mask| mask & 1 == 1)
}
