//! The form that deletes a group.

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
    group::{GroupId, GroupKey, GroupName},
    service::{GroupService, MemberService},
};
use serde::Deserialize;

#[derive(Deserialize)]
pub(super) struct Delete {
    /// The name of the group, typed again.
    name: String,
    version: String,
}

pub(super) async fn delete(
    groups: ThinData<GroupService>,
    members: ThinData<MemberService>,
    path: Path<Id>,
    Change { session, form: Delete { name, version } }: Change<Delete>,
) -> Reply {
    let Ok(id) = GroupId::parse(&path.id) else { return no_such_group(&session) };
    match delete_named(&session, &groups, id, &name, &version).await {
        Ok(()) => Ok(session.redirect(&format!("groups?deleted={id}"))),
        Err(refusal) => {
            answer_refusal(&session, &groups, &members, id, refusal, (GroupForm::Delete, name)).await
        }
    }
}

/// Deletes the group if it has the name. A rename in between changes the version, so it is not overlooked.
async fn delete_named(
    session: &Session,
    groups: &GroupService,
    id: GroupId,
    name: &str,
    version: &str,
) -> Result<(), Refusal> {
    let caller = session.operator();
    let group = groups.find(caller.permit()?, &GroupKey::Id(id)).await?.ok_or(Refusal::NoSuchGroup)?;
    // Keyboards add a space, and a name never begins or ends with one.
    if GroupName::parse_existing(name.trim()).ok().as_ref() != Some(&group.name) {
        return Err(Refusal::wrong_name());
    }
    groups.delete(caller.permit()?, id, expected(version)?).await?;
    Ok(())
}
