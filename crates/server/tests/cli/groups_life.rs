//! `gochat groups show`, `rename`, `hand-over` and `delete`.

use crate::process::{Ended, Server, command, fill, open_terminal, run};
use gochat_test_support::{
    Case, TestDatabase, cases,
    deadline::{self, Lines},
    http::{DEVELOPMENT_KEY, Request},
};
use std::{io::Write, process::Stdio};
use tempfile::TempDir;

pub fn cases() -> Vec<Case> {
    cases![
        a_group_is_shown_by_its_id_uuid_or_name,
        a_group_is_renamed,
        a_group_is_handed_over,
        a_deleted_group_is_shown_as_it_was,
        without_a_terminal_a_delete_needs_yes,
        on_a_terminal_a_delete_is_confirmed,
        a_group_that_changes_before_the_answer_is_not_deleted,
        a_group_that_does_not_exist_is_reported,
        an_invalid_argument_is_refused,
        a_running_server_sees_each_change_at_once,
    ]
}

const GROUPS: &str = "\
    {\"name\":\"group_1\",\"token\":\"298fbgv479bv\",\"admin_id\":1}\n\
    {\"name\":\"other\",\"token\":\"t\",\"admin_id\":2}\n";

/// Creates the groups, and returns the first one as `groups export` shows it.
fn create(database: &TestDatabase) -> serde_json::Value {
    fill(database, GROUPS);
    let exported = run(database, &["groups", "export"]).stdout;
    serde_json::from_str(exported.lines().next().unwrap()).unwrap()
}

#[track_caller]
fn assert_printed(ended: &Ended, stdout: &str) {
    assert_eq!((ended.code, &*ended.stdout, &*ended.stderr), (Some(0), stdout, ""));
}

#[track_caller]
fn assert_failed(ended: &Ended, error: &str) {
    assert_eq!((ended.code, &*ended.stdout), (Some(1), ""));
    assert_eq!(ended.stderr, format!("gochat: {error}\n"));
}

/// The lines that a command prints for a group.
fn lines(group: &serde_json::Value) -> String {
    let field = |name: &str| match &group[name] {
        serde_json::Value::String(text) => format!("{name:10}  {text}\n"),
        other => format!("{name:10}  {other}\n"),
    };
    ["id", "uuid", "name", "admin_id", "token", "created_at"].map(field).concat()
}

fn with(group: &serde_json::Value, field: &str, value: impl Into<serde_json::Value>) -> serde_json::Value {
    let mut group = group.clone();
    group[field] = value.into();
    group
}

fn rows(database: &TestDatabase) -> Vec<Vec<String>> {
    let sql = "SELECT name, CAST(admin_id AS text), CAST(version AS text) FROM groups ORDER BY id";
    database.rows(sql).unwrap()
}

fn a_group_is_shown_by_its_id_uuid_or_name(database: TestDatabase) -> anyhow::Result<()> {
    let group = create(&database);
    let uuid = group["uuid"].as_str().unwrap();
    for key in [&["1"][..], &["--uuid", uuid], &["--name", "group_1"]] {
        assert_printed(&run(&database, &[&["groups", "show"], key].concat()), &lines(&group));
        let json = run(&database, &[&["groups", "show", "--json"], key].concat());
        assert_eq!((json.code, &*json.stderr), (Some(0), ""));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&json.stdout)?, group);
        // The fields are in the order of the API, each on a line of its own.
        assert!(json.stdout.starts_with("{\n  \"id\": 1,\n  \"uuid\": ") && json.stdout.ends_with("\n}\n"));
    }
    Ok(())
}

fn a_group_is_renamed(database: TestDatabase) -> anyhow::Result<()> {
    let group = create(&database);
    let renamed = with(&group, "name", "caf\u{e9}");
    assert_printed(&run(&database, &["groups", "rename", "1", "cafe\u{301}"]), &lines(&renamed));
    assert_eq!(rows(&database), [["caf\u{e9}", "1", "2"], ["other", "2", "1"]]);
    // The same name again changes nothing.
    let again = run(&database, &["groups", "rename", "1", "caf\u{e9}", "--json"]);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&again.stdout)?, renamed);
    assert_failed(&run(&database, &["groups", "rename", "1", "other"]), "a group of that name exists");
    for (name, error) in [
        ("", "name must not be empty"),
        (" x", "name must not begin or end with white space"),
        ("\u{200b}", "name must contain a visible character"),
    ] {
        assert_failed(&run(&database, &["groups", "rename", "1", name]), error);
    }
    assert_eq!(rows(&database), [["caf\u{e9}", "1", "2"], ["other", "2", "1"]]);
    Ok(())
}

