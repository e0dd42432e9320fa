//! The HTTP API: routes, and what every reply has in common.

mod auth;
mod body;
mod envelope;
mod error;
mod groups;
mod request_id;

use crate::settings::HttpSettings;
use actix_web::{App, HttpServer, dev::Server, middleware::from_fn, web};
use error::ApiError;
use gochat_domain::{ports::Authenticator, service::GroupService};
use std::{io, net::TcpListener, sync::Arc, thread};

/// What the handlers call.
#[derive(Clone)]
pub struct Services {
    /// The use cases of groups.
    pub groups: GroupService,
    /// Tells who calls.
    pub authenticator: Arc<dyn Authenticator>,
}

/// Starts to serve on `listener`.
pub fn serve(listener: TcpListener, services: Services, settings: HttpSettings) -> io::Result<Server> {
    let workers = match settings.workers {
        0 => thread::available_parallelism()?.get(),
        workers => workers,
    };
    let time_limit = body::TimeLimit(settings.request_timeout);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(web::ThinData(services.groups.clone()))
            .app_data(web::ThinData(Arc::clone(&services.authenticator)))
            .app_data(time_limit)
            .wrap(from_fn(envelope::wrap))
            .service(groups::collection())
            .default_service(web::to(|| async { Err::<&str, _>(ApiError::not_found()) }))
    })
    .workers(workers)
    .client_request_timeout(settings.request_timeout)
    .shutdown_timeout(settings.shutdown_timeout.as_secs())
    .listen(listener)?;
    Ok(server.run())
}
