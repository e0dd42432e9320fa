//! `gochat openapi`

use super::standard_output;
use crate::{http::openapi, settings::BasePath};

/// Prints the document that `GET /openapi.json` sends.
pub(super) fn run() -> anyhow::Result<()> {
    Ok(standard_output::print(openapi::json(&BasePath::default())?.as_bytes())?)
}