fn a_group_is_handed_over(database: TestDatabase) -> anyhow::Result<()> {
    let group = create(&database);
    let handed_over = with(&group, "admin_id", 10);
    assert_printed(&run(&database, &["groups", "hand-over", "1", "10"]), &lines(&handed_over));
    let json = run(&database, &["groups", "hand-over", "1", "10", "--json"]);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&json.stdout)?, handed_over);
    assert_eq!(rows(&database), [["group_1", "10", "2"], ["other", "2", "1"]]);
    let members = run(&database, &["members", "list", "1"]).stdout;
    let members: Vec<Vec<_>> =
        members.lines().map(|line| line.split_whitespace().take(2).collect()).collect();
    assert_eq!(members, [["USER", "ROLE"], ["1", "member"], ["10", "administrator"]]);
    Ok(())
}

fn a_deleted_group_is_shown_as_it_was(database: TestDatabase) -> anyhow::Result<()> {
    let group = create(&database);
    assert_eq!(run(&database, &["members", "add", "1", "10"]).code, Some(0));
    assert_printed(&run(&database, &["groups", "delete", "1", "--yes"]), &lines(&group));
    let other = run(&database, &["groups", "delete", "--yes", "--json", "2"]);
    assert_eq!((other.code, &*other.stderr), (Some(0), ""));
    assert_eq!(serde_json::from_str::<serde_json::Value>(&other.stdout)?["name"], "other");
    assert!(rows(&database).is_empty());
    assert!(database.rows("SELECT CAST(user_id AS text) FROM members")?.is_empty());
    Ok(())
}

fn without_a_terminal_a_delete_needs_yes(database: TestDatabase) -> anyhow::Result<()> {
    create(&database);
    let error = "standard input is not a terminal, so nobody can be asked; add --yes to delete the group";
    assert_failed(&run(&database, &["groups", "delete", "1"]), error);
    assert_failed(&run(&database, &["groups", "delete", "7", "--json"]), error);
    assert_eq!(rows(&database).len(), 2);
    Ok(())
}

/// Deletes group 1 on a terminal. Calls `answer` with the terminal's other end. Returns the result of the command, and
/// all that the terminal showed.
fn delete_on_a_terminal(database: &TestDatabase, answer: impl FnOnce(&mut dyn Write)) -> (Ended, String) {
    let folder = TempDir::new().unwrap();
    let (mut controller, terminal) = open_terminal();
    let variables = [("GOCHAT__DATABASE__URL", database.url())];
    let child = command(folder.path(), &["groups", "delete", "1"], &variables)
        .stdin(terminal.try_clone().unwrap())
        .stdout(Stdio::piped())
        .stderr(terminal)
        .spawn()
        .unwrap();
    let shown = Lines::of(controller.try_clone().unwrap());
    // The command first asks, and then reads; a terminal keeps what is typed until then.
    answer(&mut controller);
    let ended = Ended::from(deadline::output(child));
    drop(controller);
    (ended, shown.rest())
}

const QUESTION: &str = "Delete the group 1 (\"group_1\") and its memberships? [y/N] ";

fn on_a_terminal_a_delete_is_confirmed(database: TestDatabase) -> anyhow::Result<()> {
    let group = create(&database);
    for no in ["\n", "n\n", "no\n", "yess\n", "\u{4}"] {
        let (ended, shown) = delete_on_a_terminal(&database, |terminal| write!(terminal, "{no}").unwrap());
        assert_eq!((ended.code, &*ended.stdout), (Some(1), ""), "{no:?}: {shown}");
        assert!(shown.contains(QUESTION) && shown.ends_with("gochat: nothing was deleted\r\n"), "{shown:?}");
        assert_eq!(rows(&database).len(), 2);
    }
    let (ended, shown) = delete_on_a_terminal(&database, |terminal| writeln!(terminal, " Y ").unwrap());
    assert_eq!((ended.code, ended.stdout), (Some(0), lines(&group)));
    assert!(shown.contains(QUESTION), "{shown:?}");
    assert_eq!(rows(&database), [["other", "2", "1"]]);
    let (ended, shown) = delete_on_a_terminal(&database, |_| ());
    assert_eq!((ended.code, &*ended.stdout), (Some(1), ""));
    assert_eq!(shown, "gochat: no group has the id 1\r\n");
    Ok(())
}

