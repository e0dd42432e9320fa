//! The kinds of reads.

/// The kind of a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadKind {
    /// A group by its id.
    Id,
    /// A group by its name.
    Name,
    /// A page of a hundred groups.
    Page,
    /// A page of a hundred members among the first thousand of a group.
    FirstMembers,
    /// A page of a hundred members among the last thousand of a group.
    LastMembers,
}

impl ReadKind {
    /// The reads of groups.
    pub const OF_GROUPS: [Self; 3] = [Self::Id, Self::Name, Self::Page];

    /// The request in the tables.
    pub const fn request(self) -> &'static str {
        match self {
            Self::Id => "`GET /v1/group/{id}`",
            Self::Name => "`GET /v1/group?name=`",
            Self::Page => "`GET /v1/group?limit=100&after=`",
            Self::FirstMembers | Self::LastMembers => "`GET /v1/group_members?id=&limit=100&after=`",
        }
    }

    /// The name in the script.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Name => "name",
            Self::Page => "page",
            Self::FirstMembers => "first_members",
            Self::LastMembers => "last_members",
        }
    }
}
