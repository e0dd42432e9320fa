//! API keys and scopes.

use crate::app::{App, options};
use gochat_adapters::{CommitOptions, CommitQueue, Database};
use gochat_domain::{
    auth::{ApiKey, IssuedKey, KeyId, KeyName, Scope},
    clock::{Clock, SystemClock},
    limits::Limits,
    service::{ApiKeyService, IssueKey},
};
use gochat_test_support::{Case, TestDatabase, cases, http::Request};
use std::{sync::Arc, time::Duration};

pub fn cases() -> Vec<Case> {
    cases![
        every_invalid_key_is_refused_with_the_same_text,
        the_key_is_checked_before_the_body,
        a_key_without_the_scope_is_forbidden_before_the_body_is_read,
        a_scope_of_a_newer_version_is_ignored,
    ]
}

const BODY: &str = r#"{"name":"g","token":"t","admin_id":1}"#;

/// Runs `work` on the application's database, like the command line does while a server runs.
pub fn with_database<T>(app: &App, work: impl AsyncFnOnce(&Database, &CommitQueue) -> T) -> T {
    let options = options(&app.database);
    let database = Database::connect(&app.database.url().parse().unwrap(), options).unwrap();
    let writer =
        CommitOptions { batch: 1, queue: 1, writers: 1, timeout: options.timeout, limits: Limits::default() };
    let queue = database.start_queue(writer).unwrap();
    let outcome = actix_web::rt::System::new().block_on(work(&database, &queue));
    queue.close();
    outcome
}

fn with_keys<T>(app: &App, work: impl AsyncFnOnce(ApiKeyService) -> T) -> T {
    with_database(app, async |database, queue| {
        work(ApiKeyService::new(database.api_keys(queue), Arc::new(SystemClock))).await
    })
}

fn request(scopes: &[Scope], expires_in: Option<Duration>) -> IssueKey {
    IssueKey { name: KeyName::parse("test").unwrap(), scopes: scopes.iter().copied().collect(), expires_in }
}

pub fn issue(app: &App, scope: Scope, expires_in: Option<Duration>) -> (ApiKey, IssuedKey) {
    with_keys(app, async |keys| keys.issue(request(&[scope], expires_in)).await.unwrap())
}

/// Revokes a key. Returns false if there is none with this id.
pub fn revoke(app: &App, id: KeyId) -> bool {
    with_keys(app, async |keys| keys.revoke(id).await.unwrap())
}

/// Issues a key with every scope.
pub fn issue_with_all_scopes(app: &App) -> ApiKey {
    with_keys(app, async |keys| keys.issue(request(&Scope::ALL, None)).await.unwrap().0)
}

/// Issues many read-only keys.
pub fn issue_readers(app: &App, count: usize) -> Vec<ApiKey> {
    with_keys(app, async |keys| {
        let mut issued = Vec::new();
        for _ in 0..count {
            issued.push(keys.issue(request(&[Scope::GroupsRead], None)).await.unwrap().0);
        }
        issued
    })
}

fn with_key(key: &str) -> Request {
    Request::group("g").by(key)
}

#[track_caller]
fn assert_unauthorized(app: &App, request: &Request) {
    let reply = request.send(app.port);
    reply.assert_error(401, "unauthorized", None, "the API key is missing or not valid");
    assert_eq!(reply.header("www-authenticate"), r#"GoChat-Token realm="gochat""#);
}

fn every_invalid_key_is_refused_with_the_same_text(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let (expired, _) = issue(&app, Scope::GroupsWrite, Some(Duration::ZERO));
    let (revoked, issued) = issue(&app, Scope::GroupsWrite, None);
    assert!(revoke(&app, issued.id));
    let unknown = ApiKey::mint()?;
    assert_unauthorized(&app, &Request::group("g").without("gochat-token"));
    for key in [expired.expose(), revoked.expose(), unknown.expose(), "", "short", "\u{fc}", &"x".repeat(300)]
    {
        assert_unauthorized(&app, &with_key(key));
    }
    // The header occurs twice, each time with a valid key.
    assert_unauthorized(
        &app,
        &Request::group("g").header("GoChat-Token", gochat_test_support::http::DEVELOPMENT_KEY),
    );
    assert!(app.groups().is_empty());
    Ok(())
}

fn the_key_is_checked_before_the_body(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    for body in ["nonsense", "{}", &"x".repeat(20_000)] {
        let request = Request::create(body).without("gochat-token");
        assert_unauthorized(&app, &request);
        assert_unauthorized(&app, &request.without("content-type"));
    }
    Ok(())
}

fn a_key_without_the_scope_is_forbidden_before_the_body_is_read(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let app = App::on(database);
    let (key, issued) = issue(&app, Scope::GroupsRead, None);
    assert!(SystemClock.now() >= issued.created_at);
    for body in [BODY, "nonsense"] {
        let request = Request::create(body).by(key.expose());
        request.send(app.port).assert_lacks_scope("groups:write");
    }
    assert!(app.groups().is_empty());
    Ok(())
}

fn a_scope_of_a_newer_version_is_ignored(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let (key, _) = issue(&app, Scope::GroupsWrite, None);
    app.database.execute("UPDATE api_keys SET scopes = 'groups:burn ' || scopes")?;
    assert_eq!(with_key(key.expose()).send(app.port).status, 201);
    let (other, _) = issue(&app, Scope::GroupsWrite, None);
    app.database.execute("UPDATE api_keys SET scopes = 'groups:burn'")?;
    let reply = with_key(other.expose()).send(app.port);
    reply.assert_lacks_scope("groups:write");
    Ok(())
}
