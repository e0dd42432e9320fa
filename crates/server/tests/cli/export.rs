//! `gochat groups export`, and importing its output.

use crate::process::{Ended, Server, command, fill, ndjson, run, run_in, run_with, stored};
use gochat_test_support::{Backend, Case, TestDatabase, cases, deadline, http::Request};
use std::{
    collections::HashSet, fs, io::Read, os::unix::fs::PermissionsExt, path::Path, process::Stdio, thread,
};
use tempfile::TempDir;

pub fn cases() -> Vec<Case> {
    cases![
        exported_groups_are_recreated_by_an_import,
        an_export_has_the_same_fields_as_the_api,
        every_group_is_exported_once_while_others_are_created,
        a_reader_that_closes_early_is_not_an_error,
        a_file_is_replaced_only_once_the_export_is_complete,
        an_export_that_fails_on_its_second_page_leaves_the_file_as_it_was,
        an_empty_database_exports_no_groups,
        a_name_of_a_compressed_file_is_refused,
    ]
}

/// Texts that need escaping in one of the formats.
const TEXTS: [&str; 9] =
    ["a,b", "\"", "\"\"x", "\\n", "=1+1", "\u{200f}x", "\u{1d11e}", "a\u{2028}b", "';--"];

fn lines(count: usize) -> String {
    let special = TEXTS.iter().map(|text| {
        serde_json::json!({"name": text, "token": format!(" {text}\u{feff} "), "admin_id": i64::MAX})
            .to_string()
            + "\n"
    });
    special.collect::<Vec<_>>().concat() + &ndjson("g", 0..count)
}

fn export_in(folder: &Path, database: &TestDatabase, arguments: &[&str]) -> Ended {
    let url = [("GOCHAT__DATABASE__URL", database.url())];
    run_in(folder, &[&["groups", "export"], arguments].concat(), &url)
}

fn exported_groups_are_recreated_by_an_import(database: TestDatabase) -> anyhow::Result<()> {
    fill(&database, &lines(2500));
    let folder = TempDir::new()?;
    for file in ["groups.csv", "groups.ndjson"] {
        let exported = export_in(folder.path(), &database, &["--progress-every", "1000", file]);
        let message = "1,000 groups\n2,000 groups\nexported 2,509 groups\n";
        assert_eq!((exported.code, &*exported.stdout, &*exported.stderr), (Some(0), "", message));
        // Groups of any database can be imported into SQLite.
        let other = TestDatabase::sqlite()?;
        let url = [("GOCHAT__DATABASE__URL", other.url())];
        let imported = run_in(folder.path(), &["groups", "import", file], &url);
        assert_eq!(imported.stderr, "created 2,509, already existing 0, refused 0\n");
        assert_eq!(stored(&other), stored(&database));
        // Importing them back adds nothing.
        let back = run_with(
            &database,
            &["groups", "import", "-"],
            export_in(folder.path(), &other, &[]).stdout.as_bytes(),
        );
        assert_eq!(back.stderr, "created 0, already existing 2,509, refused 0\n");
    }
    Ok(())
}

