//! The HTTP API: routes, and what every reply has in common.

mod auth;
mod body;
mod connection;
mod cors;
mod docs;
mod envelope;
mod error;
mod groups;
mod metrics;
pub(crate) mod openapi;
mod request_id;
mod routes;
mod trace_id;
mod unread;

pub use metrics::HttpMetrics;

use crate::settings::{AllowedOrigins, HttpSettings};
use actix_http::HttpService;
use actix_service::{IntoServiceFactory, ServiceFactoryExt, map_config};
use actix_web::{
    App, Error,
    body::MessageBody,
    dev::{AppConfig, Server, ServiceFactory, ServiceRequest, ServiceResponse, fn_service},
    middleware::{Condition, from_fn},
    rt::net::TcpStream,
    web::{self, ThinData},
};
use body::TimeLimit;
use connection::Connection;
use error::ApiError;
use gochat_domain::{ports::Authenticator, service::GroupService};
use std::{future::ready, io, net::TcpListener, rc::Rc, sync::Arc, thread, time::Duration};

/// How long a connection that is to be closed stays open, so that the client can read an early answer while it sends.
const LINGER: Duration = Duration::from_secs(1);

/// What the handlers call.
#[derive(Clone)]
pub struct Services {
    /// The use cases of groups.
    pub groups: GroupService,
    /// Tells who calls.
    pub authenticator: Arc<dyn Authenticator>,
    /// Counts requests.
    pub metrics: HttpMetrics,
}

/// Starts to serve on `listener`, until `stop` comes; then what is in flight is answered.
///
/// This is what `actix_web::HttpServer` does, but for the connection of our own between it and the socket.
pub fn serve(
    listener: TcpListener,
    services: Services,
    settings: HttpSettings,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<Server> {
    let workers = match settings.workers {
        0 => thread::available_parallelism()?.get(),
        workers => workers,
    };
    let builder = Server::build()
        .workers(workers)
        .shutdown_timeout(whole_seconds(settings.shutdown_timeout))
        .shutdown_signal(stop);
    let stopping = builder.graceful_shutdown_signal();
    let document = docs::Document::new()?;
    let server = builder.listen("http", listener, move || {
        let stopping = stopping.clone();
        let metrics = services.metrics.clone();
        let app = application(services.clone(), settings.request_timeout, settings.allowed_origins.clone())
            .app_data(ThinData(document.clone()))
            .into_factory();
        let http = HttpService::build()
            .client_request_timeout(settings.request_timeout)
            .client_disconnect_timeout(LINGER)
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .h1(map_config(app.map_err(|error| error.error_response()), |()| AppConfig::default()));
        fn_service(move |stream: TcpStream| {
            let peer = stream.peer_addr().ok();
            ready(Ok((Connection::new(stream, settings.request_timeout, metrics.clone()), peer)))
        })
        .and_then(http)
    })?;
    Ok(server.run())
}

/// At least so many: a second too long loses no request.
fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

/// The routes, and what wraps them.
fn application(
    services: Services,
    request_timeout: Duration,
    origins: AllowedOrigins,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = Error,
        InitError = (),
    >,
> {
    let metrics = Rc::new(services.metrics);
    let pages_may_call = !origins.is_empty();
    let around_cors = (origins.clone(), Rc::clone(&metrics));
    App::new()
        .app_data(ThinData(services.groups))
        .app_data(ThinData(services.authenticator))
        .app_data(TimeLimit(request_timeout))
        .wrap(from_fn(move |request, next| envelope::wrap(Rc::clone(&metrics), request, next)))
        // Outside, so that an error has its headers too.
        .wrap(Condition::new(pages_may_call, cors::headers(origins)))
        .wrap(Condition::new(
            pages_may_call,
            from_fn(move |request, next| {
                let (origins, metrics) = around_cors.clone();
                cors::wrap(origins, metrics, request, next)
            }),
        ))
        .service(groups::collection())
        .service(groups::item())
        .service(docs::root())
        .service(docs::page())
        .service(docs::part())
        .service(docs::openapi())
        .default_service(web::to(|| async { Err::<&str, _>(ApiError::not_found()) }))
}
