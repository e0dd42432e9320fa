//! The header, which gives the position of each column.

use crate::wire::{self, InvalidRequest};
use anyhow::{Context, bail};
use gochat_domain::group::CreateGroup;
use std::collections::HashSet;

/// Names of the required columns.
pub(super) const REQUIRED: [&str; 3] = ["name", "token", "admin_id"];

/// Positions of the required columns.
pub(super) struct Columns {
    /// Names of the columns in the form used for comparison, without those at the end that have no name.
    header: Vec<String>,
    /// Number of columns in the header.
    count: usize,
    /// Number of columns up to the last one with a name. Some spreadsheets omit empty fields after it.
    named: usize,
    name: usize,
    token: usize,
    admin_id: usize,
}

impl Columns {
    /// Parses the header. The names of required columns are compared without case and surrounding spaces. Other
    /// columns and columns without a name are ignored, but no name may occur twice, as in a JSON object.
    pub(super) fn read(header: &[String]) -> anyhow::Result<Self> {
        let count = header.len();
        let header = named(header);
        let mut names = HashSet::new();
        if let Some(twice) = header.iter().find(|name| !name.is_empty() && !names.insert(*name)) {
            bail!("the header has the column {twice:?} twice");
        }
        let index = |column: &str| {
            let index = header.iter().position(|name| name == column);
            index.with_context(|| format!("the header lacks the column {column}"))
        };
        let [name, token, admin_id] = REQUIRED.map(index);
        let (name, token, admin_id) = (name?, token?, admin_id?);
        Ok(Self { count, named: header.len(), header, name, token, admin_id })
    }

    /// Returns true for a row that repeats the header, by the rules for names of columns.
    pub(super) fn is_header(&self, fields: &[String]) -> bool {
        named(fields) == self.header
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

    /// Builds the group of a row whose number of fields was checked.
    pub(super) fn group(&self, fields: &[String]) -> Result<CreateGroup, String> {
        let group = || -> Result<_, InvalidRequest> {
            Ok(CreateGroup {
                name: wire::name(Some((&*fields[self.name]).into()))?,
                token: wire::token(Some((&*fields[self.token]).into()))?,
                // Spaces are significant in names and tokens, but not around a number.
                admin_id: wire::admin_id(fields[self.admin_id].trim())?,
            })
        };
        group().map_err(|error| error.to_string())
    }
}

/// Returns the names of the columns up to the last one with a name.
fn named(header: &[String]) -> Vec<String> {
    let last = header.iter().rposition(|name| !name.trim().is_empty());
    header[..last.map_or(0, |last| last + 1)].iter().map(|column| normalise(column)).collect()
}

/// Returns true if the fields name all required columns.
pub(super) fn has_all(fields: &[String]) -> bool {
    REQUIRED.iter().all(|known| fields.iter().any(|field| field.trim().eq_ignore_ascii_case(known)))
}

/// Returns the name of a column in the form used for comparison.
fn normalise(column: &str) -> String {
    let column = column.trim();
    let required = REQUIRED.into_iter().find(|required| required.eq_ignore_ascii_case(column));
    required.unwrap_or(column).to_owned()
}
