//! The schema: embedded, brought up to date under a lock, refused when it is newer than this binary.

use crate::{Fault, connection::AnyConnection};
use diesel::{
    Connection, QueryDsl, RunQueryDsl, backend::Backend, dsl::sql, migration::MigrationSource, pg::Pg,
    select, sql_query, sql_types::BigInt, sqlite::Sqlite,
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use std::{collections::BTreeSet, error::Error};

const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");

diesel::table! {
    /// The versions that have been run, as Diesel keeps them.
    #[sql_name = "__diesel_schema_migrations"]
    versions (version) {
        version -> Text,
    }
}

/// The key of the advisory lock under which PostgreSQL's schema changes: "gochat" in ASCII.
const ADVISORY_LOCK: i64 = 0x676f_6368_6174;

/// Why the schema is not the one that this binary works with.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// A newer binary has been here.
    #[error(
        "the database is at schema version {database}, newer than the version {binary} of this program; run the newer program"
    )]
    DatabaseNewer {
        /// The newest version in the database.
        database: String,
        /// The newest version that this binary knows.
        binary: String,
    },
    /// Migrations are missing, and were not to be run.
    #[error(
        "the database lacks the schema versions {0}; run `gochat migrate`, or set database.migrate_on_start = true"
    )]
    Pending(String),
    /// A migration failed; none of those that were to run is in effect.
    #[error("the schema could not be brought up to date: {0}")]
    Failed(String),
    /// The database could not be reached.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<diesel::result::Error> for MigrateError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Fault(error.into())
    }
}

/// Brings the schema up to date, all or nothing, and returns the versions that were run.
///
/// A lock is held meanwhile: of several that start at once, one migrates and the others find it done.
pub(crate) fn migrate(connection: &mut AnyConnection) -> Result<Vec<String>, MigrateError> {
    match check(connection) {
        Ok(()) => return Ok(Vec::new()),
        Err(MigrateError::Pending(_)) => {}
        Err(error) => return Err(error),
    }
    match connection {
        AnyConnection::Sqlite(sqlite) => sqlite.exclusive_transaction(|sqlite| apply(sqlite, SQLITE)),
        AnyConnection::Postgres(postgres) => postgres.transaction(|postgres| {
            // Held until the transaction ends, so it also works behind a pooler of transactions.
            sql_query(format!("SELECT pg_advisory_xact_lock({ADVISORY_LOCK})")).execute(postgres)?;
            apply(postgres, POSTGRES)
        }),
    }
}

fn apply<C, DB>(connection: &mut C, known: EmbeddedMigrations) -> Result<Vec<String>, MigrateError>
where
    C: MigrationHarness<DB>,
    DB: Backend,
    EmbeddedMigrations: MigrationSource<DB>,
{
    let applied = connection.applied_migrations().map_err(failed)?;
    refuse_newer(&applied.iter().map(ToString::to_string).collect(), &versions::<DB>(&known)?)?;
    let run = connection.run_pending_migrations(known).map_err(failed)?;
    Ok(run.iter().map(ToString::to_string).collect())
}

/// Passes if the schema is the one that this binary works with. Only reads, without a lock, so it also works for a role
/// that may not change the schema.
pub(crate) fn check(connection: &mut AnyConnection) -> Result<(), MigrateError> {
    let (table, known) = match connection {
        AnyConnection::Sqlite(_) => {
            ("sqlite_master WHERE name = '__diesel_schema_migrations'", versions::<Sqlite>(&SQLITE)?)
        }
        AnyConnection::Postgres(_) => {
            ("pg_class WHERE oid = to_regclass('__diesel_schema_migrations')", versions::<Pg>(&POSTGRES)?)
        }
    };
    let tables: i64 = select(sql::<BigInt>(&format!("count(*) FROM {table}"))).get_result(connection)?;
    let applied: BTreeSet<String> = match tables {
        0 => BTreeSet::new(),
        _ => applied::table.select(applied::version).load(connection)?.into_iter().collect(),
    };
    refuse_newer(&applied, &known)?;
    let missing: Vec<_> = known.difference(&applied).cloned().collect();
    if missing.is_empty() { Ok(()) } else { Err(MigrateError::Pending(missing.join(", "))) }
}

diesel::table! {
    /// Where Diesel records what it ran.
    #[sql_name = "__diesel_schema_migrations"]
    applied (version) {
        version -> Text,
    }
}

fn versions<DB: Backend>(known: &EmbeddedMigrations) -> Result<BTreeSet<String>, MigrateError>
where
    EmbeddedMigrations: MigrationSource<DB>,
{
    let migrations = known.migrations().map_err(failed)?;
    Ok(migrations.iter().map(|migration| migration.name().version().to_string()).collect())
}

fn refuse_newer(applied: &BTreeSet<String>, known: &BTreeSet<String>) -> Result<(), MigrateError> {
    if applied.last() <= known.last() {
        return Ok(());
    }
    let newest = |versions: &BTreeSet<String>| versions.last().cloned().unwrap_or_default();
    Err(MigrateError::DatabaseNewer { database: newest(applied), binary: newest(known) })
}

#[expect(clippy::needless_pass_by_value, reason = "as `map_err` gives it")]
fn failed(error: Box<dyn Error + Send + Sync>) -> MigrateError {
    MigrateError::Failed(error.to_string())
}
