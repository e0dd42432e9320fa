//! Routes that several modules share.

use super::page;
use actix_web::{
    Resource, Route,
    guard::{Any, Get, Head},
    web,
};
use serde::Deserialize;

/// Path of the one-time link.
pub(super) const OPEN: &str = "/open";

/// The parameter of the pages and forms of one thing.
#[derive(Deserialize)]
pub(super) struct Id {
    pub(super) id: String,
}

/// A path that answers 405 to methods for which no route is added.
pub(super) fn path(path: &str, allowed: &'static str) -> Resource {
    web::resource(path).default_service(web::to(move || async move { page::not_allowed(allowed) }))
}

/// Matches `GET` and `HEAD`.
pub(super) fn get_or_head() -> Route {
    web::route().guard(Any(Get()).or(Head()))
}
