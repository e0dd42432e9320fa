//! `POST /v1/member` with a join on each line.

use crate::{
    http::{
        auth::Authenticated,
        error::{ApiError, LineOutcome},
        lines::{LinesBody, Operation, PendingLine},
    },
    wire::{self, JoinRequest, MemberBody},
};
use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{Bytes, ThinData},
};
use futures_util::FutureExt;
use gochat_domain::{
    auth::{Caller, MembersJoinOrWrite, Permit},
    member::Joined,
    service::MemberService,
};
use serde::Serialize;
use std::{future::ready, rc::Rc};
use utoipa::ToSchema;

/// Makes the user of each line a member.
// The caller is authenticated and authorised before the body is read.
pub(in crate::http) async fn join(
    Authenticated { permit, caller }: Authenticated<MembersJoinOrWrite>,
    ThinData(members): ThinData<MemberService>,
    body: LinesBody,
) -> Result<HttpResponse, ApiError> {
    body.answer(JoinLines { members, permit, caller }).await
}

struct JoinLines {
    members: MemberService,
    permit: Permit<MembersJoinOrWrite>,
    caller: Caller,
}

impl Operation for JoinLines {
    type Answer = Joined;

    async fn enqueue(self: &Rc<Self>, json: Bytes) -> PendingLine<Joined> {
        let JoinRequest { group_id, user_id, token } = match wire::parse_join(&json) {
            Ok(request) => request,
            Err(error) => return ready(Err(error.into())).boxed_local(),
        };
        let joined = if let Some(token) = token {
            self.members.enqueue_join(self.permit, group_id, user_id, token).await
        } else {
            match self.caller.permit() {
                Ok(permit) => self.members.enqueue_add(permit, group_id, user_id).await,
                Err(_) => return ready(Err(ApiError::join_without_token())).boxed_local(),
            }
        };
        async move { Ok(joined.await?) }.boxed_local()
    }

    fn status(joined: &Joined) -> StatusCode {
        if joined.is_new { StatusCode::CREATED } else { StatusCode::OK }
    }

    fn line<'a>(outcome: LineOutcome<'a>, joined: Option<&'a Joined>) -> impl Serialize {
        MemberLine { outcome, member: joined.map(|joined| MemberBody::from(&joined.member)) }
    }
}

/// A line of the reply to lines of joins.
#[derive(Serialize, ToSchema)]
#[schema(as = MemberLine)]
pub(in crate::http) struct MemberLine<'a> {
    #[serde(flatten)]
    outcome: LineOutcome<'a>,
    /// Present if the line succeeded: the member, whose membership is on disk.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = MemberBody, required = false)]
    member: Option<MemberBody<'a>>,
}
