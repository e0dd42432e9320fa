//! Serialises groups as rows of a file.

use crate::{cli::FileFormat, wire::GroupBody};
use gochat_domain::group::Group;

/// Returns the header of the file, if its format has one.
pub(super) fn header(format: FileFormat) -> Vec<u8> {
    match format {
        FileFormat::Ndjson => Vec::new(),
        FileFormat::Csv => b"id,uuid,name,admin_id,token,created_at\n".to_vec(),
    }
}

/// Appends a row for each group, with the fields in the order of the API.
pub(super) fn append(text: &mut Vec<u8>, groups: &[Group], format: FileFormat) -> anyhow::Result<()> {
    let rows = groups.iter().map(GroupBody::from);
    match format {
        FileFormat::Ndjson => {
            for row in rows {
                serde_json::to_writer(&mut *text, &row)?;
                text.push(b'\n');
            }
        }
        FileFormat::Csv => {
            let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(text);
            for row in rows {
                writer.serialize(row)?;
            }
            writer.flush()?;
        }
    }
    Ok(())
}
