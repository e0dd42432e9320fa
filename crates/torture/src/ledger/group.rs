//! A group with its six fields.

use gochat_test_support::{Backend, PlainSql};
use serde::Deserialize;

/// A group, as in a reply or in the database.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    pub id: i64,
    pub uuid: String,
    pub name: String,
    pub admin_id: i64,
    pub token: String,
    pub created_at: String,
}

/// Splits the time into seconds and microseconds. `%` of a time before 1970 is negative; adding a million and taking `%` again makes it
/// positive.
const SQLITE: &str = "
    SELECT CAST(id AS TEXT), lower(hex(uuid)), name, CAST(admin_id AS TEXT), token,
           strftime('%Y-%m-%dT%H:%M:%S', (created_at - (created_at % 1000000 + 1000000) % 1000000) / 1000000, 'unixepoch')
               || printf('.%06dZ', (created_at % 1000000 + 1000000) % 1000000)
    FROM groups ORDER BY id";

const POSTGRES: &str = r#"
    SELECT id::text, replace(uuid::text, '-', ''), name, admin_id::text, token,
           to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
    FROM groups ORDER BY id"#;

/// All groups in the database, read by plain SQL, in the order of their ids.
pub fn stored(backend: Backend, sql: &mut PlainSql) -> anyhow::Result<Vec<Group>> {
    let query = match backend {
        Backend::Sqlite => SQLITE,
        Backend::Postgres => POSTGRES,
    };
    sql.rows(query)?.into_iter().map(group).collect()
}

fn group(row: Vec<String>) -> anyhow::Result<Group> {
    let [id, uuid, name, admin_id, token, created_at] =
        <[String; 6]>::try_from(row).map_err(|row| anyhow::anyhow!("a group has {} columns", row.len()))?;
    Ok(Group {
        id: id.parse()?,
        uuid: hyphenated(&uuid)?,
        name,
        admin_id: admin_id.parse()?,
        token,
        created_at,
    })
}

/// Formats a UUID as replies do.
fn hyphenated(hex: &str) -> anyhow::Result<String> {
    Ok(uuid::Uuid::try_parse(hex)?.hyphenated().to_string())
}
