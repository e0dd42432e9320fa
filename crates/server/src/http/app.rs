//! The actix app of the API: routes and middleware.

use super::{
    body::TimeLimit, cors, docs, envelope, error::ApiError, groups, lines::Streams, members,
    metrics::HttpMetrics,
};
use crate::settings::HttpSettings;
use actix_web::{
    App, Error,
    body::MessageBody,
    dev::{ServiceFactory, ServiceRequest, ServiceResponse},
    middleware::{Condition, from_fn},
    web::{self, ThinData},
};
use gochat_domain::{
    ports::Authenticator,
    service::{GroupService, MemberService},
};
use std::{rc::Rc, sync::Arc};

/// Dependencies of the handlers.
#[derive(Clone)]
pub struct Services {
    /// Use cases for groups.
    pub groups: GroupService,
    /// Use cases for members.
    pub members: MemberService,
    /// Authenticates callers.
    pub authenticator: Arc<dyn Authenticator>,
    /// Counts and times requests.
    pub metrics: HttpMetrics,
    /// The open streams of lines.
    pub streams: Streams,
    /// The development key, if it is accepted. The page for trying the API has it filled in.
    pub prefilled_key: Option<&'static str>,
}

/// Builds the app: routes and middleware.
pub(super) fn app(
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
    let metrics = Rc::new(services.metrics.clone());
    let (origins, hosts, proxies) =
        (settings.allowed_origins, settings.hosts, Rc::new(settings.trusted_proxies));
    let allows_cors = !origins.is_empty();
    let for_cors_wrap = (origins.clone(), Rc::clone(&metrics), Rc::clone(&proxies));
    App::new()
        .app_data(ThinData(services.groups))
        .app_data(ThinData(services.members))
        .app_data(ThinData(services.authenticator))
        .app_data(ThinData(settings.base_path.clone()))
        .app_data(ThinData(services.metrics))
        .app_data(ThinData(services.streams))
        .app_data(TimeLimit(settings.request_timeout))
        .wrap(from_fn(move |request, next| {
            envelope::wrap(Rc::clone(&metrics), hosts, Rc::clone(&proxies), request, next)
        }))
        // Around the envelope, so that error replies get the CORS headers too.
        .wrap(Condition::new(allows_cors, cors::middleware(origins)))
        .wrap(Condition::new(
            allows_cors,
            from_fn(move |request, next| {
                let (origins, metrics, proxies) = for_cors_wrap.clone();
                cors::wrap(origins, metrics, hosts, proxies, request, next)
            }),
        ))
        // Paths are compared in this order, and those with parameters by a regular expression. So the paths of most requests,
        // which have none, come first.
        .service(groups::collection())
        .service(members::collection())
        .configure(groups::configure)
        .configure(members::configure)
        .configure(|server| docs::configure(server, &settings.base_path, services.prefilled_key))
        .default_service(web::to(|| async { Err::<&str, _>(ApiError::not_found()) }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        http::testing::services,
        settings::{Profile, Settings},
    };
    use actix_web::{
        body::to_bytes,
        dev::Service,
        http::{StatusCode, header},
        test::{TestRequest, call_service, init_service},
    };

    #[actix_web::test]
    async fn a_panic_is_answered_500_with_the_usual_headers_and_cors() {
        let origin = "https://chat.example.org";
        let allowed = ("GOCHAT__HTTP__ALLOWED_ORIGINS".to_owned(), origin.to_owned());
        let settings = Settings::load(Profile::Production, [allowed]).unwrap();
        let app = app(services(), settings.http);
        let panic = || async { if true { panic!("on purpose") } else { "" } };
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
        // The worker still serves requests.
        let next = call_service(&app, TestRequest::get().uri("/docs").to_request()).await;
        assert_eq!(next.status(), StatusCode::OK);
    }
}
