//! Routes that several tabs share.

use super::page;
use actix_web::{
    Resource, Route,
    guard::{Any, Get, Head},
    web,
};

/// Path of the one-time link.
pub(super) const OPEN: &str = "/open";

/// Path of the assets.
pub(super) const ASSET: &str = "/assets/{name}";

/// A path that answers 405 to methods for which no route is added.
pub(super) fn path(path: &str, allowed: &'static str) -> Resource {
    web::resource(path).default_service(web::to(move || async move { page::not_allowed(allowed) }))
}

/// Matches `GET` and `HEAD`.
pub(super) fn get_or_head() -> Route {
    web::route().guard(Any(Get()).or(Head()))
}
