//! The walk through the life of one group in docs/api.md. Each command is run exactly as on the page, except for the
//! port, and prints what the page says, except for UUIDs, times and request ids.

use super::{App, PAGE};
use gochat_test_support::{TestDatabase, deadline};
use std::process::Command;

/// Fields of the replies whose values differ in each run.
const VARYING: [&str; 4] = ["uuid", "created_at", "joined_at", "request_id"];

pub fn walk(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let (_, section) = PAGE.split_once("\n## The life of one group\n").expect("the page has the section");
    let (section, _) = section.split_once("\n## ").unwrap();
    let definition = &blocks(section, "bash")[0];
    let mut commands = 0;
    for block in blocks(section, "console") {
        for step in block.split("$ ").filter(|step| !step.is_empty()) {
            let (command, expected) = step.split_once('\n').unwrap();
            let script = format!("{definition}\n{command}").replace(":1213", &format!(":{}", app.port));
            let output =
                deadline::run(Command::new("bash").arg("-c").arg(script).env("no_proxy", "localhost"));
            assert!(output.status.success(), "{command}: {output:?}");
            assert_eq!(masked(&String::from_utf8(output.stdout)?), masked(expected), "{command}");
            commands += 1;
        }
    }
    assert_eq!(commands, section.matches("\n$ ").count());
    assert_eq!(app.groups().len(), 1);
    Ok(())
}

/// The code blocks of this language.
fn blocks(section: &str, language: &str) -> Vec<String> {
    let opening = format!("\n```{language}\n");
    section.split(&opening).skip(1).map(|rest| format!("{}\n", rest.split("\n```").next().unwrap())).collect()
}

/// Removes what differs in each run, and white space at the end of lines.
fn masked(text: &str) -> String {
    let mut masked = text.trim().lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    for name in VARYING {
        let key = format!("\"{name}\":\"");
        let mut parts = masked.split(&key);
        let mut rest = parts.next().unwrap().to_owned();
        for part in parts {
            rest.push_str(&key);
            rest.push_str(&part[part.find('"').unwrap()..]);
        }
        masked = rest;
    }
    masked
}
