//! A load of reads.

use super::{Sample, wrk};
use crate::server::Server;
use std::time::Duration;

/// The script for reads.
const SCRIPT: &str = concat!(include_str!("summary.lua"), include_str!("read.lua"));

/// The kind of a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadKind {
    /// A group by its id.
    Id,
    /// A group by its name.
    Name,
    /// A page of a hundred groups.
    Page,
}

impl ReadKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Id, Self::Name, Self::Page];

    /// The request in the tables.
    pub const fn request(self) -> &'static str {
        match self {
            Self::Id => "`GET /v1/group/{id}`",
            Self::Name => "`GET /v1/group?name=`",
            Self::Page => "`GET /v1/group?limit=100&after=`",
        }
    }

    /// The name in the script.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Name => "name",
            Self::Page => "page",
        }
    }
}

/// A load of random reads of the stored groups.
#[derive(Debug, Clone, Copy)]
pub struct Reads {
    /// Number of connections, each with one request at a time.
    pub clients: usize,
    /// Duration.
    pub time: Duration,
    /// The kind of the reads.
    pub kind: ReadKind,
    /// Number of groups that [`crate::prefill`] stored.
    pub stored: u32,
}

impl Reads {
    /// Runs the load on a server. All groups exist, so a reply of 400 and above is an error of the service.
    pub fn run(self, server: &Server<'_>) -> anyhow::Result<Sample> {
        let arguments = [self.kind.as_str(), &self.stored.to_string()];
        wrk(server, self.clients, self.time, SCRIPT, arguments)
    }
}
