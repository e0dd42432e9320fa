//! Tables in Markdown, and the figures in them.

use crate::load::Sample;

/// Renders a table with padded cells.
pub fn render(header: &[&str], rows: &[Vec<String>]) -> String {
    let header: Vec<_> = header.iter().map(ToString::to_string).collect();
    let width = |column: usize| {
        let cells = rows.iter().chain([&header]).filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<_> = (0..header.len()).map(width).collect();
    let line = |cells: &[String]| {
        let padded: Vec<_> =
            cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        format!("| {} |\n", padded.join(" | "))
    };
    let rule: Vec<_> = widths.iter().map(|width| "-".repeat(*width)).collect();
    [&header, &rule].into_iter().chain(rows).map(|row| line(row)).collect::<Vec<_>>().concat()
}

/// The column headers of [`cells`].
pub const HEADERS: [&str; 7] =
    ["per second", "p50 ms", "p99 ms", "p99.9 ms", "CPU cores", "peak MiB", "errors"];

/// The figures of a sample.
pub fn cells(sample: &Sample) -> Vec<String> {
    let figure = |value: f64, digits: usize| {
        if value.is_nan() { "–".to_owned() } else { format!("{value:.digits$}") }
    };
    let millis = |micros: f64| figure(micros / 1000.0, 2);
    vec![
        figure(sample.throughput, 0),
        millis(sample.p50),
        millis(sample.p99),
        millis(sample.p999),
        figure(sample.cpu, 2),
        figure(mebibytes(sample.peak), 1),
        figure(sample.errors, 0),
    ]
}

/// Converts bytes to MiB.
pub fn mebibytes(bytes: f64) -> f64 {
    bytes / 1024.0 / 1024.0
}

/// A figure with its goal.
pub struct Goal {
    pub what: String,
    pub value: f64,
    pub bound: f64,
    /// True if the goal is a lower bound.
    pub at_least: bool,
    pub unit: &'static str,
}

impl Goal {
    /// A goal of at least `bound`.
    pub fn at_least(what: impl Into<String>, value: f64, bound: f64, unit: &'static str) -> Self {
        Self { what: what.into(), value, bound, at_least: true, unit }
    }

    /// A goal of at most `bound`.
    pub fn at_most(what: impl Into<String>, value: f64, bound: f64, unit: &'static str) -> Self {
        Self { what: what.into(), value, bound, at_least: false, unit }
    }

    fn is_reached(&self) -> bool {
        if self.at_least { self.value >= self.bound } else { self.value <= self.bound }
    }
}

/// The table of goals.
pub fn goals(goals: &[Goal]) -> String {
    let rows: Vec<_> = goals
        .iter()
        .map(|goal| {
            let sign = if goal.at_least { "≥" } else { "≤" };
            vec![
                goal.what.clone(),
                format!("{:.3} {}", goal.value, goal.unit),
                format!("{sign} {} {}", goal.bound, goal.unit),
                if goal.is_reached() { "yes" } else { "**no**" }.to_owned(),
            ]
        })
        .collect();
    render(&["figure", "measured", "wanted", "reached"], &rows)
}
