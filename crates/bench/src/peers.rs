//! Servers of other projects that make an HTTP API of a table. They store the same fields with the same unique name.

mod pocketbase;
mod postgrest;

use crate::{
    load::{Load, Sample},
    machine,
    system::System,
};
use gochat_test_support::Cluster;
use pocketbase::PocketBase;
use postgrest::Postgrest;
use std::fmt;

/// A server of another project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// PocketBase, on SQLite.
    PocketBase,
    /// PostgREST, on PostgreSQL.
    Postgrest,
}

impl Peer {
    /// All peers.
    pub const ALL: [Self; 2] = [Self::PocketBase, Self::Postgrest];

    /// The version, or `None` if its program is not on the `PATH`.
    pub fn version(self) -> Option<String> {
        let line = machine::version(self.program(), &["--version"]).ok()?;
        line.split(' ').next_back().map(ToOwned::to_owned)
    }

    /// The product on the same database.
    pub const fn counterpart(self) -> System {
        match self {
            Self::PocketBase => System::Sqlite,
            Self::Postgrest => System::Postgres,
        }
    }

    /// Runs a load on a new server with this many groups.
    pub fn run(self, load: Load, groups: u32, cluster: &Cluster) -> anyhow::Result<Sample> {
        match self {
            Self::PocketBase => load.run(&PocketBase::new(self.program(), groups)?.start()?),
            Self::Postgrest => load.run(&Postgrest::new(self.program(), groups, cluster)?.start()?),
        }
    }

    const fn program(self) -> &'static str {
        match self {
            Self::PocketBase => "pocketbase",
            Self::Postgrest => "postgrest",
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::PocketBase => "PocketBase",
            Self::Postgrest => "PostgREST",
        })
    }
}
