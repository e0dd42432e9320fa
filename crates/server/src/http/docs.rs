//! The page for trying the API, and the OpenAPI document that it shows. Everything is embedded in the binary, so the
//! page works offline.

use super::{
    error::ApiError,
    openapi,
    routes::{get_or_head, not_allowed},
};
use crate::settings::BasePath;
use actix_web::{
    HttpResponse, Resource,
    http::header::{CONTENT_ENCODING, CONTENT_SECURITY_POLICY, LOCATION, REFERRER_POLICY},
    web::{self, Bytes, Path, ServiceConfig, ThinData},
};
use anyhow::anyhow;
use std::{borrow::Cow, io};
use utoipa_swagger_ui::Config;

const PAGE: &str = include_str!("docs/page.html");
const SCRIPT: &str = include_str!("docs/page.js");
const STYLE: &str = include_str!("docs/page.css");

/// Text on the page if the development key is filled in.
const KEY_IS_PREFILLED: &str = "The development key is filled in. This service accepts it only from this machine; \
                         <code>gochat keys create</code> makes real ones.";
/// Text on the page if no key is filled in.
const KEY_IS_NEEDED: &str = "Make a key with <code>gochat keys create</code>, where the service runs. Then press \
                             <b>Authorize</b> and enter it.";

/// Content security policy: the page may only use this service. Swagger UI sets inline styles and has embedded images.
const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The OpenAPI document, generated once.
#[derive(Clone)]
pub(super) struct Document(Bytes);

impl Document {
    pub(super) fn new(base_path: &BasePath) -> io::Result<Self> {
        Ok(Self(openapi::json(base_path)?.into()))
    }
}

/// Adds the page, with `key` filled in, and the document.
pub(super) fn configure(server: &mut ServiceConfig, base_path: &BasePath, key: Option<&str>) {
    server
        .service(redirect_to_docs("/", base_path))
        .service(redirect_to_docs("/docs/", base_path))
        .service(page(key))
        .service(asset())
        .service(openapi());
}

/// A path that redirects to the page.
fn redirect_to_docs(path: &str, base_path: &BasePath) -> Resource {
    let page = base_path.prefixed("/docs");
    let redirect = move || {
        let page = page.clone();
        async move { HttpResponse::TemporaryRedirect().insert_header((LOCATION, page)).finish() }
    };
    read_only(path).route(get_or_head().to(redirect))
}

/// The page, with `key` filled in.
fn page(key: Option<&str>) -> Resource {
    let (words, attribute) = match key {
        Some(key) => (KEY_IS_PREFILLED, format!(r#" data-key="{key}""#)),
        None => (KEY_IS_NEEDED, String::new()),
    };
    let page = Bytes::from(PAGE.replace("KEY", words).replace("ATTRIBUTE", &attribute));
    read_only("/docs").route(get_or_head().to(move || {
        let page = page.clone();
        async move {
            HttpResponse::Ok()
                .content_type("text/html; charset=utf-8")
                .insert_header((CONTENT_SECURITY_POLICY, CONTENT_POLICY))
                .insert_header((REFERRER_POLICY, "no-referrer"))
                .body(page)
        }
    }))
}

/// Scripts, styles and the icon of the page.
fn asset() -> Resource {
    read_only("/docs/{part}").route(get_or_head().to(send_asset))
}

/// The OpenAPI document.
fn openapi() -> Resource {
    read_only("/openapi.json").route(get_or_head().to(send_document))
}

fn read_only(path: &str) -> Resource {
    web::resource(path).default_service(not_allowed("GET, HEAD"))
}

async fn send_document(ThinData(Document(json)): ThinData<Document>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(json)
}

async fn send_asset(part: Path<String>) -> Result<HttpResponse, ApiError> {
    let text = |kind: &str, text: &'static str| {
        Ok(HttpResponse::Ok().content_type(format!("{kind}; charset=utf-8")).body(text))
    };
    match part.as_str() {
        "page.js" => text("text/javascript", SCRIPT),
        "page.css" => text("text/css", STYLE),
        part @ ("swagger-ui-bundle.js" | "swagger-ui.css" | "favicon-32x32.png") => send_vendored(part),
        _ => Err(ApiError::not_found()),
    }
}

/// Returns a file of Swagger UI. It is embedded gzip-compressed, which every browser supports.
fn send_vendored(name: &str) -> Result<HttpResponse, ApiError> {
    let file = utoipa_swagger_ui::serve(name, Config::default().into())
        .map_err(|error| ApiError::internal(anyhow!("{error}")))?
        .ok_or_else(|| ApiError::internal(anyhow!("{name} is not embedded")))?;
    let mut response = HttpResponse::Ok();
    if file.gzpipped {
        response.insert_header((CONTENT_ENCODING, "gzip"));
    }
    Ok(response.content_type(file.content_type).body(match file.bytes {
        Cow::Borrowed(packed) => Bytes::from_static(packed),
        Cow::Owned(made) => Bytes::from(made),
    }))
}
