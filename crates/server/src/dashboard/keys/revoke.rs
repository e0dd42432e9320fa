//! The form that revokes a key.

use crate::dashboard::{
    access::Change,
    page::{self, Reply},
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
    id: Path<String>,
    _: Change<Revoke>,
) -> Reply {
    let Ok(id) = id.parse::<KeyId>() else { return no_such_key() };
    if keys.revoke(id).await? { Ok(page::redirect(&format!("/keys?revoked={id}"))) } else { no_such_key() }
}

fn no_such_key() -> Reply {
    page::not_found("There is no such key.")
}
