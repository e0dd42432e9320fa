//! The list of keys, with the form for a new one.

use crate::dashboard::{
    access::Session,
    moment::Moment,
    page::{self, Layout, Reply, Tab},
};
use actix_web::{
    http::StatusCode,
    web::{Query, ThinData},
};
use askama::Template;
use gochat_domain::{
    auth::{IssuedKey, KeyId, Scope},
    clock::{Clock, SystemClock, Timestamp},
    page::PageSize,
    service::ApiKeyService,
};
use serde::Deserialize;
use std::sync::Arc;

#[derive(Default, Deserialize)]
pub(super) struct Wanted {
    /// The id of a key that was just revoked.
    #[serde(default)]
    revoked: String,
    /// The last key of the page before.
    #[serde(default)]
    after: String,
}

/// The outcome of the last use of the form.
pub(super) enum Outcome {
    /// The key, and a command that uses it. They are shown this once.
    Created { key: String, command: String },
    /// No key was made.
    Refused { status: StatusCode, reason: String, name: String },
}

#[derive(Template)]
#[template(path = "keys/keys.html")]
struct KeysPage {
    layout: Layout,
    keys: Vec<Row>,
    /// The last key of the page before; `None` on the first page.
    after: Option<KeyId>,
    next_after: Option<KeyId>,
    revoked: Option<KeyId>,
    outcome: Option<Outcome>,
}

struct Row {
    id: KeyId,
    name: String,
    scopes: Vec<&'static str>,
    created_at: Moment,
    expires_at: Option<Moment>,
    last_used_at: Option<Moment>,
    state: State,
}

enum State {
    Active,
    Expired,
    Revoked(Moment),
}

impl Row {
    fn of(key: &IssuedKey, now: Timestamp) -> Self {
        let state = match (key.revoked_at, key.expires_at) {
            (Some(moment), _) => State::Revoked(Moment(moment)),
            (None, Some(expiry)) if expiry <= now => State::Expired,
            _ => State::Active,
        };
        Self {
            id: key.id,
            name: key.name.as_str().to_owned(),
            scopes: key.scopes.iter().map(Scope::as_str).collect(),
            created_at: Moment(key.created_at),
            expires_at: key.expires_at.map(Moment),
            last_used_at: key.last_used_at.map(Moment),
            state,
        }
    }
}

impl KeysPage {
    fn scopes() -> [Scope; 4] {
        Scope::ALL
    }

    /// The name that was typed, if no key was made.
    fn typed_name(&self) -> &str {
        match &self.outcome {
            Some(Outcome::Refused { name, .. }) => name,
            _ => "",
        }
    }
}

pub(super) async fn show(
    session: Session,
    keys: ThinData<Arc<ApiKeyService>>,
    Query(wanted): Query<Wanted>,
) -> Reply {
    render(&session, &keys, wanted, None).await
}

/// Shows the list after the form was used.
pub(super) async fn show_outcome(session: &Session, keys: &ApiKeyService, outcome: Outcome) -> Reply {
    render(session, keys, Wanted::default(), Some(outcome)).await
}

async fn render(
    session: &Session,
    keys: &ApiKeyService,
    Wanted { revoked, after }: Wanted,
    outcome: Option<Outcome>,
) -> Reply {
    let status = match &outcome {
        None => StatusCode::OK,
        Some(Outcome::Created { .. }) => StatusCode::CREATED,
        Some(Outcome::Refused { status, .. }) => *status,
    };
    let (now, after) = (SystemClock.now(), after.parse().ok());
    // The newest first: it is the one that was just made.
    let listed = keys.list_newest(after, PageSize::default()).await?;
    let page = KeysPage {
        layout: session.layout(Tab::Keys),
        keys: listed.items.iter().map(|key| Row::of(key, now)).collect(),
        after,
        next_after: listed.next_after,
        revoked: revoked.parse().ok(),
        outcome,
    };
    page::show(status, &page)
}
