//! The format of server-sent events (HTML Living Standard, section 9.2).

use actix_web::web::Bytes;
use serde::Serialize;

/// Renders an event with this name and data. JSON has no line breaks, so the data is one line.
pub(super) fn render(name: &str, data: &impl Serialize) -> Bytes {
    let json = serde_json::to_string(data).unwrap_or_default();
    format!("event: {name}\ndata: {json}\n\n").into()
}
