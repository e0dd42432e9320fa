//! The page of one group.

use super::{no_such_group, refusal::Refusal};
use crate::dashboard::{
    access::Session,
    moment::Moment,
    page::{self, Layout, Reply, Tab},
    routes::Id,
};
use actix_web::{
    http::StatusCode,
    web::{Path, Query, ThinData},
};
use askama::Template;
use gochat_domain::{
    group::{Group, GroupId, GroupKey},
    member::{Member, Role},
    page::PageSize,
    service::{GroupService, MemberService},
    user::UserId,
};
use serde::Deserialize;

#[derive(Deserialize)]
pub(super) struct Wanted {
    /// The last member of the page before.
    #[serde(default)]
    after: String,
    /// `token` shows the token.
    #[serde(default)]
    show: String,
    /// The change that was just made.
    #[serde(default)]
    done: String,
}

/// A form of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GroupForm {
    Rename,
    HandOver,
    Delete,
}

/// A form that did not change the group, with what was typed.
struct Refused {
    form: GroupForm,
    status: StatusCode,
    reason: String,
    typed: String,
}

#[derive(Template)]
#[template(path = "groups/group.html")]
struct GroupPage {
    layout: Layout,
    group: Group,
    created_at: Moment,
    is_token_shown: bool,
    done: Option<&'static str>,
    refused: Option<Refused>,
    members: Vec<Row>,
    /// The last member of the page before; empty on the first page.
    after: String,
    next_after: Option<UserId>,
}

struct Row {
    user_id: i64,
    is_administrator: bool,
    joined_at: Moment,
}

impl From<Member> for Row {
    fn from(member: Member) -> Self {
        Self {
            user_id: member.user_id.get(),
            is_administrator: member.role == Role::Administrator,
            joined_at: Moment(member.joined_at),
        }
    }
}

impl GroupPage {
    /// The fault in the last use of `form`.
    fn problem(&self, form: GroupForm) -> Option<&str> {
        self.refused.as_ref().filter(|refused| refused.form == form).map(|refused| &*refused.reason)
    }

    /// The text that was typed in `form`, or else `initially`.
    fn typed<'a>(&'a self, form: GroupForm, initially: &'a str) -> &'a str {
        self.refused
            .as_ref()
            .filter(|refused| refused.form == form)
            .map_or(initially, |refused| &refused.typed)
    }
}

pub(super) async fn show(
    session: Session,
    groups: ThinData<GroupService>,
    members: ThinData<MemberService>,
    path: Path<Id>,
    Query(wanted): Query<Wanted>,
) -> Reply {
    let Ok(id) = GroupId::parse(&path.id) else { return no_such_group(&session) };
    render(&session, &groups, &members, id, wanted, None).await
}

/// Answers a form that did not change the group: the page again, with the reason beside the form and what was typed.
pub(super) async fn answer_refusal(
    session: &Session,
    groups: &GroupService,
    members: &MemberService,
    id: GroupId,
    refusal: Refusal,
    (form, typed): (GroupForm, String),
) -> Reply {
    match refusal {
        Refusal::NoSuchGroup => no_such_group(session),
        Refusal::Failed(failure) => Err(failure),
        Refusal::Because(status, reason) => {
            let first_page = Wanted { after: String::new(), show: String::new(), done: String::new() };
            let refused = Refused { form, status, reason, typed };
            render(session, groups, members, id, first_page, Some(refused)).await
        }
    }
}

async fn render(
    session: &Session,
    groups: &GroupService,
    members: &MemberService,
    id: GroupId,
    Wanted { after, show, done }: Wanted,
    refused: Option<Refused>,
) -> Reply {
    let permit = session.operator().permit().map_err(anyhow::Error::from)?;
    let key = GroupKey::Id(id);
    let after_user = UserId::parse(&after).ok();
    let Some(group) = groups.find(permit, &key).await? else { return no_such_group(session) };
    let Some(listed) = members.members(permit, &key, after_user, PageSize::default()).await? else {
        return no_such_group(session);
    };
    let page = GroupPage {
        layout: session.layout(Tab::Groups).titled(group.name.as_str()),
        created_at: Moment(group.created_at),
        group,
        is_token_shown: show == "token",
        done: match &*done {
            "renamed" => Some("The group was renamed."),
            "handed-over" => Some("The group was handed over."),
            _ => None,
        },
        members: listed.items.into_iter().map(Row::from).collect(),
        after: after_user.map(|user| user.get().to_string()).unwrap_or_default(),
        next_after: listed.next_after,
        refused,
    };
    page::show(page.refused.as_ref().map_or(StatusCode::OK, |refused| refused.status), &page)
}
