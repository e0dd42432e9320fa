//! The table of results in `docs/reliability.md`.

use crate::{
    faults,
    report::{Report, TrialReport},
};
use anyhow::{Context, ensure};
use std::{collections::BTreeMap, fs};

/// The page, and the marks around the table.
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reliability.md");
const BEGIN: &str = "<!-- figures: written by `just torture --write` -->\n";
const END: &str = "<!-- end of figures -->\n";

const HEAD: &str = "\
| fault | what was done | rounds | requests | 201 | 503 | broken | longest answer | result |
| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |
";

/// The page as it was before the run.
#[derive(Debug)]
pub struct Page {
    before: String,
    after: String,
    /// Existing rows by the names of their trials; the run keeps those that it does not replace. `None` if the run includes all.
    kept: Option<BTreeMap<String, String>>,
}

impl Page {
    /// Reads the page before a run; `in_parts` means that the run includes only some trials.
    ///
    /// # Errors
    /// Fails if the run includes only some trials, and its version, form or seed differs from that of the rows in the table.
    pub fn read(report: &Report, in_parts: bool) -> anyhow::Result<Self> {
        Self::parse(&fs::read_to_string(PAGE).context(PAGE)?, report, in_parts)
    }

    fn parse(page: &str, report: &Report, in_parts: bool) -> anyhow::Result<Self> {
        let (before, rest) = page.split_once(BEGIN).context("the page has no place for figures")?;
        let (figures, after) = rest.split_once(END).context("the page has no end of the figures")?;
        ensure!(!after.contains(BEGIN), "the page has two places for figures");
        let (before, after) = (before.to_owned(), after.to_owned());
        if !in_parts {
            return Ok(Self { before, after, kept: None });
        }
        let name = |row: &str| row.strip_prefix("| `")?.split_once('`').map(|(name, _)| name.to_owned());
        let kept: BTreeMap<_, _> =
            figures.lines().filter_map(|row| Some((name(row)?, row.to_owned()))).collect();
        let origin = origin(report);
        ensure!(
            kept.is_empty() || figures.starts_with(&format!("{origin},")),
            "the rows already in the table are from another version, form or seed than this run ({origin}): run with the seed and \
             form in the line above the table, or remove those rows"
        );
        Ok(Self { before, after, kept: Some(kept) })
    }

    /// Writes the results of the run into the table.
    pub fn write(self, report: &Report) -> anyhow::Result<()> {
        fs::write(PAGE, self.with_results(report))?;
        Ok(())
    }

    fn with_results(self, report: &Report) -> String {
        let how = match &self.kept {
            Some(_) => "in parts.".to_owned(),
            None => format!("{} s in all.", report.took.as_secs()),
        };
        let mut rows = self.kept.unwrap_or_default();
        rows.extend(report.trials.iter().map(|trial| (trial.name.clone(), row(trial))));
        let order = faults::kinds().into_iter().flatten().flat_map(|fault| {
            fault.backends().iter().map(move |backend| format!("{backend}::{}", fault.name()))
        });
        let rows: String = order.filter_map(|name| rows.remove(&name)).map(|row| row + "\n").collect();
        format!("{}{BEGIN}{}, {how}\n\n{HEAD}{rows}{END}{}", self.before, origin(report), self.after)
    }
}

/// The properties that all rows of a table must share: version, form and seed.
fn origin(report: &Report) -> String {
    let form = if report.is_short { "short" } else { "long" };
    format!("gochat {}, the {form} form, seed {}", env!("CARGO_PKG_VERSION"), report.seed)
}

fn row(trial: &TrialReport) -> String {
    let tally = &trial.tally;
    let notes = if trial.notes.is_empty() { String::new() } else { format!("; {}", trial.notes.join("; ")) };
    format!(
        "| `{}` | {} | {} | {} | {} | {} | {} | {:.1} s | {}{notes} |",
        trial.name,
        trial.about,
        trial.rounds,
        tally.requests,
        tally.created,
        tally.unavailable,
        tally.broken,
        tally.longest.as_secs_f64(),
        trial.outcome(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(names: &[&str], rounds: u32) -> Report {
        let mut report = Report::new(7, false);
        report.trials = names.iter().map(|name| TrialReport::new((*name).to_owned(), "hurts")).collect();
        report.trials.iter_mut().for_each(|trial| trial.rounds = rounds);
        report
    }

    /// The trial and the number of rounds of each row, and the line above the rows.
    fn summary(page: &str) -> (Vec<String>, String) {
        let rows = page.lines().filter(|line| line.starts_with("| `"));
        let line = page.lines().find(|line| line.starts_with("gochat ")).unwrap();
        (
            rows.map(|row| row.split(" | ").step_by(2).take(2).collect::<Vec<_>>().join(" ")).collect(),
            line.to_owned(),
        )
    }

    #[test]
    fn a_run_in_parts_replaces_its_rows_and_keeps_the_others() {
        let empty = format!("before\n{BEGIN}{END}after\n");
        let all = report(&["postgres::kill", "sqlite::kill", "sqlite::lock"], 1);
        let page = Page::parse(&empty, &all, false).unwrap().with_results(&all);
        let version = env!("CARGO_PKG_VERSION");
        let rows = ["| `sqlite::kill` 1", "| `postgres::kill` 1", "| `sqlite::lock` 1"];
        assert_eq!(
            summary(&page),
            (rows.map(str::to_owned).into(), format!("gochat {version}, the long form, seed 7, 0 s in all."))
        );

        let part = report(&["sqlite::lock", "sqlite::migrate"], 2);
        let page = Page::parse(&page, &part, true).unwrap().with_results(&part);
        let rows =
            ["| `sqlite::kill` 1", "| `postgres::kill` 1", "| `sqlite::migrate` 2", "| `sqlite::lock` 2"];
        assert_eq!(
            summary(&page),
            (rows.map(str::to_owned).into(), format!("gochat {version}, the long form, seed 7, in parts."))
        );
        assert!(page.starts_with("before\n") && page.ends_with("after\n"), "{page}");

        let other = Report::new(8, false);
        Page::parse(&page, &other, true).unwrap_err();
        assert_eq!(Page::parse(&page, &other, false).unwrap().kept, None);
    }
}
