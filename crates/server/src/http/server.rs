//! The server of the API: its listener, and an app for each worker.

use super::{
    app::{Services, app},
    connection::Limits,
    docs,
    edge::{self, Bounds},
};
use crate::{listener::Listener, settings::HttpSettings};
use actix_web::{dev::Server, web::ThinData};
use std::{io, time::Duration};

/// How long a connection that is to be closed stays open, so that the client can read an early answer while it sends.
pub(crate) const LINGER: Duration = Duration::from_secs(1);

/// Starts to serve on `listener`, until `stop` comes; then what is in flight is answered.
pub fn serve(
    listener: Listener,
    services: Services,
    mut settings: HttpSettings,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<Server> {
    let bounds = Bounds {
        workers: settings.workers,
        connections: settings.max_connections,
        limits: Limits { request: settings.request_timeout, keep_alive: settings.keep_alive, linger: LINGER },
        shutdown: settings.shutdown_timeout,
    };
    if matches!(listener, Listener::Tcp(_)) {
        settings.trusted_proxies = settings.trusted_proxies.of_tcp();
    }
    let document = docs::Document::new(&settings.base_path)?;
    edge::serve(listener, bounds, services.metrics.clone(), stop, move || {
        app(services.clone(), settings.clone()).app_data(ThinData(document.clone()))
    })
}
