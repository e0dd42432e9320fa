//! The form that makes a key.

use super::{
    ApiUrl,
    list::{Outcome, show_outcome},
};
use crate::dashboard::{access::Change, page::Reply};
use actix_web::{http::StatusCode, web::ThinData};
use gochat_domain::{
    auth::{KeyName, Scope, Scopes},
    service::{ApiKeyService, IssueKey, IssueKeyError},
};
use serde::Deserialize;
use std::{collections::HashMap, sync::Arc, time::Duration};

#[derive(Deserialize)]
pub(super) struct NewKey {
    name: String,
    /// Lifetime in days; empty for a key that never expires.
    days: String,
    /// A field for each scope that is ticked.
    #[serde(flatten)]
    scopes: HashMap<String, String>,
}

pub(super) async fn create(
    ThinData(keys): ThinData<Arc<ApiKeyService>>,
    ThinData(api): ThinData<ApiUrl>,
    Change { session, form }: Change<NewKey>,
) -> Reply {
    let name = form.name.clone();
    let refused = |reason: &dyn ToString| Outcome::Refused {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        reason: reason.to_string(),
        name,
    };
    let outcome = match request(form) {
        Err(reason) => refused(&reason),
        Ok(request) => match keys.issue(request).await {
            Ok((key, issued)) => {
                Outcome::Created { command: api.command(&key, issued.scopes), key: key.expose().to_owned() }
            }
            Err(error @ (IssueKeyError::NoScope | IssueKeyError::ExpiryTooFar)) => refused(&error),
            Err(IssueKeyError::Storage(error)) => return Err(error.into()),
            Err(error @ IssueKeyError::NoRandomness(_)) => return Err(anyhow::Error::from(error).into()),
        },
    };
    show_outcome(&session, &keys, outcome).await
}

/// Parses the form. An error is the reason why it makes no key.
fn request(NewKey { name, days, scopes }: NewKey) -> Result<IssueKey, String> {
    let name = KeyName::parse(&name).map_err(|error| error.to_string())?;
    let ticked = |scope: &Scope| scopes.contains_key(scope.as_str());
    let scopes: Scopes = Scope::ALL.into_iter().filter(ticked).collect();
    let expires_in = match &*days {
        "" => None,
        days => {
            let days: u32 = days.parse().map_err(|_| "the lifetime must be a number of days".to_owned())?;
            Some(Duration::from_secs(u64::from(days) * 24 * 60 * 60))
        }
    };
    Ok(IssueKey { name, scopes, expires_in })
}
