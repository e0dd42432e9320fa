//! The header: which column has which field.

use crate::wire::{self, InvalidRequest};
use anyhow::{Context, bail};
use gochat_domain::group::CreateGroup;
use std::collections::HashSet;

/// The columns that the service knows.
pub(super) const KNOWN: [&str; 3] = ["name", "token", "admin_id"];

/// The places of the known columns.
pub(super) struct Columns {
    /// The columns of the header.
    count: usize,
    /// The columns up to the last one that has a name. Some spreadsheets leave out empty fields behind it.
    named: usize,
    name: usize,
    token: usize,
    admin_id: usize,
}

impl Columns {
    /// Reads the header. Case and surrounding spaces do not matter in the name of a known column. Other columns and those
    /// without a name are passed over, but no name may stand twice, as in a JSON object.
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
        let [name, token, admin_id] = KNOWN.map(index);
        Ok(Self {
            count: header.len(),
            named: header.iter().rposition(|name| !name.is_empty()).map_or(0, |last| last + 1),
            name: name?,
            token: token?,
            admin_id: admin_id?,
        })
    }

    /// Checks that a row has a field for each column that has a name, and none without a column.
    pub(super) fn check_count(&self, fields: usize) -> Result<(), String> {
        if (self.named..=self.count).contains(&fields) {
            Ok(())
        } else {
            Err(format!("it has {fields} fields, the header {}", self.count))
        }
    }

    /// The group of a row whose count of fields was checked.
    pub(super) fn group(&self, fields: &[String]) -> Result<CreateGroup, String> {
        let group = || -> Result<_, InvalidRequest> {
            Ok(CreateGroup {
                name: wire::name(Some((&*fields[self.name]).into()))?,
                token: wire::token(Some((&*fields[self.token]).into()))?,
                // Spaces mean something in a name and a token, but nothing beside a number.
                admin_id: wire::admin_id(fields[self.admin_id].trim())?,
            })
        };
        group().map_err(|error| error.to_string())
    }
}

/// The name of a column as it is compared.
fn normalise(column: &str) -> String {
    let column = column.trim();
    let known = KNOWN.into_iter().find(|known| known.eq_ignore_ascii_case(column));
    known.unwrap_or(column).to_owned()
}
