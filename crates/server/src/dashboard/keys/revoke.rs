//! The form that revokes a key.

use crate::dashboard::{
    access::{Change, Session},
    page::{self, Reply, Tab},
    routes::Id,
};
use actix_web::web::{Path, ThinData};
use gochat_domain::{auth::KeyId, service::ApiKeyService};
use serde::Deserialize;
use std::sync::Arc;

#[derive(Deserialize)]
pub(super) struct Revoke {
    /// The `after` of the page that has the form.
    #[serde(default)]
    after: String,
}

pub(super) async fn revoke(
    ThinData(keys): ThinData<Arc<ApiKeyService>>,
    path: Path<Id>,
    Change { session, form }: Change<Revoke>,
) -> Reply {
    let Ok(id) = path.id.parse::<KeyId>() else { return no_such_key(&session) };
    if keys.revoke(id).await? {
        let page = form.after.parse::<KeyId>().map(|after| format!("&after={after}")).unwrap_or_default();
        Ok(session.redirect(&format!("keys?revoked={id}{page}")))
    } else {
        no_such_key(&session)
    }
}

fn no_such_key(session: &Session) -> Reply {
    page::no_such_thing(session.layout(Tab::Keys), "There is no such key.")
}
