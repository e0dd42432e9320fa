//! The figures in `docs/reliability.md`.

use crate::report::Report;
use anyhow::{Context, ensure};
use std::{fmt::Write as _, fs};

/// The page, and where the figures stand on it.
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reliability.md");
const BEGIN: &str = "<!-- figures: written by `just torture --write` -->\n";
const END: &str = "<!-- end of figures -->\n";

/// Puts the figures in the place of those of the last run.
pub fn write(report: &Report) -> anyhow::Result<()> {
    let page = fs::read_to_string(PAGE).context(PAGE)?;
    let (before, rest) = page.split_once(BEGIN).context("the page has no place for figures")?;
    let (_, after) = rest.split_once(END).context("the page has no end of the figures")?;
    ensure!(!after.contains(BEGIN), "the page has two places for figures");
    fs::write(PAGE, format!("{before}{BEGIN}{}{END}{after}", table(report)?))?;
    Ok(())
}

fn table(report: &Report) -> anyhow::Result<String> {
    let form = if report.is_short { "short" } else { "long" };
    let mut text = format!(
        "gochat {}, the {form} form, seed {}, {} s in all.\n\n\
         | fault | what was done | rounds | requests | 201 | 503 | broken | longest answer | what came out |\n\
         | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |\n",
        env!("CARGO_PKG_VERSION"),
        report.seed,
        report.took.as_secs(),
    );
    for line in &report.lines {
        let tally = &line.tally;
        let notes =
            if line.notes.is_empty() { String::new() } else { format!("; {}", line.notes.join("; ")) };
        writeln!(
            text,
            "| `{}` | {} | {} | {} | {} | {} | {} | {:.1} s | {}{notes} |",
            line.name,
            line.about,
            line.rounds,
            tally.asked,
            tally.created,
            tally.unavailable,
            tally.broken,
            tally.longest.as_secs_f64(),
            line.outcome(),
        )?;
    }
    Ok(text)
}
