//! Signals: two end the server, and one would end the process.

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

/// Resolves when the public listener is to close: `delay` after SIGTERM or SIGINT, or at the second one. `stopping` turns
/// true at the first, and `deadline` starts with the close. This call installs the handlers.
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
                "shutting down in {delay:?}: /readyz says so from now on; a second signal does it at once"
            );
            let _over = timeout(delay, signals.next()).await;
        }
        deadline.start();
    })
}

/// Has a write beyond a limit of file sizes (`ulimit -f`) fail, as one to a full disk does. By default its signal ends the process.
pub(super) fn handle_sigxfsz() -> io::Result<()> {
    Signals::handle([SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw())]).map(drop)
}
