//! The admin listener: for whoever runs the service, and never on the port of its clients. It asks for no key.

use crate::{
    hosts::Hosts,
    http::{
        HttpMetrics, LINGERING_CLOSE, Timeouts,
        http_server::{self, ServerLimits},
    },
    listener::Listener,
};
use actix_web::{
    App, Error, HttpResponse, Resource, Responder,
    body::{EitherBody, MessageBody},
    dev::{Server, ServiceRequest, ServiceResponse},
    guard::{Any, Get, Head},
    http::header::ContentType,
    middleware::{Next, from_fn},
    web::{self, ThinData},
};
use gochat_adapters::{Readiness, ReadinessProbe};
use prometheus::{Registry, TEXT_FORMAT, TextEncoder};
use serde::Serialize;
use std::{
    future, io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// How long `/readyz` waits for the database.
const DATABASE_TIMEOUT: Duration = Duration::from_secs(2);

/// What the admin listener tells of.
#[derive(Clone)]
pub(crate) struct Admin {
    /// What is measured.
    pub(crate) registry: Registry,
    /// Whether the database can be worked with.
    pub(crate) database: ReadinessProbe,
    /// Whether the service was told to stop.
    pub(crate) stopping: Arc<AtomicBool>,
}

/// The limits of the listener: its clients are few, and must be served however busy the public one is.
const LIMITS: ServerLimits = ServerLimits {
    workers: 1,
    max_connections: 32,
    timeouts: Timeouts {
        request: Duration::from_secs(10),
        keep_alive: Duration::from_secs(75),
        lingering_close: LINGERING_CLOSE,
    },
    shutdown_timeout: Duration::ZERO,
};

/// Starts to serve `hosts` on `listener`, until its handle stops it. Signals do not.
pub(crate) fn serve(listener: Listener, admin: Admin, hosts: Hosts) -> io::Result<Server> {
    // Its requests are not counted with those of clients.
    let uncounted = HttpMetrics::new().map_err(io::Error::other)?;
    http_server::serve(listener, LIMITS, uncounted, future::pending(), move || {
        App::new()
            .app_data(ThinData(admin.clone()))
            .wrap(from_fn(move |request, next| check_host(hosts, request, next)))
            .service(path("/livez").route(get().to(livez)))
            .service(path("/readyz").route(get().to(readyz)))
            .service(path("/metrics").route(get().to(metrics)))
            .default_service(web::to(|| async {
                HttpResponse::NotFound().body("there are /livez, /readyz and /metrics\n")
            }))
    })
}

/// Refuses a page whose name leads here, as the public listener does: what is measured is not for it.
async fn check_host<B: MessageBody>(
    hosts: Hosts,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, String>>, Error> {
    match hosts.check(request.head()) {
        Ok(()) => Ok(next.call(request).await?.map_into_left_body()),
        Err(misdirected) => {
            let refusal = HttpResponse::MisdirectedRequest()
                .content_type(ContentType::plaintext())
                .message_body(format!("{misdirected}\n"))?;
            Ok(request.into_response(refusal.map_into_right_body()))
        }
    }
}

fn path(path: &str) -> Resource {
    web::resource(path).default_service(web::to(|| async {
        HttpResponse::MethodNotAllowed()
            .insert_header(("Allow", "GET, HEAD"))
            .body("the methods are GET and HEAD\n")
    }))
}

fn get() -> actix_web::Route {
    web::route().guard(Any(Get()).or(Head()))
}

/// The process answers.
async fn livez() -> impl Responder {
    "ok\n"
}

/// What must hold for the service to be sent requests, and what is wrong where it does not.
#[derive(Serialize)]
struct Checks {
    /// The database answers.
    database: String,
    /// It has every migration that this program knows, and none that asks for a newer program.
    migrations: String,
    /// It takes writes.
    writes: String,
    /// The service was not told to stop.
    shutdown: String,
}

/// Whether requests should be sent here.
async fn readyz(ThinData(admin): ThinData<Admin>) -> HttpResponse {
    let (ok, not_checked) = (|| "ok".to_owned(), || "not checked".to_owned());
    let is_stopping = || admin.stopping.load(Ordering::SeqCst);
    let (database, migrations, writes) = if is_stopping() {
        // No request is to be sent here whatever the database says, so it is not waited for.
        (not_checked(), not_checked(), not_checked())
    } else {
        match admin.database.check(DATABASE_TIMEOUT).await {
            Readiness::Ready => (ok(), ok(), ok()),
            Readiness::Writes(fault) => (ok(), ok(), fault),
            Readiness::Migrations(fault) => (ok(), fault, not_checked()),
            Readiness::Database(fault) => (fault, not_checked(), not_checked()),
        }
    };
    // Once more, so that a stop that came meanwhile is told.
    let shutdown = if is_stopping() { "shutting down".to_owned() } else { ok() };
    let is_ready = [&database, &migrations, &writes, &shutdown].into_iter().all(|check| check == "ok");
    let mut reply = if is_ready { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    reply.json(Checks { database, migrations, writes, shutdown })
}

/// What is measured, in the text format of Prometheus.
async fn metrics(ThinData(admin): ThinData<Admin>) -> HttpResponse {
    match TextEncoder::new().encode_to_string(&admin.registry.gather()) {
        Ok(text) => HttpResponse::Ok().content_type(TEXT_FORMAT).body(text),
        Err(error) => HttpResponse::InternalServerError()
            .content_type(ContentType::plaintext())
            .body(format!("{error}\n")),
    }
}
