//! A load of reads.

use super::{Sample, wrk};
use crate::server::Server;
use std::time::Duration;

/// The reads.
const SCRIPT: &str = concat!(include_str!("line.lua"), include_str!("read.lua"));

/// What a read asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A group by its id.
    Id,
    /// A group by its name.
    Name,
    /// A hundred groups after an id.
    Page,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Id, Self::Name, Self::Page];

    /// As the tables have it.
    pub const fn request(self) -> &'static str {
        match self {
            Self::Id => "`GET /v1/group/{id}`",
            Self::Name => "`GET /v1/group?name=`",
            Self::Page => "`GET /v1/group?limit=100&after=`",
        }
    }

    /// As the script has it.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Name => "name",
            Self::Page => "page",
        }
    }
}

/// Reads at random over what is stored.
#[derive(Debug, Clone, Copy)]
pub struct Reads {
    /// Connections, each with one request at a time.
    pub clients: usize,
    /// How long.
    pub time: Duration,
    /// What is read.
    pub kind: Kind,
    /// How many groups are there, of those that [`crate::fill`] stores.
    pub stored: u32,
}

impl Reads {
    /// Puts the load on a server. Whatever is no 200 counts as an error: the service answers a read with that or an error.
    pub fn run(self, server: &Server<'_>) -> anyhow::Result<Sample> {
        let arguments = [self.kind.as_str(), &self.stored.to_string()];
        wrk(server, self.clients, self.time, SCRIPT, arguments)
    }
}
