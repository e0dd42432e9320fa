//! Creating groups as in GoChat's public API documentation.

use crate::{
    app::App,
    keys::{issue, issue_with_all_scopes},
    one_group::{run_command, stored_body},
};
use gochat_domain::{
    auth::{ApiKey, Scope},
    clock::{Clock, SystemClock},
};
use gochat_test_support::{Case, TestDatabase, cases, http::Request};

pub fn cases() -> Vec<Case> {
    cases![
        a_group_is_created_as_the_public_documentation_shows_and_stored_as_answered,
        the_curl_command_of_the_public_documentation_works_unchanged,
        a_refusal_has_the_id_of_the_group_with_the_name_if_the_caller_may_read,
        unknown_fields_are_ignored,
        concurrent_creates_are_each_answered_with_their_own_group,
    ]
}

fn a_group_is_created_as_the_public_documentation_shows_and_stored_as_answered(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let app = App::on(database);
    let before = SystemClock.now();
    let reply =
        Request::create(r#"{ "name": "group_1", "token": "298fbgv479bv", "admin_id": 1 }"#).send(app.port);
    let after = SystemClock.now();

    assert_eq!(reply.status, 201);
    assert_eq!(reply.header("location"), "/v1/group/1");
    assert_eq!(reply.header("content-type"), "application/json");
    reply.assert_common_headers();
    assert_eq!((reply.header("etag"), app.versions()), (r#""1""#, vec!["1".to_owned()]));
    let [row] = &app.groups()[..] else { panic!("{:?}", app.groups()) };
    let [id, uuid, name, token, admin_id, created_at] = row;
    let uuid: uuid::Uuid = uuid.parse()?;
    let micros: i64 = created_at.parse()?;
    let created_at = gochat_domain::clock::Timestamp::from_unix_micros(micros).unwrap();
    assert_eq!(reply.body, stored_body(&app, 0));
    assert_eq!((&**id, &**name, &**token, &**admin_id), ("1", "group_1", "298fbgv479bv", "1"));
    assert_eq!(uuid.get_version_num(), 7);
    assert!((before..=after).contains(&created_at));
    Ok(())
}

fn the_curl_command_of_the_public_documentation_works_unchanged(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let app = App::on(database);
    let curl = r#"curl --location --request POST 'localhost:1213/v1/group' \
      --header 'GoChat-Token: 433578ab-84c2-4e02-4656-de55a8097c9f' \
      --header 'Content-Type: application/json' \
      --data-raw '{
          "name": "group_1",
          "token": "298fbgv479bv",
          "admin_id": 1
      }'"#;
    let run = || run_command(&app, curl);
    let first: serde_json::Value = serde_json::from_str(&run())?;
    assert_eq!((&first["id"], &first["name"]), (&1.into(), &"group_1".into()));
    let second: serde_json::Value = serde_json::from_str(&run())?;
    assert_eq!(second["error"], "UNIQUE constraint failed: GROUPS.NAME");
    Ok(())
}

fn a_refusal_has_the_id_of_the_group_with_the_name_if_the_caller_may_read(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let app = App::on(database);
    let create = |name: &str, key: &ApiKey| Request::group(name).by(key.expose());
    let (writer, _) = issue(&app, Scope::GroupsWrite, None);
    let both = issue_with_all_scopes(&app);
    assert_eq!(create("other", &writer).send(app.port).status, 201);
    let created = create("caf\u{e9}", &writer).send(app.port).json();
    let id = created["id"].as_i64().unwrap();
    assert_ne!(id, 1);
    for name in ["caf\u{e9}", "cafe\u{301}"] {
        create(name, &both).send(app.port).assert_name_taken(Some(id));
        create(name, &writer).send(app.port).assert_name_taken(None);
        let with_key = create(name, &both).header("Idempotency-Key", "k");
        with_key.send(app.port).assert_name_taken(Some(id));
    }
    let problem = |key| {
        let reply = create("caf\u{e9}", key).header("Accept", "application/problem+json").send(app.port);
        assert_eq!((reply.status, reply.header("content-type")), (409, "application/problem+json"));
        reply.json()
    };
    let [with_id, without_id] = [problem(&both), problem(&writer)];
    assert_eq!((&with_id["code"], &with_id["group_id"]), (&"group_name_taken".into(), &id.into()));
    assert_eq!((&without_id["code"], without_id.get("group_id")), (&"group_name_taken".into(), None));
    assert_eq!(app.names(), ["other", "caf\u{e9}"]);
    Ok(())
}

fn unknown_fields_are_ignored(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let body =
        r#"{"id":77,"uuid":"x","created_at":null,"name":"g","token":"t","admin_id":1,"more":[{"a":1e999}]}"#;
    let reply = Request::create(body).send(app.port);
    assert_eq!((reply.status, &reply.json()["id"]), (201, &1.into()));
    Ok(())
}

fn concurrent_creates_are_each_answered_with_their_own_group(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let port = app.port;
    let create = |number: usize| {
        let body = format!(r#"{{"name":"g{number}","token":"t{number}","admin_id":{}}}"#, number + 1);
        Request::create(body).send(port).json()
    };
    let replies: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..40).map(|number| scope.spawn(move || create(number))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let mut answered: Vec<_> = replies
        .iter()
        .enumerate()
        .map(|(number, reply)| {
            assert_eq!(
                (&reply["name"], &reply["admin_id"]),
                (&format!("g{number}").into(), &(number + 1).into())
            );
            (reply["id"].to_string(), reply["name"].as_str().unwrap().to_owned())
        })
        .collect();
    answered.sort();
    let mut stored: Vec<_> = app.groups().into_iter().map(|[id, _, name, ..]| (id, name)).collect();
    stored.sort();
    assert_eq!(answered, stored);
    Ok(())
}
