//! Creates a group; docs/api.md shows this file.

use std::io::{Write, stdout};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut reply = ureq::post("http://localhost:1213/v1/group")
        .config()
        .http_status_as_error(false)
        .build()
        .header("GoChat-Token", "433578ab-84c2-4e02-4656-de55a8097c9f")
        .header("Content-Type", "application/json")
        .send(r#"{"name": "group_4", "token": "298fbgv479bv", "admin_id": 1}"#)?;
    let body = reply.body_mut().read_to_string()?;
    if reply.status() != 201 {
        return Err(body.into());
    }
    writeln!(stdout(), "{body}")?;
    Ok(())
}
