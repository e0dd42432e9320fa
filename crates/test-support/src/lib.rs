//! Throwaway databases, and suites that run each case on each backend, for the tests of the other crates.
//!
//! | environment variable | |
//! | --- | --- |
//! | `GOCHAT_TEST_DATABASE_URL` | a `postgres://` URL whose role may create databases, used instead of starting a cluster |
//! | `GOCHAT_TEST_REQUIRE_POSTGRES` | `1`: cases fail, instead of being ignored, if PostgreSQL is missing, or something that they need with it, such as PgBouncer |
//! | `GOCHAT_TEST_REQUIRE_CLIENTS` | `1`: cases fail, instead of being ignored, if a client program that they need is missing, such as nginx |

mod address;
mod cluster;
mod database;
pub mod deadline;
mod fake_clock;
mod fault_proxy;
mod haproxy;
pub mod http;
mod installation;
mod namespace;
mod need;
mod nginx;
mod pgbouncer;
mod plain_sql;
mod port;
mod postgres;
mod proxy;
pub mod schema;
mod server_folder;
mod small_disk;
mod suite;
mod supervisor;

pub use cluster::{Cluster, ClusterBuilder, Shutdown};
pub use database::{Backend, TestDatabase};
pub use fake_clock::FakeClock;
pub use fault_proxy::{FaultProxy, Message};
pub use haproxy::HaProxy;
pub use namespace::Namespace;
pub use need::Need;
pub use nginx::Nginx;
pub use pgbouncer::PgBouncer;
pub use plain_sql::PlainSql;
pub use port::free as free_port;
pub use small_disk::SmallDisk;
pub use suite::{Case, CaseWithoutDatabase, Suite, run_case};

/// Makes cases, each with its name: `cases![one, two]` is `vec![("one", one), ("two", two)]`.
#[macro_export]
macro_rules! cases {
    ($($case:ident),+ $(,)?) => { Vec::from([$((stringify!($case), $case as fn(_) -> _)),+]) };
}

/// Makes cases without a database in the same way.
#[macro_export]
macro_rules! cases_without_database {
    ($($case:ident),+ $(,)?) => { Vec::from([$((stringify!($case), $case as fn() -> _)),+]) };
}
