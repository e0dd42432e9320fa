//! What the paths have in common.

use super::error::ApiError;
use actix_web::{
    Route,
    guard::{Any, Get, Head},
    web,
};

/// `HEAD` works wherever `GET` does.
pub(super) fn get_or_head() -> Route {
    web::route().guard(Any(Get()).or(Head()))
}

/// The answer to the methods that a path does not have.
pub(super) fn not_allowed(allowed: &'static str) -> Route {
    web::to(move || async move { Err::<&str, _>(ApiError::method_not_allowed(allowed)) })
}
