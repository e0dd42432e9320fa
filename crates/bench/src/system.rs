//! The systems that are measured.

use clap::ValueEnum;
use gochat_test_support::Backend;
use std::fmt;

/// A system under load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum System {
    /// The product's HTTP server over a map in memory: the cost of HTTP on this machine.
    Memory,
    /// The product on SQLite.
    Sqlite,
    /// The product's server with one transaction per request, on SQLite.
    TextbookSqlite,
    /// The product on PostgreSQL.
    Postgres,
    /// The product's server with one transaction per request, on PostgreSQL.
    TextbookPostgres,
    /// `pgbench`: PostgreSQL without an HTTP server.
    Pgbench,
    /// actix-web alone: it reads the body of a create, stores nothing, and sends a fixed reply.
    ActixWeb,
}

impl System {
    /// The systems that are compared under load. The product on each database is followed by the systems that it is compared
    /// with.
    pub const ALL: [Self; 6] = [
        Self::Memory,
        Self::Sqlite,
        Self::TextbookSqlite,
        Self::Postgres,
        Self::TextbookPostgres,
        Self::Pgbench,
    ];

    /// The database that stores groups and keys; for `memory`, only the keys. `actix-web` uses none.
    pub const fn backend(self) -> Backend {
        match self {
            Self::Memory | Self::Sqlite | Self::TextbookSqlite | Self::ActixWeb => Backend::Sqlite,
            Self::Postgres | Self::TextbookPostgres | Self::Pgbench => Backend::Postgres,
        }
    }

    /// Returns whether the binary `gochat` serves it.
    pub const fn is_product(self) -> bool {
        matches!(self, Self::Sqlite | Self::Postgres)
    }
}

impl fmt::Display for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Memory => "memory",
            Self::Sqlite => "sqlite",
            Self::TextbookSqlite => "textbook-sqlite",
            Self::Postgres => "postgres",
            Self::TextbookPostgres => "textbook-postgres",
            Self::Pgbench => "pgbench",
            Self::ActixWeb => "actix-web",
        })
    }
}
