//! The header, which gives the position of each column.

use crate::wire::{self, InvalidRequest};
use anyhow::{Context, bail};
use gochat_domain::group::CreateGroup;
use std::collections::HashSet;

/// Names of the required columns.
pub(super) const REQUIRED: [&str; 3] = ["name", "token", "admin_id"];

/// Positions of the required columns.
pub(super) struct Columns {
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
        let header: Vec<_> = header.iter().map(|column| normalise(column)).collect();
        let mut names = HashSet::new();
        if let Some(twice) = header.iter().find(|name| !name.is_empty() && !names.insert(*name)) {
            bail!("the header has the column {twice:?} twice");
        }
        let index = |column: &str| {
            let index = header.iter().position(|name| name == column);
            index.with_context(|| format!("the header lacks the column {column}"))
        };
        let [name, token, admin_id] = REQUIRED.map(index);
        Ok(Self {
            count: header.len(),
            named: header.iter().rposition(|name| !name.is_empty()).map_or(0, |last| last + 1),
            name: name?,
            token: token?,
            admin_id: admin_id?,
        })
    }

    /// Checks that a row has a field for each named column, and no more fields than the header.
    pub(super) fn check_count(&self, fields: usize) -> Result<(), String> {
        if (self.named..=self.count).contains(&fields) {
            Ok(())
        } else {
            Err(format!("it has {fields} fields, but the header has {}", self.count))
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

/// Returns the name of a column in the form used for comparison.
fn normalise(column: &str) -> String {
    let column = column.trim();
    let required = REQUIRED.into_iter().find(|required| required.eq_ignore_ascii_case(column));
    required.unwrap_or(column).to_owned()
}
