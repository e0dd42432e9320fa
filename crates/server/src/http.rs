//! The HTTP API: routes, and what every reply has in common.

mod auth;
mod body;
mod client;
mod connection;
mod cors;
mod docs;
pub(crate) mod edge;
mod envelope;
mod error;
mod groups;
mod metrics;
pub(crate) mod openapi;
mod request_id;
mod routes;
mod trace_id;
mod unread;

pub(crate) use connection::Limits;
pub use metrics::HttpMetrics;

use crate::{listener::Listener, settings::HttpSettings};
use actix_web::{
    App, Error,
    body::MessageBody,
    dev::{Server, ServiceFactory, ServiceRequest, ServiceResponse},
    middleware::{Condition, from_fn},
    web::{self, ThinData},
};
use body::TimeLimit;
use edge::Bounds;
use error::ApiError;
use gochat_domain::{ports::Authenticator, service::GroupService};
use std::{io, rc::Rc, sync::Arc, time::Duration};

/// How long a connection that is to be closed stays open, so that the client can read an early answer while it sends.
pub(crate) const LINGER: Duration = Duration::from_secs(1);

/// What the handlers call.
#[derive(Clone)]
pub struct Services {
    /// The use cases of groups.
    pub groups: GroupService,
    /// Tells who calls.
    pub authenticator: Arc<dyn Authenticator>,
    /// Counts requests.
    pub metrics: HttpMetrics,
    /// The key that everybody may know, while it is accepted: the page to try the API on has it filled in.
    pub known_key: Option<&'static str>,
}

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
        application(services.clone(), settings.clone()).app_data(ThinData(document.clone()))
    })
}

/// The routes, and what wraps them.
fn application(
    services: Services,
    settings: HttpSettings,
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
    let (origins, hosts, proxies) =
        (settings.allowed_origins, settings.hosts, Rc::new(settings.trusted_proxies));
    let pages_may_call = !origins.is_empty();
    let around_cors = (origins.clone(), Rc::clone(&metrics), Rc::clone(&proxies));
    App::new()
        .app_data(ThinData(services.groups))
        .app_data(ThinData(services.authenticator))
        .app_data(ThinData(settings.base_path.clone()))
        .app_data(TimeLimit(settings.request_timeout))
        .wrap(from_fn(move |request, next| {
            envelope::wrap(Rc::clone(&metrics), hosts, Rc::clone(&proxies), request, next)
        }))
        // Outside, so that an error has its headers too.
        .wrap(Condition::new(pages_may_call, cors::headers(origins)))
        .wrap(Condition::new(
            pages_may_call,
            from_fn(move |request, next| {
                let (origins, metrics, proxies) = around_cors.clone();
                cors::wrap(origins, metrics, hosts, proxies, request, next)
            }),
        ))
        .service(groups::collection())
        .service(groups::item())
        .service(groups::lookup())
        .service(docs::lead_from("/", &settings.base_path))
        .service(docs::lead_from("/docs/", &settings.base_path))
        .service(docs::page(services.known_key))
        .service(docs::part())
        .service(docs::openapi())
        .default_service(web::to(|| async { Err::<&str, _>(ApiError::not_found()) }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Profile, Settings};
    use actix_web::{
        body::to_bytes,
        dev::Service,
        http::{StatusCode, header},
        test::{TestRequest, call_service, init_service},
    };
    use gochat_adapters::{
        CachingAuthenticator,
        memory::{MemoryApiKeys, MemoryGroups},
    };
    use gochat_domain::clock::SystemClock;

    fn services() -> Services {
        let (groups, clock) = (Arc::new(MemoryGroups::default()), Arc::new(SystemClock));
        let keys = Arc::new(MemoryApiKeys::default());
        Services {
            groups: GroupService::new(groups.clone(), groups, clock.clone()),
            authenticator: Arc::new(CachingAuthenticator::new(keys, clock, CachingAuthenticator::MAX_AGE)),
            metrics: HttpMetrics::new().unwrap(),
            known_key: None,
        }
    }

    #[actix_web::test]
    async fn a_panic_is_an_error_like_any_other_also_for_a_page_of_another_origin() {
        let origin = "https://chat.example.org";
        let allowed = ("GOCHAT__HTTP__ALLOWED_ORIGINS".to_owned(), origin.to_owned());
        let settings = Settings::load(Profile::Production, [allowed]).unwrap();
        let app = application(services(), settings.http);
        let panic = || async { if true { panic!("as a test asks for") } else { "" } };
        let app = init_service(app.route("/panic", web::get().to(panic))).await;
        let request = TestRequest::get().uri("/panic").insert_header((header::ORIGIN, origin));
        let error = app.call(request.to_request()).await.err().unwrap();
        let response = error.error_response();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let values = |name| -> Vec<_> {
            response.headers().get_all(name).map(|value| value.to_str().unwrap()).collect()
        };
        assert_eq!(values(header::ACCESS_CONTROL_ALLOW_ORIGIN), [origin]);
        assert!(values(header::VARY).concat().starts_with("Origin"));
        let exposed = values(header::ACCESS_CONTROL_EXPOSE_HEADERS).concat();
        assert!(exposed.contains("x-request-id"), "{exposed}");
        assert_eq!(values(header::CACHE_CONTROL), ["no-store"]);
        let body = to_bytes(response.into_body()).await.unwrap();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["code"], "internal");
        // The worker goes on.
        let next = call_service(&app, TestRequest::get().uri("/docs").to_request()).await;
        assert_eq!(next.status(), StatusCode::OK);
    }
}
