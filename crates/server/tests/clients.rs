//! Clients generated from docs/openapi.json. Each must compile, and create, replay, find and list groups, and report
//! an error.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]
#![allow(clippy::unnecessary_wraps, reason = "every case has the same shape")]

#[path = "api/app.rs"]
#[allow(dead_code, reason = "the API's own cases use the rest")]
mod app;

use app::App;
use gochat_test_support::{Backend, Suite, TestDatabase, cases, deadline, http::DEVELOPMENT_KEY};
use serde_json::{Value, json};
use std::{
    env, fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
    sync::{LazyLock, OnceLock},
};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients");
const DESCRIPTION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");

/// Temporary folder of the generated clients, removed at the end of the run.
static CLIENTS: OnceLock<PathBuf> = OnceLock::new();

fn main() -> ExitCode {
    let mut suite = Suite::new();
    let cases = cases![openapi_fetch, openapi_python_client, typescript_fetch_of_openapi_generator];
    let required = env::var("GOCHAT_TEST_REQUIRE_CLIENTS").is_ok_and(|value| value == "1");
    match missing() {
        Some(missing) if !required => {
            suite.ignore(&cases, &format!("{missing} is missing (crates/server/tests/clients/install.sh)"));
        }
        _ => suite.on(Backend::ALL, &cases),
    }
    let folder = tempfile::tempdir().unwrap();
    CLIENTS.set(folder.path().to_owned()).unwrap();
    suite.run()
}

/// Returns the folder where install.sh puts the generators, in the build folder.
fn tools() -> PathBuf {
    let this = env::current_exe().unwrap();
    // This program is in `<build folder>/<profile>/deps`.
    this.ancestors().nth(3).unwrap().join("clients")
}

/// Returns the first missing tool, if any.
fn missing() -> Option<String> {
    let runs = |program: &str| {
        Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status()
    };
    let programs = ["node", "java"].into_iter().filter(|program| runs(program).is_err()).map(str::to_owned);
    let tools = [
        python("openapi-generator-cli"),
        python("openapi-python-client"),
        node("openapi-typescript"),
        node("tsc"),
    ];
    let tools = tools.into_iter().filter(|tool| !tool.exists()).map(|tool| tool.display().to_string());
    programs.chain(tools).next()
}

fn python(program: &str) -> PathBuf {
    tools().join("venv/bin").join(program)
}

fn node(program: &str) -> PathBuf {
    tools().join("node_modules/.bin").join(program)
}

/// Runs a step of generating a client. It may be slow, so only the timeout of the whole case applies.
#[track_caller]
fn make(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
}

/// Creates the folder of a client, with a copy of the program `source` that uses it.
fn folder(source: &str) -> PathBuf {
    let folder = CLIENTS.get().unwrap().join(Path::new(source).file_stem().unwrap());
    fs::create_dir(&folder).unwrap();
    fs::copy(Path::new(FOLDER).join(source), folder.join(source)).unwrap();
    folder
}

/// Compiles the program `name` and the client beside it with strict checks. Returns the compiled program.
fn compile(folder: &Path, name: &str) -> PathBuf {
    fs::write(folder.join("package.json"), r#"{"type":"module"}"#).unwrap();
    symlink(tools().join("node_modules"), folder.join("node_modules")).unwrap();
    let strictly = ["--strict", "--target", "es2022", "--module", "nodenext"];
    make(Command::new(node("tsc")).current_dir(folder).args(strictly).arg(format!("{name}.ts")));
    folder.join(format!("{name}.js"))
}

fn openapi_fetch(database: TestDatabase) -> anyhow::Result<()> {
    static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| {
        let folder = folder("openapi_fetch.ts");
        let types = folder.join("openapi.ts");
        make(Command::new(node("openapi-typescript")).arg(DESCRIPTION).arg("--output").arg(types));
        compile(&folder, "openapi_fetch")
    });
    assert_serves(database, "openapi_fetch", Command::new("node").arg(&*PROGRAM))
}

fn typescript_fetch_of_openapi_generator(database: TestDatabase) -> anyhow::Result<()> {
    static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| {
        let folder = folder("typescript_fetch.ts");
        let mut generator = Command::new(python("openapi-generator-cli"));
        generator.args(["generate", "--generator-name", "typescript-fetch"]);
        generator.arg("--additional-properties=importFileExtension=.js");
        make(generator.arg("--input-spec").arg(DESCRIPTION).arg("--output").arg(folder.join("client")));
        compile(&folder, "typescript_fetch")
    });
    assert_serves(database, "typescript_fetch", Command::new("node").arg(&*PROGRAM))
}

fn openapi_python_client(database: TestDatabase) -> anyhow::Result<()> {
    static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| {
        let folder = folder("openapi_python_client.py");
        // No formatting of the generated files.
        let settings = folder.join("settings.json");
        fs::write(&settings, r#"{"post_hooks":[]}"#).unwrap();
        let mut generator = Command::new(python("openapi-python-client"));
        generator.args(["generate", "--meta", "none", "--fail-on-warning", "--config"]).arg(settings);
        make(generator.arg("--path").arg(DESCRIPTION).arg("--output-path").arg(folder.join("client")));
        folder.join("openapi_python_client.py")
    });
    assert_serves(database, "openapi_python_client", Command::new(python("python")).arg(&*PROGRAM))
}

/// Runs a program that uses a client. Passes if the program saw the group `name` and the service stored only that
/// group.
fn assert_serves(database: TestDatabase, name: &str, program: &mut Command) -> anyhow::Result<()> {
    let app = App::on(database);
    program.arg(format!("http://127.0.0.1:{}", app.port)).arg(DEVELOPMENT_KEY);
    let output = deadline::run(program.env_remove("http_proxy").env("NO_PROXY", "127.0.0.1"));
    assert!(output.status.success(), "{output:?}");
    let seen: Value = serde_json::from_slice(&output.stdout)?;
    let [[id, uuid, stored_name, token, admin_id, _]] = &app.groups()[..] else {
        panic!("{:?}", app.groups())
    };
    assert_eq!([&**stored_name, token, admin_id], [name, "298fbgv479bv", "1"]);
    let created = &seen["created"];
    assert_eq!(created["id"].to_string(), *id);
    assert_eq!(created["uuid"].as_str().unwrap().replace('-', ""), *uuid);
    assert_eq!([&created["name"], &created["token"]], [name, "298fbgv479bv"]);
    assert_eq!(created["admin_id"], 1);
    let expected = json!({
        "created": created,
        "replayed": created,
        "is_replayed": "true",
        "found": [created, created, created],
        "pages": [[created], []],
        "refused": [409, "group_name_taken", "name"],
    });
    assert_eq!(seen, expected);
    Ok(())
}
