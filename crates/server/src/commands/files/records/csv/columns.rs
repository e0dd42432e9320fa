//! The header, which gives the position of each column.

use crate::commands::files::records::{ColumnNames, FileRecord};
use anyhow::{Context, bail};
use std::collections::HashSet;

/// Positions of the known columns.
pub(super) struct Columns {
    names: ColumnNames,
    /// Names of the columns in the form used for comparison, without those at the end that have no name.
    header: Vec<String>,
    /// Number of columns in the header.
    count: usize,
    /// Number of columns up to the last one with a name. Some spreadsheets omit empty fields after it.
    named: usize,
    /// The known columns that the file has, with their positions.
    known: Vec<(&'static str, usize)>,
}

impl Columns {
    /// Parses the header. The names of known columns are compared without case and surrounding spaces. Other
    /// columns and columns without a name are ignored, but no name may occur twice, as in a JSON object.
    pub(super) fn read(header: &[String], names: ColumnNames) -> anyhow::Result<Self> {
        let count = header.len();
        let header = named(header, names);
        let mut seen = HashSet::new();
        if let Some(twice) = header.iter().find(|name| !name.is_empty() && !seen.insert(*name)) {
            bail!("the header has the column {twice:?} twice");
        }
        let position = |column: &str| header.iter().position(|name| name == column);
        for column in names.required {
            position(column).with_context(|| format!("the header lacks the column {column}"))?;
        }
        let known = names.iter().filter_map(|column| Some((column, position(column)?))).collect();
        Ok(Self { names, count, named: header.len(), header, known })
    }

    /// Returns true for a row that repeats the header, by the rules for names of columns.
    pub(super) fn is_header(&self, fields: &[String]) -> bool {
        named(fields, self.names) == self.header
    }

    /// Checks that a row has a field for each named column, and no more fields than the header. A row that repeats the
    /// header is always accepted, even if its number of unnamed columns differs.
    pub(super) fn check_count(&self, fields: &[String]) -> Result<(), String> {
        if (self.named..=self.count).contains(&fields.len()) || self.is_header(fields) {
            Ok(())
        } else {
            Err(format!("it has {} fields, but the header has {}", fields.len(), self.count))
        }
    }

    /// Builds the value of a row whose number of fields was checked.
    pub(super) fn value<T: FileRecord>(&self, fields: &[String]) -> Result<T, String> {
        let field = |column: &str| {
            let known = self.known.iter().find(|(known, _)| *known == column);
            known.map_or("", |(_, position)| &*fields[*position])
        };
        T::from_row(field).map_err(|error| error.to_string())
    }
}

/// Returns the names of the columns up to the last one with a name.
fn named(header: &[String], names: ColumnNames) -> Vec<String> {
    let last = header.iter().rposition(|name| !name.trim().is_empty());
    header[..last.map_or(0, |last| last + 1)].iter().map(|column| normalise(column, names)).collect()
}

/// Returns true if the fields name all required columns.
pub(super) fn has_all(fields: &[String], names: ColumnNames) -> bool {
    names.required.iter().all(|known| fields.iter().any(|field| field.trim().eq_ignore_ascii_case(known)))
}

/// Returns the name of a column in the form used for comparison.
fn normalise(column: &str, names: ColumnNames) -> String {
    let column = column.trim();
    let known = names.iter().find(|known| known.eq_ignore_ascii_case(column));
    known.unwrap_or(column).to_owned()
}