fn an_export_has_the_same_fields_as_the_api(database: TestDatabase) -> anyhow::Result<()> {
    let server = Server::start(&database, &[]);
    let created =
        Request::create(r#"{"name":"a,\"b\"","token":"298fbgv479bv","admin_id":1}"#).send(server.port);
    server.stop();
    let ndjson = run(&database, &["groups", "export"]);
    assert_eq!((&*ndjson.stdout, &*ndjson.stderr), (&*(created.body.clone() + "\n"), "exported 1 group\n"));
    let csv = run(&database, &["groups", "export", "-", "--format", "csv"]);
    let group: serde_json::Value = serde_json::from_str(&created.body)?;
    let (uuid, created_at) = (group["uuid"].as_str().unwrap(), group["created_at"].as_str().unwrap());
    assert_eq!(
        csv.stdout,
        format!(
            "id,uuid,name,admin_id,token,created_at\n1,{uuid},\"a,\"\"b\"\"\",1,298fbgv479bv,{created_at}\n"
        )
    );
    Ok(())
}

fn every_group_is_exported_once_while_others_are_created(database: TestDatabase) -> anyhow::Result<()> {
    fill(&database, &lines(2491));
    let others = ndjson("h", 0..2500);
    let (imported, exported) = thread::scope(|scope| {
        let import = scope.spawn(|| run_with(&database, &["groups", "import", "-"], others.as_bytes()));
        let exported = run(&database, &["groups", "export"]);
        (import.join().unwrap(), exported)
    });
    assert_eq!(imported.stderr, "created 2,500, already existing 0, refused 0\n");
    assert_eq!(exported.code, Some(0), "{}", exported.stderr);
    let groups: Vec<serde_json::Value> =
        exported.stdout.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let ids: Vec<_> = groups.iter().map(|group| group["id"].as_i64().unwrap()).collect();
    assert!(ids.is_sorted_by(|one, next| one < next));
    let names: HashSet<_> = groups.iter().map(|group| group["name"].as_str().unwrap()).collect();
    assert!(names.len() == groups.len() && names.len() >= 2500);
    assert!(
        (0..2491).all(|n| names.contains(&*format!("g{n:04}")))
            && TEXTS.iter().all(|text| names.contains(text))
    );
    // The concurrent creates that were exported are the earliest ones.
    let met = names.iter().filter(|name| name.starts_with('h')).count();
    assert!((0..met).all(|n| names.contains(&*format!("h{n:04}"))), "{met}");
    Ok(())
}

fn a_reader_that_closes_early_is_not_an_error(database: TestDatabase) -> anyhow::Result<()> {
    fill(&database, &lines(2500));
    let folder = TempDir::new()?;
    let url = [("GOCHAT__DATABASE__URL", database.url())];
    let mut child = command(folder.path(), &["groups", "export"], &url)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    child.stdout.take().unwrap().read_exact(&mut [0])?;
    let ended = Ended::from(deadline::output(child));
    assert_eq!((ended.code, &*ended.stderr), (Some(0), "standard output was closed before the end\n"));
    Ok(())
}

/// Breaks the row of a group, so that no page with it can be read.
fn make_unreadable(database: &TestDatabase, id: usize) -> anyhow::Result<()> {
    let unchecked = match database.backend() {
        Backend::Sqlite => "PRAGMA ignore_check_constraints = 1",
        Backend::Postgres => {
            "DO $$ DECLARE c record; BEGIN FOR c IN SELECT conname FROM pg_constraint WHERE conrelid = 'groups'::regclass \
             AND contype = 'c' LOOP EXECUTE format('ALTER TABLE groups DROP CONSTRAINT %I', c.conname); END LOOP; END $$"
        }
    };
    database.execute(&format!("{unchecked}; UPDATE groups SET admin_id = 0 WHERE id = {id}"))
}

fn a_file_is_replaced_only_once_the_export_is_complete(database: TestDatabase) -> anyhow::Result<()> {
    fill(&database, &lines(0));
    let folder = TempDir::new()?;
    let file = folder.path().join("groups.ndjson");
    fs::write(&file, "as it was")?;
    make_unreadable(&database, 3)?;
    let failed = export_in(folder.path(), &database, &["groups.ndjson"]);
    assert_eq!(failed.code, Some(1));
    assert!(failed.stderr.starts_with("gochat: groups.ndjson is not written: "), "{failed:?}");
    assert_eq!(fs::read_to_string(&file)?, "as it was");

    database.execute("UPDATE groups SET admin_id = 1 WHERE id = 3")?;
    assert_eq!(export_in(folder.path(), &database, &["groups.ndjson"]).code, Some(0));
    assert_eq!(fs::read_to_string(&file)?.lines().count(), TEXTS.len());
    assert_eq!(fs::metadata(&file)?.permissions().mode() & 0o777, 0o600);
    let left: Vec<_> = fs::read_dir(folder.path())?.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["groups.ndjson"]);

    // A device is written to, not replaced.
    assert_eq!(export_in(folder.path(), &database, &["--format", "csv", "/dev/null"]).code, Some(0));
    let wrong = export_in(folder.path(), &database, &["groups.txt"]);
    assert_eq!((wrong.code, wrong.stderr.contains("add --format")), (Some(1), true));
    Ok(())
}

fn an_export_that_fails_on_its_second_page_leaves_the_file_as_it_was(
    database: TestDatabase,
) -> anyhow::Result<()> {
    fill(&database, &ndjson("g", 0..1_500));
    let folder = TempDir::new()?;
    let file = folder.path().join("groups.ndjson");
    fs::write(&file, "as it was")?;
    make_unreadable(&database, 1_200)?;
    let failed = export_in(folder.path(), &database, &["groups.ndjson"]);
    assert_eq!((failed.code, &*failed.stdout), (Some(1), ""));
    assert!(failed.stderr.starts_with("gochat: groups.ndjson is not written: "), "{failed:?}");
    assert_eq!(fs::read_to_string(&file)?, "as it was");
    let left: Vec<_> = fs::read_dir(folder.path())?.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["groups.ndjson"]);

    // Standard output has the pages before the failure.
    let failed = export_in(folder.path(), &database, &[]);
    assert_eq!(failed.code, Some(1), "{}", failed.stderr);
    let ids: Vec<_> = failed.stdout.lines().map(|line| line.split([':', ',']).nth(1).unwrap()).collect();
    assert_eq!(ids, (1..=1_000).map(|id| id.to_string()).collect::<Vec<_>>());
    Ok(())
}

fn an_empty_database_exports_no_groups(database: TestDatabase) -> anyhow::Result<()> {
    let ndjson = run(&database, &["groups", "export", "-"]);
    assert_eq!((ndjson.code, &*ndjson.stdout, &*ndjson.stderr), (Some(0), "", "exported 0 groups\n"));
    let csv = run(&database, &["groups", "export", "--format", "csv"]);
    assert_eq!(csv.stdout, "id,uuid,name,admin_id,token,created_at\n");
    let back = run_with(&database, &["groups", "import", "-", "--format", "csv"], csv.stdout.as_bytes());
    assert_eq!((back.code, &*back.stderr), (Some(0), "created 0, already existing 0, refused 0\n"));
    Ok(())
}

fn a_name_of_a_compressed_file_is_refused(database: TestDatabase) -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    for arguments in [&["groups.csv.gz"][..], &["groups.csv.gz", "--format", "csv"]] {
        let ended = export_in(folder.path(), &database, arguments);
        let error =
            "gochat: groups.csv.gz would not be compressed; write to standard output, and pipe it to gzip\n";
        assert_eq!((ended.code, &*ended.stdout, &*ended.stderr), (Some(1), "", error));
    }
    assert!(fs::read_dir(folder.path())?.next().is_none());
    Ok(())
}
