//! `docs/performance.md`, which has the figures of the last full runs.

use anyhow::{Context, ensure};
use std::fs;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/performance.md");

/// Replaces the text between two marks.
pub fn replace([begin, end]: [&str; 2], text: &str) -> anyhow::Result<()> {
    let page = fs::read_to_string(PAGE).context(PAGE)?;
    let (before, rest) = page.split_once(begin).context("the page has no place for figures")?;
    let (_, after) = rest.split_once(end).context("the page has no end of the figures")?;
    ensure!(!after.contains(begin), "the page has two places for figures");
    fs::write(PAGE, format!("{before}{begin}{text}{end}{after}"))?;
    Ok(())
}
