//! The quick starts of docs/api.md, and its walk through the life of one group. Each is run exactly as on the page, except for the port.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]
#![allow(clippy::unnecessary_wraps, reason = "every case has the same shape")]

#[path = "../api/app.rs"]
#[allow(dead_code, reason = "the API's own cases use the rest")]
mod app;
mod walk;

use app::App;
use gochat_test_support::{Backend, Suite, TestDatabase, cases, deadline};
use serde_json::Value;
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
};
use walk::walk;

const PAGE: &str = include_str!("../../../../docs/api.md");
const EXAMPLE: &str = include_str!("../../examples/create_group.rs");

fn main() -> ExitCode {
    let mut suite = Suite::new();
    let required = env::var("GOCHAT_TEST_REQUIRE_CLIENTS").is_ok_and(|value| value == "1");
    for (program, case) in [
        ("curl", &cases![curl, lines_by_curl, walk][..]),
        ("python3", &cases![python, lines_by_python]),
        ("node", &cases![javascript]),
        ("javac", &cases![java]),
    ] {
        if required || is_installed(program) {
            suite.on(Backend::ALL, case);
        } else {
            suite.ignore(case, &format!("{program} is not installed"));
        }
    }
    suite.on(Backend::ALL, &cases![rust]);
    suite.run()
}

fn is_installed(program: &str) -> bool {
    Command::new(program).arg("--version").stdout(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// Returns the code block under `### title`.
fn block(title: &str) -> &'static str {
    let (_, section) = PAGE.split_once(&format!("\n### {title}\n")).expect("the page has no such section");
    let (_, block) = section.split_once("```").expect("the section has no block");
    let (_, block) = block.split_once('\n').unwrap();
    &block[..=block.find("\n```").expect("the block does not end")]
}

/// Runs `command`. Passes if it prints the group `expected`, and the database has that group.
#[track_caller]
fn assert_creates(app: &App, expected: &str, command: &mut Command) {
    let output = deadline::run(command.env_remove("http_proxy").env("NO_PROXY", "localhost"));
    assert!(output.status.success(), "{output:?}");
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    let [[id, uuid, name, token, admin_id, _]] = &app.groups()[..] else { panic!("{:?}", app.groups()) };
    assert_eq!([&**name, token, admin_id], [expected, "298fbgv479bv", "1"]);
    assert_eq!(printed["id"].to_string(), *id);
    assert_eq!(printed["uuid"].as_str().unwrap().replace('-', ""), *uuid);
    assert_eq!([&printed["name"], &printed["token"]], [name, token]);
    assert_eq!(printed["admin_id"], 1);
    assert!(printed["created_at"].is_string());
}

/// Runs `command` again. Passes if it fails and shows the error.
#[track_caller]
fn assert_is_refused(command: &mut Command) {
    let output = deadline::run(command);
    assert!(!output.status.success() && output.stdout.is_empty(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("group_name_taken"), "{output:?}");
}

/// Replaces the port in a code block.
fn with_port_of(app: &App, block: &str) -> String {
    assert_eq!(block.matches(":1213").count(), 1);
    block.replace(":1213", &format!(":{}", app.port))
}

fn curl(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    assert_creates(&app, "group_1", Command::new("bash").arg("-c").arg(with_port_of(&app, block("curl"))));
    Ok(())
}

fn lines_by_curl(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let script = with_port_of(&app, block("Lines by curl"));
    let output = deadline::run(Command::new("bash").arg("-c").arg(script).env("NO_PROXY", "localhost"));
    assert!(output.status.success(), "{output:?}");
    let lines: Vec<Value> =
        str::from_utf8(&output.stdout)?.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    assert_eq!(lines.iter().map(|line| &line["status"]).collect::<Vec<_>>(), [201, 422, 409]);
    assert_eq!(app.names(), ["group_1"]);
    Ok(())
}

fn lines_by_python(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let mut python = Command::new("python3");
    python.arg("-c").arg(with_port_of(&app, block("Lines by Python")));
    // The second run sends the same idempotency keys, so it creates nothing.
    for _ in 0..2 {
        let output = deadline::run(&mut python);
        assert!(output.status.success(), "{output:?}");
        assert_eq!(str::from_utf8(&output.stdout)?, "1000 of 1000 lines are answered\n");
        assert_eq!(app.names().len(), 1000);
    }
    Ok(())
}

fn python(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let mut python = Command::new("python3");
    assert_creates(&app, "group_2", python.arg("-c").arg(with_port_of(&app, block("Python"))));
    assert_is_refused(&mut python);
    Ok(())
}

fn javascript(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let mut node = Command::new("node");
    assert_creates(&app, "group_3", node.arg("-e").arg(with_port_of(&app, block("JavaScript"))));
    assert_is_refused(&mut node);
    Ok(())
}

fn java(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let folder = tempfile::tempdir()?;
    let source = folder.path().join("CreateGroup.java");
    fs::write(&source, with_port_of(&app, block("Java")))?;
    let mut java = Command::new("java");
    assert_creates(&app, "group_5", java.arg(source));
    assert_is_refused(&mut java);
    Ok(())
}

/// The example was compiled with the tests, but it contains the port. So a copy with another port is compiled again,
/// with the library that was built for the tests.
fn rust(database: TestDatabase) -> anyhow::Result<()> {
    assert_eq!(block("Rust"), EXAMPLE);
    let app = App::on(database);
    let folder = tempfile::tempdir()?;
    let (source, program) = (folder.path().join("create_group.rs"), folder.path().join("create_group"));
    fs::write(&source, with_port_of(&app, EXAMPLE))?;
    let libraries = env::current_exe()?.parent().unwrap().to_owned();
    let mut compiler = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    compiler.args(["--edition", "2024", "-L"]).arg(format!("dependency={}", libraries.display()));
    compiler.arg("--extern").arg(format!("ureq={}", newest(&libraries, "ureq").display()));
    let output = compiler.arg("-o").arg(&program).arg(&source).output()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut program = Command::new(program);
    assert_creates(&app, "group_4", &mut program);
    assert_is_refused(&mut program);
    Ok(())
}

/// Returns the library `name` that was built last.
fn newest(folder: &Path, name: &str) -> PathBuf {
    let prefix = format!("lib{name}-");
    let files = fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path());
    files
        .filter(|path| path.extension().is_some_and(|extension| extension == "rlib"))
        .filter(|path| path.file_name().unwrap().to_string_lossy().starts_with(&prefix))
        .max_by_key(|path| path.metadata().unwrap().modified().unwrap())
        .expect("the library is built with the tests")
}
