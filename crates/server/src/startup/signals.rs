//! Signals: two end the server, and one would end the process.

use super::stop::Budget;
use actix_web::rt::{
    signal::unix::{Signal, SignalKind, signal},
    time::timeout,
};
use std::{
    future, io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::Poll,
    time::Duration,
};

/// Resolves when the public listener is to close: `delay` after SIGTERM or SIGINT, or at the second one. `announced` turns
/// true at the first, and `budget` starts with the close. This call installs the handlers.
pub(super) fn signalled(
    delay: Duration,
    announced: Arc<AtomicBool>,
    budget: Budget,
) -> io::Result<impl Future<Output = ()> + Send> {
    let mut signals = [signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?];
    Ok(async move {
        next(&mut signals).await;
        announced.store(true, Ordering::SeqCst);
        if !delay.is_zero() {
            tracing::info!(
                "shutting down in {delay:?}: /readyz says so from now on; a second signal does it at once"
            );
            let _over = timeout(delay, next(&mut signals)).await;
        }
        budget.start();
    })
}

/// Has a write beyond a limit of file sizes (`ulimit -f`) fail, as one to a full disk does. By default its signal ends the process.
pub(super) fn outlive_file_limits() -> io::Result<()> {
    // The handler stays when this value is dropped.
    signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw())).map(drop)
}

async fn next(signals: &mut [Signal]) {
    future::poll_fn(|cx| {
        let come = signals.iter_mut().any(|signal| signal.poll_recv(cx).is_ready());
        if come { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}
