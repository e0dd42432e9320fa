//! Routes that several modules share.

use super::page;
pub(super) use crate::http::get_or_head;
use actix_web::{Resource, web};
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
