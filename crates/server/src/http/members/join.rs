//! `POST /v1/member`

use super::join_lines::MemberLine;
use crate::{
    http::{
        auth::Authenticated,
        body::{JSON_OR_LINES, JsonBody},
        error::{ApiError, Code},
        json,
        replies::{RepliesByStatus, examples, reference, replies, success, with_lines},
    },
    wire::{self, JoinFields, JoinRequest, MemberBody},
};
use actix_web::{HttpResponse, web::ThinData};
use gochat_domain::{
    auth::{GrantableScope, MembersJoinOrWrite},
    service::MemberService,
};
use utoipa::IntoResponses;

/// Join a group
///
/// Needs the scope `members:join` or `members:write`.
///
/// Makes a user a member of a group by the group's token. With the scope `members:write`, the token may be left out; a
/// token that is given must be right. A reply of 201 or 200 means that the membership is on disk. A request may be
/// repeated: a user who is a member already stays one, and the reply has the same body.
///
/// With the content type `application/x-ndjson`, the body has a join on each line, and any number of lines. The reply is
/// 200 with a line for each line that is not empty, in the same order, sent as soon as the membership is on disk. A line
/// that fails has the error that a single request would get. The client must read the reply while it sends the body.
/// If the stream ends early, the reply has fewer lines.
// The caller is authenticated and authorised before the body is read.
#[utoipa::path(
    post,
    path = "/v1/member",
    operation_id = "joinGroup",
    tag = "members",
    security(("GoChat-Token" = [])),
    request_body(
        content(
            (JoinFields = "application/json", example = examples::join),
            (JoinFields = "application/x-ndjson", example = examples::join),
        ),
        description = "At most 16384 bytes; with `application/x-ndjson`, at most 16384 bytes for each line, and the \
                       schema is that of one line"
    ),
    responses(Replies)
)]
pub(in crate::http) async fn join(
    Authenticated { permit, caller }: Authenticated<MembersJoinOrWrite>,
    ThinData(members): ThinData<MemberService>,
    body: JsonBody,
) -> Result<HttpResponse, ApiError> {
    let JoinRequest { group_id, user_id, token } = wire::parse_join(&body.read(JSON_OR_LINES).await?)?;
    let joined = if let Some(token) = token {
        members.join(permit, group_id, user_id, token).await?
    } else {
        let permit = caller.permit().map_err(|_| ApiError::join_without_token())?;
        members.add(permit, group_id, user_id).await?
    };
    let response = if joined.is_new { HttpResponse::Created() } else { HttpResponse::Ok() };
    Ok(json::reply(response, &MemberBody::from(&joined.member)))
}

/// The replies, as OpenAPI describes them.
struct Replies;

impl IntoResponses for Replies {
    fn responses() -> RepliesByStatus {
        let member =
            |description, name| success(description, reference::<MemberBody>(), [(name, examples::member())]);
        let joined = member("The new member, whose membership is on disk", "joined");
        let known = member(
            "The user, who was a member already. For a body of lines: the lines, each sent as soon as its \
             membership is on disk; the schema is that of one line",
            "known",
        );
        let known = with_lines(
            known,
            reference::<MemberLine>(),
            [("joined", examples::member_line()), ("failed", examples::failed_member_line())],
        );
        let codes = [
            Code::MalformedJson,
            Code::WrongGroupToken,
            Code::GroupNotFound,
            Code::GroupFull,
            Code::BodyTooLarge,
            Code::UnsupportedMediaType,
            Code::InvalidGroupId,
            Code::InvalidUserId,
            Code::InvalidToken,
        ];
        replies([("201", joined), ("200", known)], MembersJoinOrWrite::ANY_OF, &codes)
    }
}
