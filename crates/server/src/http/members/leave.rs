//! `DELETE /v1/member/{group_id}/{user_id}`

use crate::{
    http::{
        auth::Authenticated,
        error::{ApiError, Code},
        json,
        replies::{RepliesByStatus, examples, reference, replies, success},
    },
    wire::MemberBody,
};
use actix_web::{
    HttpResponse,
    web::{self, ThinData},
};
use gochat_domain::{
    auth::{GrantableScope, MembersJoinOrWrite},
    group::GroupId,
    service::MemberService,
    user::UserId,
};
use serde::Deserialize;
use utoipa::{IntoParams, IntoResponses};

/// The parameters of the path.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(in crate::http) struct MemberPath {
    /// The id of the group
    #[param(value_type = i64, minimum = 1, maximum = 9_223_372_036_854_775_807_i64, example = 1)]
    group_id: String,
    /// The id of the user
    #[param(value_type = i64, minimum = 1, maximum = 9_223_372_036_854_775_807_i64, example = 10)]
    user_id: String,
}

impl MemberPath {
    /// Parses the ids. A path with anything else names no member.
    fn ids(&self) -> Result<(GroupId, UserId), ApiError> {
        match (GroupId::parse(&self.group_id), UserId::parse(&self.user_id)) {
            (Ok(group_id), Ok(user_id)) => Ok((group_id, user_id)),
            _ => Err(ApiError::member_not_found()),
        }
    }
}

/// Leave a group
///
/// Needs the scope `members:join` or `members:write`.
///
/// Ends a membership. The administrator cannot leave: the group is handed over or deleted instead.
#[utoipa::path(
    delete,
    path = "/v1/member/{group_id}/{user_id}",
    operation_id = "leaveGroup",
    tag = "members",
    security(("GoChat-Token" = [])),
    params(MemberPath),
    responses(Replies)
)]
pub(in crate::http) async fn leave(
    Authenticated { permit, .. }: Authenticated<MembersJoinOrWrite>,
    ThinData(members): ThinData<MemberService>,
    path: web::Path<MemberPath>,
) -> Result<HttpResponse, ApiError> {
    let (group_id, user_id) = path.ids()?;
    let ended = members.leave(permit, group_id, user_id).await?;
    Ok(json::reply(HttpResponse::Ok(), &MemberBody::from(&ended)))
}

/// The replies, as OpenAPI describes them.
struct Replies;

impl IntoResponses for Replies {
    fn responses() -> RepliesByStatus {
        let ended =
            success("The membership that ended", reference::<MemberBody>(), [("left", examples::member())]);
        let codes = [Code::MemberNotFound, Code::AdministratorCannotLeave];
        replies([("200", ended)], MembersJoinOrWrite::ANY_OF, &codes)
    }
}
