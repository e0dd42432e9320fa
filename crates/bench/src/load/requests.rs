//! The kinds of requests, each of which has a script.

use super::ReadKind;
use crate::api::Api;

/// The requests of a load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requests {
    /// `POST /v1/group`. Each group of a run of `wrk` has an administrator of its own.
    Creates {
        /// The names of the groups.
        names: Names,
        /// True if statuses are counted, which costs the generator time.
        statuses: bool,
    },
    /// `POST` of many groups in one request, by an API that has it. It stores all of them or none.
    Bulk {
        /// Number of groups in a request.
        groups: u32,
    },
    /// `GET` of what [`crate::prefill`] stored, so a reply of 400 and above is an error of the service.
    Reads {
        /// The kind of the reads.
        kind: ReadKind,
        /// Number of stored groups, or of stored members of the first group.
        stored: u32,
    },
    /// `PATCH /v1/group/{id}` of a random group. Each value is new.
    Changes {
        /// The field that changes.
        field: Field,
        /// Number of groups that [`crate::prefill`] stored.
        groups: u32,
    },
    /// `POST /v1/member` with the token of a random group. Each user is new.
    Joins {
        /// Number of groups that [`crate::prefill`] stored and that users join.
        groups: u32,
    },
}

/// The names of the groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// `group_1`, `group_2`, and so on: index entries are adjacent.
    Ordered,
    /// Random: index entries are spread over the whole index.
    Scattered,
}

/// A field of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// The name.
    Name,
    /// The token.
    Token,
}

const SUMMARY: &str = include_str!("summary.lua");
const HTTP: &str = include_str!("http.lua");
const GROUP: &str = include_str!("group.lua");

impl Requests {
    /// Creates of groups with ordered names.
    pub const CREATES: Self = Self::Creates { names: Names::Ordered, statuses: false };

    /// The request in the tables.
    pub const fn request(self) -> &'static str {
        match self {
            Self::Creates { .. } => "`POST /v1/group`",
            Self::Bulk { .. } => "many groups in one request",
            Self::Reads { kind, .. } => kind.request(),
            Self::Changes { field: Field::Name, .. } => "`PATCH /v1/group/{id}` with a name",
            Self::Changes { field: Field::Token, .. } => "`PATCH /v1/group/{id}` with a token",
            Self::Joins { groups: 1 } => "`POST /v1/member`, one group",
            Self::Joins { .. } => "`POST /v1/member`, many groups",
        }
    }

    /// The text of the script: the parts that it shares with others, and its own.
    pub(super) fn script(self, api: Api) -> String {
        let parts: &[_] = match self {
            Self::Creates { .. } => &[GROUP, include_str!("create.lua")],
            Self::Bulk { .. } => &[GROUP, include_str!("bulk.lua")],
            Self::Reads { .. } => &[include_str!("read.lua")],
            Self::Changes { .. } => &[include_str!("change.lua")],
            Self::Joins { .. } => &[include_str!("join.lua")],
        };
        [&[SUMMARY, api.script(), HTTP], parts].concat().concat()
    }

    /// The script's arguments after the API key and the seed.
    pub(super) fn arguments(self) -> Vec<String> {
        match self {
            Self::Creates { names, statuses } => vec![names.as_str().to_owned(), statuses.to_string()],
            Self::Reads { kind, stored } => vec![kind.as_str().to_owned(), stored.to_string()],
            Self::Changes { field, groups } => vec![field.as_str().to_owned(), groups.to_string()],
            Self::Bulk { groups } | Self::Joins { groups } => vec![groups.to_string()],
        }
    }
}

impl Names {
    /// The name in the script and in the tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ordered => "ordered",
            Self::Scattered => "scattered",
        }
    }
}

impl Field {
    /// The name in the request.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Token => "token",
        }
    }
}
