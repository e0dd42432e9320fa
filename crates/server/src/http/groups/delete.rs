//! `DELETE /v1/group/{id}`

use super::{
    GroupPath, one,
    preconditions::{self, IF_MATCH_DESCRIPTION},
};
use crate::http::{
    auth::Authenticated,
    error::{ApiError, Code},
    replies::{RepliesByStatus, examples, replies},
};
use actix_web::{
    HttpRequest, HttpResponse,
    web::{self, ThinData},
};
use gochat_domain::{
    auth::{GrantableScope, GroupsWrite},
    service::GroupService,
};
use utoipa::IntoResponses;

/// Delete a group
///
/// Needs the scope `groups:write`.
///
/// The memberships of the group are deleted with it. Its name is free at once; its id and UUID are never reused. With
/// `If-Match`, the group is deleted only if nobody has changed it since the client read it.
#[utoipa::path(
    delete,
    path = "/v1/group/{id}",
    operation_id = "deleteGroup",
    tag = "groups",
    security(("GoChat-Token" = [])),
    params(
        GroupPath,
        ("If-Match" = Option<String>, Header, nullable = false, description = IF_MATCH_DESCRIPTION),
    ),
    responses(Replies)
)]
pub(in crate::http) async fn delete(
    Authenticated { permit, .. }: Authenticated<GroupsWrite>,
    ThinData(groups): ThinData<GroupService>,
    path: web::Path<GroupPath>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let expected = preconditions::expected(request.headers())?;
    let deleted = groups.delete(permit, path.id()?, expected).await?;
    Ok(one::reply(HttpResponse::Ok(), &deleted))
}

/// The replies, as OpenAPI describes them.
struct Replies;

impl IntoResponses for Replies {
    fn responses() -> RepliesByStatus {
        let deleted = one::description(
            "The group as it was",
            ("deleted", examples::changed_group()),
            examples::SECOND_ETAG,
        );
        let codes = [Code::MalformedHeader, Code::GroupNotFound, Code::PreconditionFailed];
        replies([("200", deleted)], GroupsWrite::ANY_OF, &codes)
    }
}
