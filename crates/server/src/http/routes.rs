//! Routes that several paths share.

use super::error::ApiError;
use actix_web::{Route, guard::fn_guard, http::Method, web};

/// Matches `GET` and `HEAD`.
pub(crate) fn get_or_head() -> Route {
    one_of([Method::GET, Method::HEAD])
}

/// Matches `PUT` and `PATCH`.
pub(super) fn put_or_patch() -> Route {
    one_of([Method::PUT, Method::PATCH])
}

/// Matches `POST`.
pub(super) fn post() -> Route {
    one_of([Method::POST])
}

/// Matches `DELETE`.
pub(super) fn delete() -> Route {
    one_of([Method::DELETE])
}

/// Matches these methods.
///
/// actix-web's own guards also note each method that they check, for the 405 that [`not_allowed`] replaces. That takes
/// two allocations a method.
fn one_of<const N: usize>(methods: [Method; N]) -> Route {
    web::route().guard(fn_guard(move |context| methods.contains(&context.head().method)))
}

/// Answers 405 with the methods in `allowed`.
pub(super) fn not_allowed(allowed: &'static str) -> Route {
    web::to(move || async move { Err::<&str, _>(ApiError::method_not_allowed(allowed)) })
}
