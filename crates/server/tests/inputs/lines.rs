//! Lines of imported files.

use crate::{corpus, mutation, runner};
use anyhow::{Context, ensure};
use gochat_test_support::{Case, TestDatabase, cases, deadline};
use proptest::{collection::vec, prop_oneof};
use std::{
    io::Write,
    process::{Command, Output, Stdio},
    thread,
};

pub fn cases() -> Vec<Case> {
    cases![
        no_ndjson_line_makes_an_import_panic_and_both_databases_store_the_same,
        no_csv_line_makes_an_import_panic_and_both_databases_store_the_same,
    ]
}

/// Number of lines of one import.
const LINES: u32 = 1_000;

fn no_ndjson_line_makes_an_import_panic_and_both_databases_store_the_same(
    database: TestDatabase,
) -> anyhow::Result<()> {
    import(&database, "ndjson", b"", corpus::NDJSON, "tests/inputs/regressions/ndjson.txt")
}

fn no_csv_line_makes_an_import_panic_and_both_databases_store_the_same(
    database: TestDatabase,
) -> anyhow::Result<()> {
    import(&database, "csv", b"name,token,admin_id\n", corpus::CSV, "tests/inputs/regressions/csv.txt")
}

fn import(
    postgres: &TestDatabase,
    format: &str,
    header: &[u8],
    corpus: &str,
    regressions: &'static str,
) -> anyhow::Result<()> {
    let sqlite = TestDatabase::sqlite()?;
    let import = |lines: Vec<Vec<u8>>| {
        let file = [header, &lines.join(&b'\n')].concat();
        let [one, other] = [&sqlite, postgres]
            .map(|database| gochat(database, &["groups", "import", "-", "--format", format], &file));
        let (one, other) = (ended(one?)?, ended(other?)?);
        ensure!(one == other, "on SQLite {one:?}, on PostgreSQL {other:?}");
        ensure!([Some(0), Some(1)].contains(&one.0) && !one.1.contains("panicked"), "{one:?}");
        Ok(())
    };
    let corpus = corpus::inputs(corpus);
    import(corpus.clone())?;
    let lines = runner::count()?.min(LINES);
    let cases = runner::count()?.div_ceil(lines);
    let strategy = vec(prop_oneof![mutation::mutated(corpus), mutation::object()], lines as usize);
    runner::run(cases, regressions, strategy, import)?;
    eprintln!("{format}: {} lines to each database", cases * lines);
    let exports = [&sqlite, postgres].map(|database| gochat(database, &["groups", "export"], b""));
    let [one, other] = exports.map(|output| anyhow::Ok(groups(&output?.stdout)));
    let (one, other) = (one?, other?);
    ensure!(!one.is_empty(), "nothing was stored");
    let differing = one.iter().zip(&other).find(|(one, other)| one != other);
    ensure!(one == other, "{} groups on SQLite, {} on PostgreSQL, {differing:?}", one.len(), other.len());
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

/// Returns name, token and administrator of each exported group. Sorted by name, because concurrent creates may be
/// stored in any order.
fn groups(export: &[u8]) -> Vec<[serde_json::Value; 3]> {
    let text = String::from_utf8_lossy(export);
    let group = |line: &str| -> serde_json::Value { serde_json::from_str(line).unwrap() };
    let fields =
        |mut group: serde_json::Value| ["name", "token", "admin_id"].map(|field| group[field].take());
    let mut groups: Vec<_> = text.lines().map(group).map(fields).collect();
    groups.sort_by_cached_key(|[name, ..]| name.to_string());
    groups
}
