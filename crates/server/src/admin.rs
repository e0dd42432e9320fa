//! The admin listener: liveness, readiness, metrics and the dashboard, for operators. It has its own port. Only the
//! dashboard needs a session.

use crate::{
    dashboard::{self, Dashboard},
    hosts::Hosts,
    http::{
        HttpMetrics, LINGERING_CLOSE, Timeouts, get_or_head,
        http_server::{self, ServerLimits},
    },
    listener::Listener,
};
use actix_web::{
    App, Error, HttpResponse, Resource, Responder,
    body::{EitherBody, MessageBody},
    dev::{Server, ServiceRequest, ServiceResponse},
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
use tokio_rustls::TlsAcceptor;

/// Longest wait of `/readyz` for the database.
const DATABASE_TIMEOUT: Duration = Duration::from_secs(2);

/// State that the admin endpoints report.
#[derive(Clone)]
pub(crate) struct Admin {
    /// All metrics of the process.
    pub(crate) registry: Registry,
    /// Checks that the database accepts work.
    pub(crate) database: ReadinessProbe,
    /// True once the service was told to stop.
    pub(crate) stopping: Arc<AtomicBool>,
}

/// Limits of the listener. It has its own worker and connections, so it answers even when the public listener is
/// overloaded.
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

/// Starts a server for `hosts` on `listener`, by HTTPS if there is a `tls`. It runs until its handle stops it, and
/// ignores signals.
pub(crate) fn serve(
    listener: Listener,
    tls: Option<TlsAcceptor>,
    admin: Admin,
    hosts: Hosts,
    dashboard: Option<Dashboard>,
) -> io::Result<Server> {
    // Admin requests are not counted among those of clients.
    let uncounted = HttpMetrics::new().map_err(io::Error::other)?;
    http_server::serve(listener, tls, LIMITS, uncounted, future::pending(), move || {
        let dashboard = dashboard.clone();
        App::new()
            .app_data(ThinData(admin.clone()))
            .wrap(from_fn(move |request, next| check_host(hosts, request, next)))
            .service(path("/livez").route(get_or_head().to(livez)))
            .service(path("/readyz").route(get_or_head().to(readyz)))
            .service(path("/metrics").route(get_or_head().to(metrics)))
            .configure(|server| {
                if let Some(dashboard) = dashboard {
                    dashboard::configure(server, dashboard);
                }
            })
            .default_service(web::to(|| async {
                HttpResponse::NotFound().body("the paths are /livez, /readyz and /metrics\n")
            }))
    })
}

/// Rejects requests that name another host, as the public listener does: a page that uses DNS rebinding must not read
/// metrics.
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

/// Answers 200 as long as the process runs.
async fn livez() -> impl Responder {
    "ok\n"
}

/// The readiness checks: `ok`, or the reason for the failure.
#[derive(Serialize)]
struct Checks {
    /// The database answers.
    database: String,
    /// The schema has every migration that this program knows, and none that requires a newer program.
    migrations: String,
    /// The database accepts writes.
    writes: String,
    /// The service is not shutting down.
    shutdown: String,
}

/// Answers 200 if this instance should receive requests, otherwise 503.
async fn readyz(ThinData(admin): ThinData<Admin>) -> HttpResponse {
    let (ok, not_checked) = (|| "ok".to_owned(), || "not checked".to_owned());
    let is_stopping = || admin.stopping.load(Ordering::SeqCst);
    let (database, migrations, writes) = if is_stopping() {
        // During shutdown the answer is 503 anyway, so the database is not asked.
        (not_checked(), not_checked(), not_checked())
    } else {
        match admin.database.check(DATABASE_TIMEOUT).await {
            Readiness::Ready => (ok(), ok(), ok()),
            Readiness::NotWritable(fault) => (ok(), ok(), fault),
            Readiness::WrongSchema(fault) => (ok(), fault, not_checked()),
            Readiness::Unreachable(fault) => (fault, not_checked(), not_checked()),
        }
    };
    // Checked again, in case the shutdown began while the database was asked.
    let shutdown = if is_stopping() { "shutting down".to_owned() } else { ok() };
    let is_ready = [&database, &migrations, &writes, &shutdown].into_iter().all(|check| check == "ok");
    let mut reply = if is_ready { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    reply.json(Checks { database, migrations, writes, shutdown })
}

/// Returns all metrics in the Prometheus text format.
async fn metrics(ThinData(admin): ThinData<Admin>) -> HttpResponse {
    match TextEncoder::new().encode_to_string(&admin.registry.gather()) {
        Ok(text) => HttpResponse::Ok().content_type(TEXT_FORMAT).body(text),
        Err(error) => HttpResponse::InternalServerError()
            .content_type(ContentType::plaintext())
            .body(format!("{error}\n")),
    }
}
