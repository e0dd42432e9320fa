//! Handlers for SIGTERM, SIGINT and SIGXFSZ.

use super::shutdown::ShutdownDeadline;
use crate::signals::Signals;
use actix_web::rt::{signal::unix::SignalKind, time::timeout};
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// Resolves when the public listener is to close: `delay` after SIGTERM or SIGINT, or at the second signal. Sets
/// `stopping` at the first signal, and starts `deadline` when it resolves. This call installs the handlers.
pub(super) fn shutdown_signal(
    delay: Duration,
    stopping: Arc<AtomicBool>,
    deadline: ShutdownDeadline,
) -> io::Result<impl Future<Output = ()> + Send> {
    let mut signals = Signals::handle([SignalKind::terminate(), SignalKind::interrupt()])?;
    Ok(async move {
        signals.next().await;
        stopping.store(true, Ordering::SeqCst);
        if !delay.is_zero() {
            tracing::info!(
                "shutting down in {delay:?}; /readyz answers 503 from now on; a second signal shuts down at once"
            );
            let _elapsed = timeout(delay, signals.next()).await;
        }
        deadline.start();
    })
}

/// Makes a write beyond the file size limit (`ulimit -f`) fail like one to a full disk. By default SIGXFSZ ends the
/// process.
pub(super) fn handle_sigxfsz() -> io::Result<()> {
    Signals::handle([SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw())]).map(drop)
}
