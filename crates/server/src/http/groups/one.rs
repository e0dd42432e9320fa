//! A reply with one group.

use crate::{
    http::{
        error::ApiError,
        replies::{examples, reference, success},
    },
    wire::GroupBody,
};
use actix_web::HttpResponse;
use gochat_domain::{
    auth::{GroupsRead, Permit},
    group::GroupKey,
    service::GroupService,
};
use utoipa::openapi::ResponseBuilder;

/// Finds the group with this key, or answers 404.
pub(super) async fn reply(
    groups: &GroupService,
    permit: Permit<GroupsRead>,
    key: &GroupKey,
) -> Result<HttpResponse, ApiError> {
    let group = groups.find(permit, key).await?.ok_or_else(ApiError::group_not_found)?;
    Ok(HttpResponse::Ok().json(GroupBody::from(&group)))
}

/// Describes the successful reply for OpenAPI.
pub(super) fn description() -> ResponseBuilder {
    success("The group, as `POST` returned it", reference::<GroupBody>(), [("found", examples::group())])
}
