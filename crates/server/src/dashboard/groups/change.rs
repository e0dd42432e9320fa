//! The forms that rename a group and hand it over.

use super::{
    group_page::{GroupForm, answer_refusal},
    no_such_group,
    refusal::{Refusal, expected},
};
use crate::dashboard::{
    access::{Change, Session},
    page::Reply,
    routes::Id,
};
use actix_web::web::{Path, ThinData};
use gochat_domain::{
    group::{GroupChange, GroupId, GroupName},
    service::{GroupService, MemberService},
    user::UserId,
};
use serde::Deserialize;

#[derive(Deserialize)]
pub(super) struct Rename {
    name: String,
    version: String,
}

#[derive(Deserialize)]
pub(super) struct HandOver {
    admin_id: String,
    version: String,
}

pub(super) async fn rename(
    groups: ThinData<GroupService>,
    members: ThinData<MemberService>,
    path: Path<Id>,
    Change { session, form: Rename { name, version } }: Change<Rename>,
) -> Reply {
    let Ok(id) = GroupId::parse(&path.id) else { return no_such_group(&session) };
    let renamed = async {
        let change = GroupChange::new(Some(GroupName::parse_existing(&*name)?), None, None)?;
        apply(&session, &groups, id, change, &version).await
    };
    match renamed.await {
        Ok(()) => Ok(session.redirect(&format!("groups/{id}?done=renamed"))),
        Err(refusal) => {
            answer_refusal(&session, &groups, &members, id, refusal, (GroupForm::Rename, name)).await
        }
    }
}

pub(super) async fn hand_over(
    groups: ThinData<GroupService>,
    members: ThinData<MemberService>,
    path: Path<Id>,
    Change { session, form: HandOver { admin_id, version } }: Change<HandOver>,
) -> Reply {
    let Ok(id) = GroupId::parse(&path.id) else { return no_such_group(&session) };
    let handed_over = async {
        let change = GroupChange::new(None, None, Some(UserId::parse(admin_id.trim())?))?;
        apply(&session, &groups, id, change, &version).await
    };
    match handed_over.await {
        Ok(()) => Ok(session.redirect(&format!("groups/{id}?done=handed-over"))),
        Err(refusal) => {
            answer_refusal(&session, &groups, &members, id, refusal, (GroupForm::HandOver, admin_id)).await
        }
    }
}

async fn apply(
    session: &Session,
    groups: &GroupService,
    id: GroupId,
    change: GroupChange,
    version: &str,
) -> Result<(), Refusal> {
    groups.change(session.operator().permit()?, id, change, expected(version)?).await?;
    Ok(())
}
