//! Groups that are there before a load begins.
//!
//! They have the ids from 1 up. The names follow from a number, so that a load can ask for them, and fall all over the
//! index, as those of a load do. Sorted by name they go in faster; with a UUID as if each had come a microsecond after the
//! last, they are found as those of a real load.

use crate::{server::Home, system::System};
use gochat_test_support::{Backend, Cluster, PlainSql};

/// As many as a large installation has: ten million.
pub const MANY: u32 = 10_000_000;

const SQLITE: &str = include_str!("fill/sqlite.sql");
const POSTGRES: &str = include_str!("fill/postgres.sql");

/// A new database with so many groups in it.
pub fn home(system: System, cluster: &Cluster, count: u32) -> anyhow::Result<Home> {
    let home = Home::new(system, cluster)?;
    eprintln!("{system}: storing {count} groups");
    let mut sql = PlainSql::connect(home.url())?;
    let count = count.to_string();
    match system.backend() {
        Backend::Sqlite => sql.execute(&SQLITE.replace(":count", &count))?,
        Backend::Postgres => {
            sql.execute(&POSTGRES.replace(":count", &count))?;
            // What PostgreSQL does by itself within minutes. Else the first loads would share the disk with it, and each
            // read of a page of the table would mark its rows as committed, and so write the page.
            sql.execute("VACUUM (ANALYZE) groups")?;
            sql.execute("CHECKPOINT")?;
        }
    }
    Ok(home)
}
