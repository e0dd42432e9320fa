//! Lines of imported files.

use crate::{corpus, mutation, objects, runner};
use anyhow::{Context, ensure};
use gochat_test_support::{Case, TestDatabase, cases, deadline};
use proptest::{collection::vec, prop_oneof, strategy::BoxedStrategy};
use std::{
    io::Write,
    process::{Command, Output, Stdio},
    thread,
};

pub fn cases() -> Vec<Case> {
    cases![
        no_ndjson_line_makes_an_import_panic_and_both_databases_store_the_same,
        no_csv_line_makes_an_import_panic_and_both_databases_store_the_same,
        no_ndjson_line_makes_an_import_of_members_panic_and_both_databases_store_the_same,
        no_csv_line_makes_an_import_of_members_panic_and_both_databases_store_the_same,
    ]
}

/// Number of lines of one import.
const LINES: u32 = 1_000;

/// Files that are imported.
struct Files {
    /// The command.
    kind: &'static str,
    format: &'static str,
    /// First line of each file.
    header: &'static str,
    corpus: &'static str,
    objects: fn() -> BoxedStrategy<Vec<u8>>,
    regressions: &'static str,
    /// The fields of an exported record that do not depend on the time or on the order of concurrent writes.
    fields: [&'static str; 3],
}

const GROUPS: Files = Files {
    kind: "groups",
    format: "ndjson",
    header: "",
    corpus: corpus::NDJSON,
    objects: objects::create,
    regressions: "tests/inputs/regressions/ndjson.txt",
    fields: ["name", "token", "admin_id"],
};

const GROUPS_CSV: Files = Files {
    format: "csv",
    header: "name,token,admin_id\n",
    corpus: corpus::CSV,
    regressions: "tests/inputs/regressions/csv.txt",
    ..GROUPS
};

const MEMBERS: Files = Files {
    kind: "members",
    corpus: corpus::MEMBERS_NDJSON,
    objects: objects::membership,
    regressions: "tests/inputs/regressions/members_ndjson.txt",
    fields: ["group_id", "user_id", "role"],
    ..GROUPS
};

const MEMBERS_CSV: Files = Files {
    format: "csv",
    header: "group_id,group_name,user_id\n",
    corpus: corpus::MEMBERS_CSV,
    regressions: "tests/inputs/regressions/members_csv.txt",
    ..MEMBERS
};

fn no_ndjson_line_makes_an_import_panic_and_both_databases_store_the_same(
    database: TestDatabase,
) -> anyhow::Result<()> {
    import(&[TestDatabase::sqlite()?, database], GROUPS)
}

fn no_csv_line_makes_an_import_panic_and_both_databases_store_the_same(
    database: TestDatabase,
) -> anyhow::Result<()> {
    import(&[TestDatabase::sqlite()?, database], GROUPS_CSV)
}

fn no_ndjson_line_makes_an_import_of_members_panic_and_both_databases_store_the_same(
    database: TestDatabase,
) -> anyhow::Result<()> {
    import(&with_groups(database)?, MEMBERS)
}

fn no_csv_line_makes_an_import_of_members_panic_and_both_databases_store_the_same(
    database: TestDatabase,
) -> anyhow::Result<()> {
    import(&with_groups(database)?, MEMBERS_CSV)
}

/// Both databases with the groups g1, g2 and g3.
fn with_groups(postgres: TestDatabase) -> anyhow::Result<[TestDatabase; 2]> {
    let databases = [TestDatabase::sqlite()?, postgres];
    for database in &databases {
        for number in 1..=3 {
            let group = format!(r#"{{"name":"g{number}","token":"t","admin_id":{number}}}"#);
            let imported = gochat(database, &["groups", "import", "-"], group.as_bytes())?;
            ensure!(imported.status.success(), "{imported:?}");
        }
    }
    Ok(databases)
}

/// Imports files into both databases.
fn import(databases: &[TestDatabase; 2], files: Files) -> anyhow::Result<()> {
    let Files { kind, format, header, corpus, objects, regressions, fields } = files;
    let import = |lines: Vec<Vec<u8>>| {
        let file = [header.as_bytes(), &lines.join(&b'\n')].concat();
        let [one, other] = databases
            .each_ref()
            .map(|database| gochat(database, &[kind, "import", "-", "--format", format], &file));
        let (one, other) = (ended(one?)?, ended(other?)?);
        ensure!(one == other, "on SQLite {one:?}, on PostgreSQL {other:?}");
        let (code, messages) = &one;
        // The first line can begin like a file that is not text. In CSV, the header is the first line.
        let is_no_text =
            header.is_empty() && messages.starts_with("gochat: cannot read standard input: this is a");
        let is_expected = [Some(0), Some(1)].contains(code) || (*code == Some(2) && is_no_text);
        ensure!(is_expected && !messages.contains("panicked"), "{one:?}");
        Ok(*code)
    };
    let corpus = corpus::inputs(corpus);
    import(corpus.clone())?;
    let code = import([vec![b"\xff\xfe".to_vec()], corpus.clone()].concat())?;
    ensure!(code == Some(if header.is_empty() { 2 } else { 1 }), "{code:?}");
    let lines = runner::count()?.min(LINES);
    let cases = runner::count()?.div_ceil(lines);
    let strategy = vec(prop_oneof![mutation::mutated(corpus), objects()], lines as usize);
    runner::run(cases, regressions, strategy, |lines| import(lines).map(drop))?;
    eprintln!("{kind}, {format}: {} lines to each database", cases * lines);
    let export = |database| {
        let exported = gochat(database, &[kind, "export"], b"")?;
        ensure!(exported.status.success(), "{}", String::from_utf8_lossy(&exported.stderr));
        Ok(records(&exported.stdout, fields))
    };
    let [one, other] = databases.each_ref().map(export);
    let (one, other) = (one?, other?);
    ensure!(!one.is_empty(), "nothing was stored");
    let differing = one.iter().zip(&other).find(|(one, other)| one != other);
    ensure!(one == other, "{} {kind} on SQLite, {} on PostgreSQL, {differing:?}", one.len(), other.len());
    Ok(())
}

fn gochat(database: &TestDatabase, arguments: &[&str], input: &[u8]) -> anyhow::Result<Output> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_gochat"))
        .args(arguments)
        .env("GOCHAT__DATABASE__URL", database.url())
        .env("GOCHAT__DATABASE__TIMEOUT", "60s")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut stdin = child.stdin.take().context("no input")?;
    Ok(thread::scope(|scope| {
        // A command that ends early does not read all input.
        scope.spawn(move || drop(stdin.write_all(input)));
        deadline::output(child)
    }))
}

/// Returns the exit code and the messages, without progress reports.
fn ended(output: Output) -> anyhow::Result<(Option<i32>, String)> {
    let message = String::from_utf8(output.stderr)?;
    let lines = message.lines().filter(|line| !line.contains(": created "));
    Ok((output.status.code(), lines.collect::<Vec<_>>().join("\n")))
}

/// Returns these fields of each exported record, sorted, because concurrent writes may be stored in any order.
fn records(export: &[u8], fields: [&str; 3]) -> Vec<[serde_json::Value; 3]> {
    let text = String::from_utf8_lossy(export);
    let record = |line: &str| -> serde_json::Value { serde_json::from_str(line).unwrap() };
    let mut records: Vec<_> = text
        .lines()
        .map(record)
        .map(|mut record: serde_json::Value| fields.map(|field| record[field].take()))
        .collect();
    records.sort_by_cached_key(|[first, second, _]| [first.to_string(), second.to_string()]);
    records
}
