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

/// The form has no field but the token.
#[derive(Deserialize)]
pub(super) struct Revoke {}

pub(super) async fn revoke(
    ThinData(keys): ThinData<Arc<ApiKeyService>>,
    path: Path<Id>,
    Change { session, .. }: Change<Revoke>,
) -> Reply {
    let Ok(id) = path.id.parse::<KeyId>() else { return no_such_key(&session) };
    if keys.revoke(id).await? {
        Ok(session.redirect(&format!("keys?revoked={id}")))
    } else {
        no_such_key(&session)
    }
}

fn no_such_key(session: &Session) -> Reply {
    page::no_such_thing(session.layout(Tab::Keys), "There is no such key.")
}
