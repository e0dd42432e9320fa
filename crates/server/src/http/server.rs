//! The public server: its listener, and an app for each worker.

use super::{
    app::{Services, app},
    connection::Timeouts,
    docs,
    http_server::{self, ServerLimits},
};
use crate::{listener::Listener, settings::HttpSettings};
use actix_web::{dev::Server, web::ThinData};
use std::{io, time::Duration};

/// Time that a connection stays open after its last reply, so that a client that is still sending can read an early
/// reply.
pub(crate) const LINGERING_CLOSE: Duration = Duration::from_secs(1);

/// Starts the server on `listener`. It runs until `stop` resolves, and then answers the requests in flight.
pub fn serve(
    listener: Listener,
    services: Services,
    mut settings: HttpSettings,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<Server> {
    let limits = ServerLimits {
        workers: settings.workers,
        max_connections: settings.max_connections,
        timeouts: Timeouts {
            request: settings.request_timeout,
            keep_alive: settings.keep_alive,
            lingering_close: LINGERING_CLOSE,
        },
        shutdown_timeout: settings.shutdown_timeout,
    };
    if matches!(listener, Listener::Tcp(_)) {
        settings.trusted_proxies = settings.trusted_proxies.without_unix();
    }
    let streams = services.streams.clone();
    let stop = async move {
        stop.await;
        streams.stop();
    };
    let document = docs::Document::new(&settings.base_path)?;
    http_server::serve(listener, None, limits, services.metrics.clone(), stop, move || {
        app(services.clone(), settings.clone()).app_data(ThinData(document.clone()))
    })
}
