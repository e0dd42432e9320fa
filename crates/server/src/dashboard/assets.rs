//! Style sheet, scripts and icon. They are embedded in the binary, and hold nothing secret.

use super::{
    hexadecimal::hexadecimal,
    page::{self, Reply},
    routes::{get_or_head, path},
};
use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CACHE_CONTROL, ETag, EntityTag, Header, IfNoneMatch},
    web::{Path, ServiceConfig},
};
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, sync::LazyLock};

const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";
const TEXT: &str = "text/plain; charset=utf-8";

/// Name, media type and content of each asset.
const ASSETS: &[(&str, &str, &str)] = &[
    ("dashboard.css", CSS, include_str!("assets/dashboard.css")),
    ("icon.svg", SVG, include_str!("assets/icon.svg")),
    ("open.js", JS, include_str!("assets/open.js")),
    ("keys.js", JS, include_str!("assets/keys.js")),
    ("live.css", CSS, include_str!("assets/live.css")),
    ("live.js", JS, include_str!("assets/live.js")),
    ("now.js", JS, include_str!("assets/now.js")),
    ("errors.js", JS, include_str!("assets/errors.js")),
    ("uPlot.iife.min.js", JS, include_str!("assets/uPlot.iife.min.js")),
    ("uPlot.min.css", CSS, include_str!("assets/uPlot.min.css")),
    ("uPlot.LICENSE.txt", TEXT, include_str!("assets/uPlot.LICENSE.txt")),
];

struct Asset {
    media_type: &'static str,
    content: &'static str,
    /// Digest of the content, so that it differs once the file has changed.
    etag: EntityTag,
}

static BY_NAME: LazyLock<BTreeMap<&str, Asset>> = LazyLock::new(|| {
    let assets = ASSETS.iter().map(|&(name, media_type, content)| {
        let etag = EntityTag::new_strong(hexadecimal(&Sha256::digest(content)));
        (name, Asset { media_type, content, etag })
    });
    assets.collect()
});

pub(super) fn configure(server: &mut ServiceConfig) {
    server.service(path("/assets/{name}", "GET, HEAD").route(get_or_head().to(send)));
}

async fn send(request: HttpRequest, name: Path<String>) -> Reply {
    let Some(asset) = BY_NAME.get(name.as_str()) else { return page::not_found("There is no such file.") };
    // A browser asks each time, and gets the file again only after an upgrade of the program.
    let mut reply = HttpResponse::Ok();
    reply.insert_header((CACHE_CONTROL, "no-cache")).insert_header(ETag(asset.etag.clone()));
    let known = match IfNoneMatch::parse(&request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|tag| tag.weak_eq(&asset.etag)),
        Err(_) => false,
    };
    if known {
        return Ok(reply.status(actix_web::http::StatusCode::NOT_MODIFIED).finish());
    }
    Ok(reply.content_type(asset.media_type).body(asset.content))
}