fn a_group_that_changes_before_the_answer_is_not_deleted(database: TestDatabase) -> anyhow::Result<()> {
    create(&database);
    let folder = TempDir::new()?;
    let (mut controller, terminal) = open_terminal();
    let variables = [("GOCHAT__DATABASE__URL", database.url())];
    let mut child = command(folder.path(), &["groups", "delete", "1"], &variables)
        .stdin(terminal)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut question = [0; QUESTION.len()];
    std::io::Read::read_exact(child.stderr.as_mut().unwrap(), &mut question)?;
    assert_eq!(str::from_utf8(&question)?, QUESTION);
    assert_eq!(run(&database, &["groups", "rename", "1", "renamed"]).code, Some(0));
    writeln!(controller, "y")?;
    let ended = Ended::from(deadline::output(child));
    assert_failed(&ended, "the group was changed in the meantime; nothing was deleted");
    assert_eq!(rows(&database), [["renamed", "1", "2"], ["other", "2", "1"]]);
    Ok(())
}

fn a_group_that_does_not_exist_is_reported(database: TestDatabase) -> anyhow::Result<()> {
    create(&database);
    let uuid = "01a207c9-3cc9-7ec5-b262-d79df75c3ae6";
    for (arguments, error) in [
        (&["show", "7"][..], "no group has the id 7"),
        (&["show", "--name", "none"], "no group has the name \"none\""),
        (&["show", "--uuid", uuid], &format!("no group has the UUID {uuid}")),
        (&["rename", "7", "x"], "no group has the id 7"),
        (&["hand-over", "7", "1"], "no group has the id 7"),
        (&["delete", "7", "--yes"], "no group has the id 7"),
    ] {
        assert_failed(&run(&database, &[&["groups"], arguments].concat()), error);
    }
    assert_eq!(rows(&database), [["group_1", "1", "1"], ["other", "2", "1"]]);
    Ok(())
}

fn an_invalid_argument_is_refused(database: TestDatabase) -> anyhow::Result<()> {
    for arguments in [
        &["show"][..],
        &["show", "1", "--name", "g"],
        &["show", "0"],
        &["show", "x"],
        &["show", "--uuid", "x"],
        &["rename", "1"],
        &["rename", "0", "g"],
        &["hand-over", "1", "0"],
        &["hand-over", "1", "-1"],
        &["delete", "--yes"],
    ] {
        let ended = run(&database, &[&["groups"], arguments].concat());
        assert_eq!((ended.code, &*ended.stdout), (Some(2), ""), "{arguments:?}");
        assert!(ended.stderr.starts_with("error: "), "{arguments:?}: {}", ended.stderr);
    }
    Ok(())
}

fn a_running_server_sees_each_change_at_once(database: TestDatabase) -> anyhow::Result<()> {
    let server = Server::start(&database, &[]);
    assert_eq!(Request::group("g").send(server.port).status, 201);
    let found = || Request::get("/v1/group/1").send(server.port);
    assert_eq!(run(&database, &["groups", "rename", "1", "h"]).code, Some(0));
    assert_eq!((found().json()["name"].clone(), found().header("etag")), ("h".into(), "\"2\""));
    assert_eq!(run(&database, &["groups", "hand-over", "1", "10"]).code, Some(0));
    assert_eq!(found().json()["admin_id"], 10);
    let stale = Request::new("DELETE", "/v1/group/1").by(DEVELOPMENT_KEY).header("If-Match", "\"1\"");
    assert_eq!(stale.send(server.port).status, 412);
    assert_eq!(run(&database, &["groups", "delete", "1", "--yes"]).code, Some(0));
    assert_eq!(found().status, 404);
    server.stop();
    Ok(())
}
