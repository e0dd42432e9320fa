//! `gochat members import` and `gochat members export`.

use crate::process::{fill, import_of, ndjson, run, run_in, run_with};
use gochat_test_support::{Case, TestDatabase, cases};
use std::{fs, os::unix::fs::PermissionsExt};
use tempfile::TempDir;

pub fn cases() -> Vec<Case> {
    cases![
        every_line_is_stored_or_reported_with_its_number_and_reason,
        a_second_import_of_members_stores_nothing_twice,
        a_dry_run_of_members_stores_nothing,
        an_export_has_every_member_with_the_name_of_its_group,
        groups_and_members_are_recreated_in_another_database,
        an_export_of_groups_with_many_members_is_complete,
        a_file_of_members_without_its_columns_is_refused,
    ]
}

/// Creates the groups `a`, `b, "x"` and `c`, administered by the users 1, 2 and 3.
fn create(database: &TestDatabase) {
    let groups = [("a", 1), ("b, \"x\"", 2), ("c", 3)].map(|(name, admin_id)| {
        serde_json::json!({ "name": name, "token": "t", "admin_id": admin_id }).to_string() + "\n"
    });
    for group in groups {
        fill(database, &group);
    }
}

/// Returns the name of the group and the user of each membership.
fn memberships(database: &TestDatabase) -> Vec<Vec<String>> {
    let sql = "SELECT name, CAST(user_id AS text) FROM members JOIN groups ON groups.id = group_id
               ORDER BY groups.id, members.user_id";
    database.rows(sql).unwrap()
}

fn every_line_is_stored_or_reported_with_its_number_and_reason(database: TestDatabase) -> anyhow::Result<()> {
    create(&database);
    let lines = [
        r#"{"group_id":1,"user_id":10}"#,
        r#"{"user_id":"11","group_id":"1","role":"administrator","joined_at":"x"}"#,
        "",
        r#"{"group_name":"b, \"x\"","user_id":10}"#,
        r#"{"group_name":"c","group_id":1,"user_id":10}"#,
        r#"{"group_id":1,"user_id":1}"#,
        r#"{"group_id":7,"user_id":10}"#,
        r#"{"group_name":"none","user_id":10}"#,
        r#"{"user_id":10}"#,
        r#"{"group_id":1,"user_id":0}"#,
        r#"{"group_name":"","user_id":10}"#,
        r#"{"group_id":1,"user_id":10"#,
    ];
    let ended = import_of("members", &database, "members.ndjson", lines.join("\n").as_bytes(), &[]);
    let expected = "\
        line 7: there is no such group\n\
        line 8: there is no such group\n\
        line 9: group_id must be an integer from 1 to 9223372036854775807\n\
        line 10: user_id must be an integer from 1 to 9223372036854775807\n\
        line 11: name must not be empty\n\
        line 12: it is not a JSON object: EOF while parsing an object, at column 26\n\
        created 4, already existing 1, refused 6\n";
    assert_eq!((ended.code, &*ended.stdout, &*ended.stderr), (Some(1), "", expected));
    let stored = [["a", "10"], ["a", "11"], ["b, \"x\"", "10"], ["c", "10"]];
    assert_eq!(memberships(&database), stored);

    let csv = "User_ID;group_name; GROUP_ID ;note\n12;;1;\n 13 ;\"b, \"\"x\"\"\";;x\n14;;;\nx;c;;\n12;;1;\n";
    let ended = import_of("members", &database, "members.csv", csv.as_bytes(), &[]);
    let expected = "\
        line 4: group_id must be an integer from 1 to 9223372036854775807\n\
        line 5: user_id must be an integer from 1 to 9223372036854775807\n\
        created 2, already existing 1, refused 2\n";
    assert_eq!((ended.code, &*ended.stderr), (Some(1), expected));
    let stored = [["a", "10"], ["a", "11"], ["a", "12"], ["b, \"x\"", "10"], ["b, \"x\"", "13"], ["c", "10"]];
    assert_eq!(memberships(&database), stored);
    Ok(())
}

fn a_second_import_of_members_stores_nothing_twice(database: TestDatabase) -> anyhow::Result<()> {
    create(&database);
    let lines = (10..3010).map(|user| format!("{{\"group_id\":1,\"user_id\":{user}}}"));
    let file = lines.collect::<Vec<_>>().join("\n");
    for counts in ["created 3,000, already existing 0", "created 0, already existing 3,000"] {
        let ended = run_with(&database, &["members", "import", "-"], file.as_bytes());
        assert_eq!((ended.code, ended.stderr), (Some(0), format!("{counts}, refused 0\n")));
        assert_eq!(memberships(&database).len(), 3000);
    }
    Ok(())
}

fn a_dry_run_of_members_stores_nothing(database: TestDatabase) -> anyhow::Result<()> {
    create(&database);
    assert_eq!(run(&database, &["members", "add", "1", "10"]).code, Some(0));
    let file = "group_id,group_name,user_id\n1,,1\n1,,10\n1,,11\n,a,11\n2,,9223372036854775807\n7,,1\n,d,1\n";
    let ended = import_of("members", &database, "members.csv", file.as_bytes(), &["--dry-run"]);
    let expected = "\
        line 7: there is no such group\n\
        line 8: there is no such group\n\
        dry run: 2 to create, already existing 3, refused 2\n";
    assert_eq!((ended.code, &*ended.stderr), (Some(1), expected));
    assert_eq!(memberships(&database), [["a", "10"]]);
    // Without a database there is no group.
    let folder = TempDir::new()?;
    fs::write(folder.path().join("members.csv"), "group_id,user_id\n1,10\n")?;
    let ended = run_in(folder.path(), &["members", "import", "--dry-run", "members.csv"], &[]);
    let expected = "line 2: there is no such group\ndry run: 0 to create, already existing 0, refused 1\n";
    assert_eq!((ended.code, &*ended.stderr), (Some(1), expected));
    Ok(())
}

