//! The schema: embedded, brought up to date under a lock, refused when it is newer than this binary.

use crate::{Fault, connection::AnyConnection};
use diesel::{
    Connection, QueryDsl, RunQueryDsl,
    backend::Backend,
    migration::{Migration, MigrationSource, MigrationVersion},
    pg::Pg,
    sql_query,
    sqlite::Sqlite,
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

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

/// What to do about migrations that are not in the database yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pending {
    Run,
    Refuse,
}

/// Brings the schema up to date, all or nothing, and returns the versions that were run.
///
/// A lock is held meanwhile: of several that start at once, one migrates and the others find it done.
pub(crate) fn migrate(connection: &mut AnyConnection, pending: Pending) -> Result<Vec<String>, MigrateError> {
    match connection {
        AnyConnection::Sqlite(sqlite) => {
            sqlite.exclusive_transaction(|sqlite| apply(sqlite, SQLITE, pending))
        }
        AnyConnection::Postgres(postgres) => postgres.transaction(|postgres| {
            // Held until the transaction ends, so it also works behind a pooler of transactions.
            sql_query(format!("SELECT pg_advisory_xact_lock({ADVISORY_LOCK})")).execute(postgres)?;
            apply(postgres, POSTGRES, pending)
        }),
    }
}

/// The versions that this binary knows and the database has not run. Reads, and takes no lock.
pub(crate) fn missing(connection: &mut AnyConnection) -> Result<Vec<String>, MigrateError> {
    let applied: Vec<String> = versions::table.select(versions::version).load(connection)?;
    let known = match connection {
        AnyConnection::Sqlite(_) => names::<Sqlite>(SQLITE),
        AnyConnection::Postgres(_) => names::<Pg>(POSTGRES),
    }?;
    Ok(known.into_iter().filter(|version| !applied.contains(version)).collect())
}

fn names<DB: Backend>(known: EmbeddedMigrations) -> Result<Vec<String>, MigrateError> {
    let migrations: Vec<Box<dyn Migration<DB>>> =
        known.migrations().map_err(|error| MigrateError::Failed(error.to_string()))?;
    Ok(migrations.iter().map(|migration| migration.name().version().to_string()).collect())
}

fn apply<C, DB>(
    connection: &mut C,
    known: EmbeddedMigrations,
    pending: Pending,
) -> Result<Vec<String>, MigrateError>
where
    C: MigrationHarness<DB>,
    DB: Backend,
{
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| MigrateError::Failed(error.to_string());
    let migrations: Vec<Box<dyn Migration<DB>>> = known.migrations().map_err(failed)?;
    let newest_known = migrations.iter().map(|migration| migration.name().version().as_owned()).max();
    let newest_applied = connection.applied_migrations().map_err(failed)?.into_iter().max();
    if newest_applied > newest_known {
        let name =
            |version: Option<MigrationVersion<'static>>| version.map_or_else(String::new, |v| v.to_string());
        return Err(MigrateError::DatabaseNewer {
            database: name(newest_applied),
            binary: name(newest_known),
        });
    }
    if pending == Pending::Run {
        let run = connection.run_pending_migrations(known).map_err(failed)?;
        return Ok(run.iter().map(ToString::to_string).collect());
    }
    let missing = connection.pending_migrations(known).map_err(failed)?;
    if missing.is_empty() {
        return Ok(Vec::new());
    }
    let versions: Vec<_> = missing.iter().map(|migration| migration.name().version().to_string()).collect();
    Err(MigrateError::Pending(versions.join(", ")))
}
