//! Groups that are stored before a load begins.
//!
//! Their ids begin at 1. Each name follows from a number, so that a load can ask for it; the names are spread over the whole index,
//! like the scattered names of a load. They are inserted in the order of their names, which is faster. Each UUID is as if its group
//! had been created a microsecond after the previous one, so look-ups behave as with groups of a real load.

use crate::{server::Deployment, system::System};
use gochat_test_support::{Backend, Cluster, PlainSql};

/// Number of groups of a large installation.
pub const MANY: u32 = 10_000_000;

const SQLITE: &str = include_str!("prefill/sqlite.sql");
const POSTGRES: &str = include_str!("prefill/postgres.sql");

/// Creates a database with this many groups.
pub fn deployment(system: System, cluster: &Cluster, count: u32) -> anyhow::Result<Deployment> {
    let deployment = Deployment::new(system, cluster)?;
    eprintln!("{system}: storing {count} groups");
    let mut sql = PlainSql::connect(deployment.url())?;
    let count = count.to_string();
    match system.backend() {
        Backend::Sqlite => sql.execute(&SQLITE.replace(":count", &count))?,
        Backend::Postgres => {
            sql.execute(&POSTGRES.replace(":count", &count))?;
            // PostgreSQL would vacuum and checkpoint by itself within minutes; doing it now keeps that work off the disk during the first
            // loads. Without the vacuum, the first read of each page would also write it, to mark its rows as committed.
            sql.execute("VACUUM (ANALYZE) groups")?;
            sql.execute("CHECKPOINT")?;
        }
    }
    Ok(deployment)
}
