//! The state of the schema, read without a lock.

use super::{MigrateError, pending::versions};
use crate::connection::AnyConnection;
use diesel::{
    QueryDsl, RunQueryDsl,
    dsl::sql,
    migration::MigrationSource,
    pg::Pg,
    select,
    sql_types::{BigInt, Text},
    sqlite::Sqlite,
};
use std::collections::BTreeSet;

diesel::table! {
    /// The applied versions, as recorded by Diesel.
    #[sql_name = "__diesel_schema_migrations"]
    applied (version) {
        version -> Text,
    }
}

diesel::table! {
    /// One row: the oldest program that works with the schema, identified by the newest migration that it knows.
    schema_compatibility (id) {
        id -> Integer,
        oldest_program -> Text,
    }
}

/// Checks that every migration of `known` was run, and that no later one needs a newer program.
///
/// Behind a transaction-mode pooler, the caller must hold a transaction open.
pub(super) fn check<S>(connection: &mut AnyConnection, known: &S) -> Result<(), MigrateError>
where
    S: MigrationSource<Sqlite> + MigrationSource<Pg>,
{
    let known = match connection {
        AnyConnection::Sqlite(_) => versions::<Sqlite>(known)?,
        AnyConnection::Postgres(_) => versions::<Pg>(known)?,
    };
    compare(connection, &known)
}

fn compare(connection: &mut AnyConnection, known: &BTreeSet<String>) -> Result<(), MigrateError> {
    if let AnyConnection::Postgres(_) = connection {
        check_encoding(connection)?;
    }
    let applied: BTreeSet<String> = if has_table(connection, "__diesel_schema_migrations")? {
        applied::table.select(applied::version).load(connection)?.into_iter().collect()
    } else {
        BTreeSet::new()
    };
    if applied.last() > known.last() {
        refuse_too_new(connection, &applied, known)?;
    }
    let missing: Vec<_> = known.difference(&applied).cloned().collect();
    if missing.is_empty() { Ok(()) } else { Err(MigrateError::Pending(missing.join(", "))) }
}

/// Refuses a newer schema unless its migrations only added things.
fn refuse_too_new(
    connection: &mut AnyConnection,
    applied: &BTreeSet<String>,
    known: &BTreeSet<String>,
) -> Result<(), MigrateError> {
    let newest = |versions: &BTreeSet<String>| versions.last().cloned().unwrap_or_default();
    let (database, binary) = (newest(applied), newest(known));
    let oldest = if has_table(connection, "schema_compatibility")? {
        schema_compatibility::table.select(schema_compatibility::oldest_program).first(connection)?
    } else {
        database.clone()
    };
    if oldest <= binary { Ok(()) } else { Err(MigrateError::DatabaseNewer { database, oldest, binary }) }
}

fn has_table(connection: &mut AnyConnection, name: &str) -> Result<bool, MigrateError> {
    let tables = match connection {
        AnyConnection::Sqlite(_) => format!("sqlite_master WHERE name = '{name}'"),
        AnyConnection::Postgres(_) => format!("pg_class WHERE oid = to_regclass('{name}')"),
    };
    let count: i64 = select(sql::<BigInt>(&format!("count(*) FROM {tables}"))).get_result(connection)?;
    Ok(count > 0)
}

/// Other encodings lack characters that a name may have.
fn check_encoding(connection: &mut AnyConnection) -> Result<(), MigrateError> {
    let encoding: String =
        select(sql::<Text>("current_setting('server_encoding')")).get_result(connection)?;
    if encoding == "UTF8" { Ok(()) } else { Err(MigrateError::Encoding(encoding)) }
}
