//! Signals to the process.

use actix_web::rt::signal::unix::{Signal, SignalKind, signal};
use std::{future, io, task::Poll};

/// Signals that the process handles instead of being ended by them.
pub(crate) struct Signals(Vec<(SignalKind, Signal)>);

impl Signals {
    /// Installs handlers for `kinds`. They stay installed when the value is dropped.
    pub(crate) fn handle(kinds: impl IntoIterator<Item = SignalKind>) -> io::Result<Self> {
        kinds.into_iter().map(|kind| Ok((kind, signal(kind)?))).collect::<io::Result<_>>().map(Self)
    }

    /// Resolves with the next signal.
    pub(crate) async fn next(&mut self) -> SignalKind {
        future::poll_fn(|context| {
            let mut signals = self.0.iter_mut();
            let next =
                signals.find_map(|(kind, signal)| signal.poll_recv(context).is_ready().then_some(*kind));
            next.map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }
}