fn an_export_has_every_member_with_the_name_of_its_group(database: TestDatabase) -> anyhow::Result<()> {
    let empty = run(&database, &["members", "export", "--format", "csv"]);
    let header = "group_id,group_name,user_id,role,joined_at\n";
    assert_eq!((&*empty.stdout, &*empty.stderr), (header, "exported 0 members\n"));
    create(&database);
    for (group, user) in [("1", "20"), ("1", "10"), ("2", "10")] {
        assert_eq!(run(&database, &["members", "add", group, user]).code, Some(0));
    }
    assert_eq!(run(&database, &["groups", "hand-over", "1", "15"]).code, Some(0));
    let listed = |group: &str| -> serde_json::Value {
        serde_json::from_str(&run(&database, &["members", "list", group, "--json"]).stdout).unwrap()
    };
    let mut expected = vec!["group_id,group_name,user_id,role,joined_at".to_owned()];
    for (group, name, quoted) in [("1", "a", "a"), ("2", "b, \"x\"", "\"b, \"\"x\"\"\""), ("3", "c", "c")] {
        for member in listed(group).as_array().unwrap() {
            let [role, joined_at] = ["role", "joined_at"].map(|field| member[field].as_str().unwrap());
            expected.push(format!("{group},{quoted},{},{role},{joined_at}", member["id"]));
            let json = serde_json::to_string(name)?;
            let line = format!(
                r#"{{"group_id":{group},"group_name":{json},"user_id":{},"role":"{role}","joined_at":"{joined_at}"}}"#,
                member["id"]
            );
            let exported = run(&database, &["members", "export"]).stdout;
            assert!(exported.lines().any(|exported| exported == line), "{line}: {exported}");
        }
    }
    let folder = TempDir::new()?;
    let variables = [("GOCHAT__DATABASE__URL", database.url())];
    let ended = run_in(folder.path(), &["members", "export", "members.csv"], &variables);
    assert_eq!((ended.code, &*ended.stdout, &*ended.stderr), (Some(0), "", "exported 7 members\n"));
    let file = folder.path().join("members.csv");
    assert_eq!(fs::read_to_string(&file)?, expected.join("\n") + "\n");
    assert_eq!(fs::metadata(&file)?.permissions().mode() & 0o777, 0o600);
    Ok(())
}

fn groups_and_members_are_recreated_in_another_database(database: TestDatabase) -> anyhow::Result<()> {
    create(&database);
    let all = [("1", "10"), ("1", "11"), ("2", "10"), ("3", "12")];
    for (group, user) in all {
        assert_eq!(run(&database, &["members", "add", group, user]).code, Some(0));
    }
    let other = TestDatabase::sqlite()?;
    // The other database already has a group, so the imported groups get other ids.
    fill(&other, "{\"name\":\"first\",\"token\":\"t\",\"admin_id\":1}\n");
    for format in ["csv", "ndjson"] {
        for kind in ["groups", "members"] {
            let file = run(&database, &[kind, "export", "--format", format]).stdout;
            let ended = run_with(&other, &[kind, "import", "-", "--format", format], file.as_bytes());
            assert_eq!(ended.code, Some(0), "{ended:?}");
        }
        assert_eq!(memberships(&other), memberships(&database));
    }
    assert_eq!(memberships(&other).len(), all.len());
    assert_ne!(other.rows("SELECT CAST(min(group_id) AS text) FROM members")?.concat(), ["1"]);
    Ok(())
}

fn an_export_of_groups_with_many_members_is_complete(database: TestDatabase) -> anyhow::Result<()> {
    fill(&database, &ndjson("g", 0..1100));
    database.execute(
        "INSERT INTO members (group_id, user_id, joined_at)
         WITH RECURSIVE u (id) AS (SELECT 2 UNION ALL SELECT id + 1 FROM u WHERE id < 2500)
         SELECT groups.id, u.id, groups.created_at FROM u, groups WHERE groups.id = 1000",
    )?;
    let ended = run(&database, &["members", "export", "--progress-every", "3000"]);
    let expected = "exported 3,599 members\n";
    assert!(ended.code == Some(0) && ended.stderr.ends_with(expected), "{}", ended.stderr);
    let members: Vec<(i64, i64)> = ended
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|line| (line["group_id"].as_i64().unwrap(), line["user_id"].as_i64().unwrap()))
        .collect();
    assert_eq!(members.len(), 3599);
    assert!(members.is_sorted_by(|one, next| one < next));
    Ok(())
}

fn a_file_of_members_without_its_columns_is_refused(database: TestDatabase) -> anyhow::Result<()> {
    for (file, error) in [
        ("", "the file is empty: its first line must be group_id,user_id"),
        ("group_id\n1\n", "line 1: the header lacks the column user_id"),
        ("name,token,admin_id\n", "line 1: the header lacks the column group_id"),
        ("user_id,GROUP_ID,group_id\n", "line 1: the header has the column \"group_id\" twice"),
    ] {
        let ended = import_of("members", &database, "members.csv", file.as_bytes(), &[]);
        assert_eq!(ended.code, Some(2), "{file:?}");
        assert_eq!(ended.stderr, format!("gochat: cannot read members.csv: {error}\n"));
    }
    Ok(())
}
