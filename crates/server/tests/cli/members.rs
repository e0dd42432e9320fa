//! `gochat members add`, `remove` and `list`.

use crate::process::{Ended, Server, fill, run, run_in};
use gochat_test_support::{Case, TestDatabase, cases, http::Request};
use serde_json::{Value, json};
use tempfile::TempDir;

pub fn cases() -> Vec<Case> {
    cases![
        a_user_is_added_without_the_token,
        a_user_is_removed,
        members_are_listed_in_the_order_of_users,
        a_long_list_is_whole,
        a_group_that_does_not_exist_has_no_members,
        a_full_group_takes_nobody_from_the_command_line_either,
        invalid_ids_are_refused,
    ]
}

fn create(database: &TestDatabase) {
    fill(database, "{\"name\":\"g\",\"token\":\"t\",\"admin_id\":1}\n");
}

fn memberships(database: &TestDatabase) -> Vec<String> {
    database.rows("SELECT CAST(user_id AS text) FROM members ORDER BY members.user_id").unwrap().concat()
}

#[track_caller]
fn assert_failed(ended: &Ended, error: &str) {
    assert_eq!((ended.code, &*ended.stdout), (Some(1), ""));
    assert_eq!(ended.stderr, format!("gochat: {error}\n"));
}

/// The fields of a member that was printed for people.
fn fields(printed: &str) -> Vec<Vec<&str>> {
    printed.lines().map(|line| line.split_whitespace().collect()).collect()
}

fn a_user_is_added_without_the_token(database: TestDatabase) -> anyhow::Result<()> {
    create(&database);
    let added = run(&database, &["members", "add", "1", "10"]);
    assert_eq!((added.code, &*added.stderr), (Some(0), ""));
    let [group, user, role, joined] = &fields(&added.stdout)[..] else { panic!("{added:?}") };
    assert_eq!((&group[..], &user[..]), (&["group_id", "1"][..], &["user_id", "10"][..]));
    assert_eq!((&role[..], joined[0]), (&["role", "member"][..], "joined_at"));
    // A second run prints the same member, and a note on standard error.
    let again = run(&database, &["members", "add", "1", "10"]);
    assert_eq!((again.code, &again.stdout), (Some(0), &added.stdout));
    assert_eq!(again.stderr, "user 10 is a member of group 1 already\n");
    let json = run(&database, &["members", "add", "1", "10", "--json"]).stdout;
    let expected = json!({ "group_id": 1, "user_id": 10, "role": "member", "joined_at": joined[1] });
    assert_eq!(serde_json::from_str::<Value>(&json)?, expected);
    let administrator = run(&database, &["members", "add", "1", "1", "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&administrator.stdout)?["role"], "administrator");
    assert_eq!(memberships(&database), ["10"]);
    Ok(())
}

fn a_user_is_removed(database: TestDatabase) -> anyhow::Result<()> {
    create(&database);
    let added = run(&database, &["members", "add", "1", "10"]);
    let removed = run(&database, &["members", "remove", "1", "10"]);
    assert_eq!((removed.code, &removed.stdout, &*removed.stderr), (Some(0), &added.stdout, ""));
    assert!(memberships(&database).is_empty());
    for (arguments, error) in [
        (&["1", "10"][..], "user 10 is not a member of a group with the id 1"),
        (&["7", "10", "--json"], "user 10 is not a member of a group with the id 7"),
        (
            &["1", "1"],
            "user 1 administers group 1; hand it over first (gochat groups hand-over), or delete it",
        ),
    ] {
        assert_failed(&run(&database, &[&["members", "remove"], arguments].concat()), error);
    }
    Ok(())
}

fn members_are_listed_in_the_order_of_users(database: TestDatabase) -> anyhow::Result<()> {
    create(&database);
    let server = Server::start(&database, &[]);
    for user in [300, 20] {
        let body = json!({ "group_id": 1, "user_id": user, "token": "t" });
        assert_eq!(Request::post("/v1/member", body.to_string()).send(server.port).status, 201);
    }
    let by_api = Request::get("/v1/group_members?id=1").send(server.port).json();
    server.stop();
    let listed = run(&database, &["members", "list", "1", "--json"]);
    assert_eq!((listed.code, &*listed.stderr), (Some(0), ""));
    assert_eq!(serde_json::from_str::<Value>(&listed.stdout)?, by_api);
    let table = run(&database, &["members", "list", "1"]).stdout;
    let joined = |index: usize| by_api[index]["joined_at"].as_str().unwrap();
    assert_eq!(
        fields(&table),
        [
            ["USER", "ROLE", "JOINED"],
            ["1", "administrator", joined(0)],
            ["20", "member", joined(1)],
            ["300", "member", joined(2)],
        ]
    );
    Ok(())
}

fn a_long_list_is_whole(database: TestDatabase) -> anyhow::Result<()> {
    create(&database);
    database.execute(
        "INSERT INTO members (group_id, user_id, joined_at)
         WITH RECURSIVE u (id) AS (SELECT 2 UNION ALL SELECT id + 1 FROM u WHERE id < 2500)
         SELECT 1, u.id, groups.created_at FROM u, groups",
    )?;
    let listed: Value = serde_json::from_str(&run(&database, &["members", "list", "1", "--json"]).stdout)?;
    let users: Vec<_> =
        listed.as_array().unwrap().iter().map(|member| member["id"].as_i64().unwrap()).collect();
    assert_eq!(users, (1..=2500).collect::<Vec<_>>());
    Ok(())
}

fn a_group_that_does_not_exist_has_no_members(database: TestDatabase) -> anyhow::Result<()> {
    create(&database);
    for arguments in [&["add", "7", "10"][..], &["list", "7"], &["list", "7", "--json"]] {
        let ended = run(&database, &[&["members"], arguments].concat());
        assert_failed(&ended, "no group has the id 7");
    }
    Ok(())
}

fn a_full_group_takes_nobody_from_the_command_line_either(database: TestDatabase) -> anyhow::Result<()> {
    create(&database);
    let folder = TempDir::new()?;
    let add = |user: &str| {
        let variables =
            [("GOCHAT__DATABASE__URL", database.url()), ("GOCHAT__LIMITS__MEMBERS_PER_GROUP", "2")];
        run_in(folder.path(), &["members", "add", "1", user], &variables)
    };
    assert_eq!(add("10").code, Some(0));
    assert_failed(&add("11"), "the group has the maximum number of members");
    assert_eq!(memberships(&database), ["10"]);
    Ok(())
}

fn invalid_ids_are_refused(database: TestDatabase) -> anyhow::Result<()> {
    for arguments in [
        &["add", "1"][..],
        &["add", "0", "10"],
        &["add", "1", "x"],
        &["remove", "1", "0"],
        &["list"],
        &["list", "g"],
    ] {
        let ended = run(&database, &[&["members"], arguments].concat());
        assert_eq!((ended.code, &*ended.stdout), (Some(2), ""), "{arguments:?}");
        assert!(ended.stderr.starts_with("error: "), "{arguments:?}: {}", ended.stderr);
    }
    Ok(())
}
