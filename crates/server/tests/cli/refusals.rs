//! The refusals that docs/configuration.md shows, each run as it stands on the page.

use crate::process::run_in;
use gochat_test_support::CaseWithoutDatabase;
use std::net::TcpListener;
use tempfile::TempDir;

const PAGE: &str = include_str!("../../../../docs/configuration.md");

pub fn cases() -> Vec<CaseWithoutDatabase> {
    vec![("a_refusal_is_what_the_documentation_shows", a_refusal_is_what_the_documentation_shows)]
}

fn a_refusal_is_what_the_documentation_shows() -> anyhow::Result<()> {
    // For the address that one of them finds in use.
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
        assert_eq!((ended.code, ended.stderr), (Some(1), format!("{answer}\n")), "{command}");
    }
    Ok(())
}
