//! The HTTP APIs of the servers under load.

/// An HTTP API to create and read groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Api {
    /// That of this service. Only this one has members, changes and pages.
    Gochat,
    /// That of PocketBase.
    PocketBase,
    /// That of PostgREST.
    Postgrest,
}

impl Api {
    /// The part of each script that knows the API.
    pub const fn script(self) -> &'static str {
        match self {
            Self::Gochat => include_str!("api/gochat.lua"),
            Self::PocketBase => include_str!("api/pocketbase.lua"),
            Self::Postgrest => include_str!("api/postgrest.lua"),
        }
    }
}
