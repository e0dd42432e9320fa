//! Serialises rows of a file.

use crate::cli::FileFormat;
use serde::Serialize;

/// Rows that are not written yet.
pub(in crate::commands) struct Rows {
    format: FileFormat,
    pub(super) text: Vec<u8>,
    /// Number of all rows so far.
    pub(super) count: u64,
}

impl Rows {
    /// Starts with the header of the file, if its format has one.
    pub(super) fn new(format: FileFormat, columns: &str) -> Self {
        let text = match format {
            FileFormat::Ndjson => String::new(),
            FileFormat::Csv => format!("{columns}\n"),
        };
        Self { format, text: text.into_bytes(), count: 0 }
    }

    /// Appends a row for each item, with its fields in their order.
    pub(in crate::commands) fn append(
        &mut self,
        items: impl ExactSizeIterator<Item = impl Serialize>,
    ) -> anyhow::Result<()> {
        self.count += items.len() as u64;
        match self.format {
            FileFormat::Ndjson => {
                for item in items {
                    serde_json::to_writer(&mut self.text, &item)?;
                    self.text.push(b'\n');
                }
            }
            FileFormat::Csv => {
                let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(&mut self.text);
                for item in items {
                    writer.serialize(item)?;
                }
                writer.flush()?;
            }
        }
        Ok(())
    }
}
