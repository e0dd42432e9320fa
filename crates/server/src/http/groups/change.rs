//! `PUT` and `PATCH /v1/group/{id}`

use super::{
    GroupPath, name_taken, one,
    preconditions::{self, IF_MATCH_DESCRIPTION},
};
use crate::{
    http::{
        auth::Authenticated,
        body::{JSON, JsonBody},
        error::{ApiError, Code},
        replies::{RepliesByStatus, examples, replies},
    },
    wire::{self, ChangedFields},
};
use actix_web::{
    HttpRequest, HttpResponse,
    web::{self, ThinData},
};
use gochat_domain::{
    auth::{GrantableScope, GroupsWrite},
    ports::ChangeGroupError,
    service::GroupService,
};
use utoipa::{IntoResponses, Modify, openapi::OpenApi};

/// Path of the operation.
const PATH: &str = "/v1/group/{id}";

/// Change a group, or hand it over
///
/// Needs the scope `groups:write`.
///
/// Only the fields in the body are changed, so `PUT` and `PATCH` are the same. A new `admin_id` hands the group over:
/// the previous administrator stays as a member. With `If-Match`, the group is changed only if nobody has changed it
/// since the client read it. If the body has only values that the group already has, the version stays the same.
// The caller is authenticated and authorised before the body is read.
#[utoipa::path(
    method(put, patch),
    path = "/v1/group/{id}",
    operation_id = "changeGroup",
    tag = "groups",
    security(("GoChat-Token" = [])),
    params(
        GroupPath,
        ("If-Match" = Option<String>, Header, nullable = false, description = IF_MATCH_DESCRIPTION),
    ),
    request_body(content = ChangedFields, description = "At most 16384 bytes", example = examples::change),
    responses(Replies)
)]
pub(in crate::http) async fn change(
    Authenticated { permit, caller }: Authenticated<GroupsWrite>,
    ThinData(groups): ThinData<GroupService>,
    path: web::Path<GroupPath>,
    request: HttpRequest,
    body: JsonBody,
) -> Result<HttpResponse, ApiError> {
    let id = path.id()?;
    let expected = preconditions::expected(request.headers())?;
    let change = wire::parse_change(&body.read(JSON).await?)?;
    let name = change.name().cloned();
    match groups.change(permit, id, change, expected).await {
        Err(ChangeGroupError::NameTaken) => Err(name_taken::error(&groups, caller, name).await),
        changed => Ok(one::reply(HttpResponse::Ok(), &changed?)),
    }
}

/// Gives `PUT` an operation id of its own, which OpenAPI requires.
pub(in crate::http) struct OperationIdOfPut;

impl Modify for OperationIdOfPut {
    fn modify(&self, api: &mut OpenApi) {
        let put = api.paths.paths.get_mut(PATH).and_then(|item| item.put.as_mut());
        if let Some(operation) = put {
            operation.operation_id = Some("putGroup".to_owned());
        }
    }
}

/// The replies, as OpenAPI describes them.
struct Replies;

impl IntoResponses for Replies {
    fn responses() -> RepliesByStatus {
        let changed = one::description(
            "The group after the change, which is on disk",
            ("changed", examples::changed_group()),
            examples::SECOND_ETAG,
        );
        let codes = [
            Code::MalformedJson,
            Code::MalformedHeader,
            Code::GroupNotFound,
            Code::GroupNameTaken,
            Code::TooManyGroups,
            Code::GroupFull,
            Code::PreconditionFailed,
            Code::BodyTooLarge,
            Code::UnsupportedMediaType,
            Code::NothingToChange,
            Code::InvalidName,
            Code::InvalidToken,
            Code::InvalidAdminId,
        ];
        replies([("200", changed)], GroupsWrite::ANY_OF, &codes)
    }
}
