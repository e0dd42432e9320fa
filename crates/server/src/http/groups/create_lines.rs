//! `POST /v1/group` with a group on each line.

use super::name_taken;
use crate::{
    http::{
        auth::Authenticated,
        error::{ApiError, LineOutcome},
        headers::IDEMPOTENCY_KEY,
        lines::{LinesBody, Operation, PendingLine},
    },
    wire::{self, GroupBody},
};
use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Bytes, ThinData},
};
use futures_util::FutureExt;
use gochat_domain::{
    auth::{Caller, GroupsWrite, Permit},
    group::{Created, GroupName},
    ports::CreateGroupError,
    service::GroupService,
};
use serde::Serialize;
use std::{future::ready, ops::Not, rc::Rc};
use tokio::sync::Semaphore;
use utoipa::ToSchema;

/// Maximum number of groups that a stream looks up at once, for the errors of names that are taken. Reads have a queue of
/// their own, which a stream of taken names must not fill.
const MAX_LOOKUPS: usize = 8;

/// Creates the group of each line.
// The caller is authenticated and authorised before the body is read.
pub(in crate::http) async fn create(
    Authenticated { permit, caller }: Authenticated<GroupsWrite>,
    ThinData(groups): ThinData<GroupService>,
    request: HttpRequest,
    body: LinesBody,
) -> Result<HttpResponse, ApiError> {
    if request.headers().contains_key(IDEMPOTENCY_KEY) {
        return Err(ApiError::idempotency_key_of_many());
    }
    body.answer(CreateLines { groups, permit, caller, lookups: Semaphore::new(MAX_LOOKUPS) }).await
}

struct CreateLines {
    groups: GroupService,
    permit: Permit<GroupsWrite>,
    caller: Caller,
    lookups: Semaphore,
}

impl CreateLines {
    /// Returns the error of a line whose name is taken.
    async fn name_taken(&self, name: GroupName) -> ApiError {
        let _turn = self.lookups.acquire().await;
        name_taken::error(&self.groups, self.caller, Some(name)).await
    }
}

impl Operation for CreateLines {
    type Answer = Created;

    async fn enqueue(self: &Rc<Self>, json: Bytes) -> PendingLine<Created> {
        let (request, key) = match wire::parse_create_line(&json) {
            Ok(parsed) => parsed,
            Err(error) => return ready(Err(error.into())).boxed_local(),
        };
        // The text of a line would keep the whole part of the body that it came in. A line in flight keeps its name.
        let name = request.name.clone();
        drop(json);
        let created = self.groups.enqueue_create(self.permit, request, key).await;
        let this = Rc::clone(self);
        async move {
            match created.await {
                Err(CreateGroupError::NameTaken) => Err(this.name_taken(name).await),
                created => Ok(created?),
            }
        }
        .boxed_local()
    }

    fn status(_: &Created) -> StatusCode {
        StatusCode::CREATED
    }

    fn line<'a>(outcome: LineOutcome<'a>, created: Option<&'a Created>) -> impl Serialize {
        GroupLine {
            outcome,
            idempotency_replayed: created.is_some_and(|created| created.replayed),
            group: created.map(|created| GroupBody::from(&created.group)),
        }
    }
}

/// A line of the reply to lines of groups.
#[derive(Serialize, ToSchema)]
#[schema(as = GroupLine)]
pub(in crate::http) struct GroupLine<'a> {
    #[serde(flatten)]
    outcome: LineOutcome<'a>,
    /// Present if this repeats the answer to an earlier request with the same `idempotency_key`.
    #[serde(skip_serializing_if = "Not::not")]
    #[schema(required = false)]
    idempotency_replayed: bool,
    /// Present if the line succeeded: the group, which is on disk.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = GroupBody, required = false)]
    group: Option<GroupBody<'a>>,
}
