//! The error messages shown in docs/configuration.md. Each command is run exactly as on the page.

use crate::process::run_in;
use gochat_test_support::{CaseWithoutDatabase, cases_without_database};
use std::net::TcpListener;
use tempfile::TempDir;

const PAGE: &str = include_str!("../../../../docs/configuration.md");

pub fn cases() -> Vec<CaseWithoutDatabase> {
    cases_without_database![every_error_message_equals_the_documented_one]
}

fn every_error_message_equals_the_documented_one() -> anyhow::Result<()> {
    // One of the examples needs an address in use.
    let in_use = TcpListener::bind("127.0.0.1:0")?;
    let page = PAGE.replace("127.0.0.1:18213", &in_use.local_addr()?.to_string());
    let refusals = page.split_once("\n## Refusals\n").unwrap().1;
    let shown = refusals.split("```").nth(1).unwrap().trim();
    let shown: Vec<_> = shown.split("\n\n").map(|refusal| refusal.split_once('\n').unwrap()).collect();
    assert!(shown.len() > 5);
    for (command, answer) in shown {
        let line = command.strip_prefix("$ ").and_then(|line| line.strip_suffix(" gochat")).unwrap();
        let variables: Vec<_> = line.split(' ').map(|variable| variable.split_once('=').unwrap()).collect();
        let folder = TempDir::new()?;
        let ended = run_in(folder.path(), &[], &variables);
        assert_eq!((ended.code, &*ended.stdout), (Some(1), ""), "{command}");
        assert_eq!(ended.stderr, format!("{answer}\n"), "{command}");
    }
    Ok(())
}
