//! Pages of the groups of a user.

use crate::{
    http::{
        error::Code,
        page,
        replies::{RepliesByStatus, examples, replies},
    },
    settings::BasePath,
    wire::GroupBody,
};
use actix_web::HttpResponse;
use gochat_domain::{
    auth::{GrantableScope, GroupsRead},
    group::{Group, GroupId},
    page::{Page, PageSize},
    user::UserId,
};

/// Replies with a page of the list at `path`.
pub(super) fn reply(
    base_path: &BasePath,
    path: &str,
    user: UserId,
    size: PageSize,
    page: &Page<Group, GroupId>,
) -> HttpResponse {
    page::reply(
        base_path,
        &format!("{path}?id={}", user.get()),
        size,
        page.next_after.map(GroupId::get),
        page.items.iter().map(GroupBody::from),
    )
}

/// Describes the replies for OpenAPI.
pub(super) fn descriptions(path: &str) -> RepliesByStatus {
    let page = page::description::<GroupBody>(
        "A page of groups in the order of ids",
        &examples::group(),
        &format!(r#"<{path}?id=1&limit=1&after=1>; rel="next""#),
    );
    let codes = [Code::InvalidLimit, Code::InvalidAfter, Code::InvalidId];
    replies([("200", page)], GroupsRead::ANY_OF, &codes)
}
