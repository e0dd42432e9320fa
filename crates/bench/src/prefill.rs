//! Groups and members that are stored before a load begins.
//!
//! Ids of groups begin at 1, and each group has its own administrator. Each name follows from a number, so that a load can ask for it;
//! the names are spread over the whole index, like the scattered names of a load. Groups are inserted in the order of their names, which
//! is faster. Each UUID is as if its group had been created a microsecond after the previous one, so look-ups behave as with groups of a
//! real load.

use crate::{server::Deployment, system::System};
use gochat_test_support::{Backend, Cluster, PlainSql};
use std::fs::File;

/// Number of groups that fit into any cache.
pub const FEW: u32 = 10_000;

/// Number of groups of a large installation.
pub const MANY: u32 = 10_000_000;

const SQLITE: &str = include_str!("prefill/sqlite.sql");
const POSTGRES: &str = include_str!("prefill/postgres.sql");
const MEMBERS: &str = include_str!("prefill/members.sql");

/// Creates a database with this many groups.
pub fn deployment(system: System, cluster: &Cluster, groups: u32) -> anyhow::Result<Deployment> {
    filled(system, cluster, groups, None)
}

/// Creates a database with one group, which has this many members: the users with the ids from 1 on.
pub fn deployment_with_members(
    system: System,
    cluster: &Cluster,
    members: u32,
) -> anyhow::Result<Deployment> {
    filled(system, cluster, 1, Some(members))
}

fn filled(
    system: System,
    cluster: &Cluster,
    groups: u32,
    members: Option<u32>,
) -> anyhow::Result<Deployment> {
    let deployment = Deployment::new(system, cluster)?;
    if groups > FEW {
        eprintln!("{system}: storing {groups} groups");
    }
    let mut sql = PlainSql::connect(deployment.url())?;
    let statements = match system.backend() {
        Backend::Sqlite => SQLITE,
        Backend::Postgres => POSTGRES,
    };
    sql.execute(&statements.replace(":count", &groups.to_string()))?;
    if let Some(members) = members {
        sql.execute(&MEMBERS.replace(":count", &members.to_string()))?;
    }
    match system.backend() {
        // Nothing is left for the first checkpoint of the server, nor for its first flush.
        Backend::Sqlite => {
            sql.execute("PRAGMA wal_checkpoint(TRUNCATE)")?;
            File::open(deployment.url().trim_start_matches("sqlite://"))?.sync_all()?;
        }
        Backend::Postgres => {
            // PostgreSQL would vacuum and checkpoint by itself within minutes; doing it now keeps that work off the disk during the first
            // loads. Without the vacuum, the first read of each page would also write it, to mark its rows as committed.
            sql.execute("VACUUM (ANALYZE) groups, members")?;
            sql.execute("CHECKPOINT")?;
        }
    }
    Ok(deployment)
}
