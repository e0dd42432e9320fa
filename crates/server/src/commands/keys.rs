//! `gochat keys`

use crate::{
    cli::{CreateKey, KeysCommand},
    settings::Settings,
};
use anyhow::{Context, bail};
use gochat_domain::{
    auth::{IssuedKey, KeyId, KeyName, Scope},
    clock::SystemClock,
    service::{ApiKeyService, IssueKey},
};
use serde::Serialize;
use std::{
    io::{self, Write},
    sync::Arc,
};

/// Creates, lists or revokes keys in the configured database.
pub(super) fn run(settings: &Settings, command: KeysCommand) -> anyhow::Result<()> {
    super::with_database(settings, async |database, queue| {
        let keys = ApiKeyService::new(database.api_keys(queue), Arc::new(SystemClock));
        match command {
            KeysCommand::Create(key) => create(&keys, key).await,
            KeysCommand::List { json } => list(&keys, json).await,
            KeysCommand::Revoke { id } => revoke(&keys, id).await,
        }
    })
}

async fn create(keys: &ApiKeyService, key: CreateKey) -> anyhow::Result<()> {
    let name = KeyName::parse(&key.name).with_context(|| format!("--name {:?}", key.name))?;
    let request = IssueKey { name, scopes: key.scopes.into_iter().collect(), expires_in: key.expires_in };
    let (key, issued) = keys.issue(request).await?;
    eprintln!("created the key {} ({}); store it now, it is not shown again", issued.id, issued.scopes);
    writeln!(io::stdout(), "{}", key.expose())?;
    Ok(())
}

async fn list(keys: &ApiKeyService, json: bool) -> anyhow::Result<()> {
    let keys: Vec<ListedKey> = keys.list().await?.iter().map(ListedKey::from).collect();
    let mut out = io::stdout().lock();
    if json {
        serde_json::to_writer_pretty(&mut out, &keys)?;
        writeln!(out)?;
        return Ok(());
    }
    let width = keys.iter().map(|key| key.name.chars().count()).max().unwrap_or(0).max("NAME".len());
    let scopes_width =
        keys.iter().map(|key| key.scopes.join(" ").len()).max().unwrap_or(0).max("SCOPES".len());
    let line = |id: &str, name: &str, scopes: &str, times: [&str; 4]| {
        let [created, expires, last_used, revoked] = times;
        format!(
            "{id:36}  {name:width$}  {scopes:scopes_width$}  {created:27}  {expires:27}  {last_used:27}  {revoked}"
        )
    };
    writeln!(out, "{}", line("ID", "NAME", "SCOPES", ["CREATED", "EXPIRES", "LAST USED", "REVOKED"]))?;
    for key in &keys {
        let moment = |moment: &Option<String>| moment.clone().unwrap_or_else(|| "-".to_owned());
        let [expires, last_used, revoked] = [&key.expires_at, &key.last_used_at, &key.revoked_at].map(moment);
        let times = [&*key.created_at, &expires, &last_used, &revoked];
        writeln!(out, "{}", line(&key.id, &key.name, &key.scopes.join(" "), times))?;
    }
    Ok(())
}

async fn revoke(keys: &ApiKeyService, id: KeyId) -> anyhow::Result<()> {
    if !keys.revoke(id).await? {
        bail!("no key has the id {id}; `gochat keys list` shows all keys");
    }
    eprintln!("revoked the key {id}; running servers refuse it within 5 seconds");
    Ok(())
}

/// A stored key in the output of `gochat keys list`.
#[derive(Serialize)]
struct ListedKey {
    id: String,
    name: String,
    scopes: Vec<&'static str>,
    created_at: String,
    expires_at: Option<String>,
    revoked_at: Option<String>,
    /// The start of the minute of the last use.
    last_used_at: Option<String>,
}

impl From<&IssuedKey> for ListedKey {
    fn from(key: &IssuedKey) -> Self {
        Self {
            id: key.id.to_string(),
            name: key.name.as_str().to_owned(),
            scopes: key.scopes.iter().map(Scope::as_str).collect(),
            created_at: key.created_at.to_string(),
            expires_at: key.expires_at.map(|moment| moment.to_string()),
            revoked_at: key.revoked_at.map(|moment| moment.to_string()),
            last_used_at: key.last_used_at.map(|moment| moment.to_string()),
        }
    }
}
