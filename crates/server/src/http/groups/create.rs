//! `POST /v1/group`

use super::{create_lines::GroupLine, idempotency, name_taken, one};
use crate::{
    http::{
        auth::Authenticated,
        body::{JSON_OR_LINES, JsonBody},
        error::{ApiError, Code},
        headers::IDEMPOTENCY_REPLAYED,
        replies::{RepliesByStatus, empty, examples, reference, replies, text, with_lines},
    },
    settings::BasePath,
    wire::{self, Fields, LineFields},
};
use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{HeaderValue, LOCATION},
    web::ThinData,
};
use gochat_domain::{
    auth::{GrantableScope, GroupsWrite},
    group::Created,
    ports::CreateGroupError,
    service::GroupService,
};
use utoipa::IntoResponses;

/// Create a group
///
/// Needs the scope `groups:write`.
///
/// A reply of 201 means that the group is on disk. A reply of 503 does not tell whether the group was stored; a retry
/// with the same `Idempotency-Key` does.
///
/// With the content type `application/x-ndjson`, the body has a group on each line, and any number of lines. The reply
/// is 200 with a line for each line that is not empty, in the same order, sent as soon as the group is on disk. A line
/// that fails has the error that a single request would get. The client must read the reply while it sends the body.
/// If the stream ends early, the reply has fewer lines.
// The caller is authenticated and authorised before the body is read.
#[utoipa::path(
    post,
    path = "/v1/group",
    operation_id = "createGroup",
    tag = "groups",
    security(("GoChat-Token" = [])),
    params(
        (
            "Idempotency-Key" = Option<String>,
            Header,
            nullable = false,
            min_length = 1,
            max_length = 255,
            pattern = "^[!-~]+$",
            description = "A retry with the same key, name, token and administrator gets the first reply again, \
                           for 24 hours by default",
        ),
    ),
    request_body(
        content(
            (Fields = "application/json", example = examples::request),
            (LineFields = "application/x-ndjson", example = examples::request_line),
        ),
        description = "At most 16384 bytes; with `application/x-ndjson`, at most 16384 bytes for each line, and the \
                       schema is that of one line"
    ),
    responses(Replies)
)]
pub(in crate::http) async fn create(
    Authenticated { permit, caller }: Authenticated<GroupsWrite>,
    ThinData(groups): ThinData<GroupService>,
    ThinData(base_path): ThinData<BasePath>,
    request: HttpRequest,
    body: JsonBody,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency::sent_key(request.headers())?;
    let body = body.read(JSON_OR_LINES).await?;
    let created = match groups.create(permit, wire::parse_create(&body)?, key).await {
        Err(CreateGroupError::NameTaken) => {
            // Parsed again only here, so that a successful create pays nothing.
            let name = wire::parse_create(&body).ok().map(|request| request.name);
            return Err(name_taken::error(&groups, caller, name).await);
        }
        created => created?,
    };
    let Created { group, replayed } = created;
    let mut response = HttpResponse::Created();
    if replayed {
        response.insert_header((IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true")));
    }
    let location = base_path.prefixed(format_args!("/v1/group/{}", group.id));
    response.insert_header((LOCATION, location));
    Ok(one::reply(response, &group))
}

/// Description of `Idempotency-Replayed`.
const REPLAYED: &str = "Present if this repeats the reply to an earlier request with this `Idempotency-Key`";

/// The replies, as OpenAPI describes them.
struct Replies;

impl IntoResponses for Replies {
    fn responses() -> RepliesByStatus {
        let created = ("created", examples::group());
        let group = one::description("The group, which is on disk", created, examples::FIRST_ETAG)
            .header(LOCATION.as_str(), text(Some("The path of the group"), "/v1/group/1"))
            .header(IDEMPOTENCY_REPLAYED.as_str(), text(Some(REPLAYED), "true"));
        let codes = [
            Code::MalformedJson,
            Code::InvalidIdempotencyKey,
            Code::GroupNameTaken,
            Code::TooManyGroups,
            Code::BodyTooLarge,
            Code::UnsupportedMediaType,
            Code::InvalidName,
            Code::InvalidToken,
            Code::InvalidAdminId,
            Code::IdempotencyKeyReused,
        ];
        let lines = with_lines(
            empty("The lines, each sent as soon as its group is on disk. The schema is that of one line"),
            reference::<GroupLine>(),
            [("created", examples::group_line()), ("failed", examples::failed_line())],
        );
        replies([("201", group), ("200", lines)], GroupsWrite::ANY_OF, &codes)
    }
}
