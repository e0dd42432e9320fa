//! A reply with one group.

use super::preconditions::{self, etag};
use crate::{
    http::{
        error::ApiError,
        json,
        replies::{empty, examples, reference, success, text},
    },
    wire::GroupBody,
};
use actix_web::{
    HttpResponse, HttpResponseBuilder,
    http::header::{ETAG, HeaderMap},
};
use gochat_domain::{
    auth::{GroupsRead, Permit},
    group::{Group, GroupKey},
    service::GroupService,
};
use serde_json::Value;
use utoipa::openapi::ResponseBuilder;

/// Completes a reply with the group and its entity tag.
pub(super) fn reply(mut response: HttpResponseBuilder, group: &Group) -> HttpResponse {
    response.insert_header(etag(group.version));
    json::reply(response, &GroupBody::from(group))
}

/// Finds the group with this key, or answers 404; 304 if the client has it already.
pub(super) async fn find(
    groups: &GroupService,
    permit: Permit<GroupsRead>,
    key: &GroupKey,
    headers: &HeaderMap,
) -> Result<HttpResponse, ApiError> {
    let known = preconditions::known(headers)?;
    let group = groups.find(permit, key).await?.ok_or_else(ApiError::group_not_found)?;
    if known.check(group.version).is_ok() {
        return Ok(HttpResponse::NotModified().insert_header(etag(group.version)).finish());
    }
    Ok(reply(HttpResponse::Ok(), &group))
}

/// Describes a successful reply with a group for OpenAPI. `etag` is the entity tag of the example.
pub(super) fn description(description: &str, example: (&str, Value), etag: &str) -> ResponseBuilder {
    let header = text(Some("The version of the group"), etag);
    success(description, reference::<GroupBody>(), [example]).header(ETAG.as_str(), header)
}

/// Describes the successful replies of [`find`].
pub(super) fn descriptions() -> [(&'static str, ResponseBuilder); 2] {
    let found = description("The group", ("found", examples::group()), examples::FIRST_ETAG);
    let not_modified = empty("The group has a version that `If-None-Match` names")
        .header(ETAG.as_str(), text(Some("The version of the group"), examples::FIRST_ETAG));
    [("200", found), ("304", not_modified)]
}
