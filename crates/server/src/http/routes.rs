//! Routes that several paths share.

use super::error::ApiError;
use actix_web::{
    Route,
    guard::{Any, Get, Head, Patch, Put},
    web,
};

/// Matches `GET` and `HEAD`.
pub(super) fn get_or_head() -> Route {
    web::route().guard(Any(Get()).or(Head()))
}

/// Matches `PUT` and `PATCH`.
pub(super) fn put_or_patch() -> Route {
    web::route().guard(Any(Put()).or(Patch()))
}

/// Answers 405 with the methods in `allowed`.
pub(super) fn not_allowed(allowed: &'static str) -> Route {
    web::to(move || async move { Err::<&str, _>(ApiError::method_not_allowed(allowed)) })
}
