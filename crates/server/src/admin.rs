//! The admin listener: for whoever runs the service, and never on the port of its clients. It asks for no key.

use actix_web::{
    App, HttpResponse, HttpServer, Resource, Responder,
    dev::Server,
    guard::{Any, Get, Head},
    http::header::ContentType,
    web::{self, ThinData},
};
use gochat_adapters::{Readiness, ReadinessProbe};
use prometheus::{Registry, TEXT_FORMAT, TextEncoder};
use serde::Serialize;
use std::{
    io,
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// How long `/readyz` waits for the database.
const PATIENCE: Duration = Duration::from_secs(2);

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

/// Starts to serve on `listener`, until its handle stops it. Signals do not.
pub(crate) fn serve(listener: TcpListener, admin: Admin) -> io::Result<Server> {
    let server = HttpServer::new(move || {
        App::new()
            .app_data(ThinData(admin.clone()))
            .service(path("/livez").route(get().to(livez)))
            .service(path("/readyz").route(get().to(readyz)))
            .service(path("/metrics").route(get().to(metrics)))
            .default_service(web::to(|| async {
                HttpResponse::NotFound().body("there are /livez, /readyz and /metrics\n")
            }))
    });
    Ok(server.workers(1).disable_signals().listen(listener)?.run())
}

fn path(path: &str) -> Resource {
    web::resource(path).default_service(web::to(|| async {
        HttpResponse::MethodNotAllowed().insert_header(("Allow", "GET, HEAD")).finish()
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
    /// The service was not told to stop.
    shutdown: String,
}

/// Whether requests should be sent here.
async fn readyz(ThinData(admin): ThinData<Admin>) -> HttpResponse {
    let ok = || "ok".to_owned();
    let (database, migrations) = match admin.database.check(PATIENCE).await {
        Readiness::Ready => (ok(), ok()),
        Readiness::Migrations(fault) => (ok(), fault),
        Readiness::Database(fault) => (fault, "not checked".to_owned()),
    };
    // Last, so that a stop that came meanwhile is told.
    let is_stopping = admin.stopping.load(Ordering::SeqCst);
    let shutdown = if is_stopping { "shutting down".to_owned() } else { ok() };
    let is_ready = [&database, &migrations, &shutdown].into_iter().all(|check| check == "ok");
    let mut reply = if is_ready { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    reply.json(Checks { database, migrations, shutdown })
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
