//! Creates of groups, with or without an Idempotency-Key.

mod idempotent;
mod limited;
mod postgres;
mod sqlite;

use super::{
    session::{Failure, Session},
    write::{Attempt, Write},
};
use crate::{Fault, connection::AnyConnection};
use gochat_domain::{
    group::{Created, GroupId, Idempotency, IdempotencyRecord, KeyReused, NewGroup},
    limits::{Limits, TooManyGroups},
    ports::CreateGroupError,
};
use std::cmp::Ordering;

/// A group to create.
pub(crate) struct Create {
    pub(crate) group: NewGroup,
    pub(crate) idempotency: Option<Idempotency>,
    pub(crate) limits: Limits,
}

impl Create {
    /// Returns true if the create has an Idempotency-Key.
    pub(super) fn has_key(&self) -> bool {
        self.idempotency.is_some()
    }
}

/// The result of a create in the database.
#[derive(Clone)]
pub(crate) enum Outcome {
    /// The group is stored under this id.
    Stored(GroupId),
    /// A group of that name exists.
    NameTaken,
    /// A limit would be exceeded.
    TooManyGroups(TooManyGroups),
    /// The Idempotency-Key was used before; this is its record.
    Recorded(IdempotencyRecord),
    /// An earlier create in the same batch used the Idempotency-Key for a different request. That create was refused, so
    /// there is no record to return as [`Outcome::Recorded`].
    KeyReused,
}

impl From<Option<GroupId>> for Outcome {
    fn from(id: Option<GroupId>) -> Self {
        id.map_or(Self::NameTaken, Self::Stored)
    }
}

impl Write for Create {
    type Outcome = Outcome;
    type Answer = Created;
    type Error = CreateGroupError;

    fn lock_order(&self, other: &Self) -> Ordering {
        self.group.name.cmp(&other.group.name)
    }

    fn store(
        connection: &mut AnyConnection,
        creates: &[&Self],
        attempt: Attempt,
    ) -> Result<Vec<Outcome>, Fault> {
        let Some(Self { limits, .. }) = creates.first() else { return Ok(Vec::new()) };
        if creates.iter().all(|create| create.idempotency.is_none()) {
            let groups: Vec<_> = creates.iter().map(|create| &create.group).collect();
            return insert(connection, &groups, limits, attempt);
        }
        idempotent::store(connection, creates, limits, attempt)
    }

    fn answer(self, outcome: Outcome) -> Result<Created, CreateGroupError> {
        let Self { group, .. } = self;
        match outcome {
            Outcome::Stored(id) => Ok(Created { group: group.with_id(id), replayed: false }),
            Outcome::NameTaken => Err(CreateGroupError::NameTaken),
            Outcome::TooManyGroups(limit) => Err(CreateGroupError::TooManyGroups(limit)),
            Outcome::Recorded(recorded) => match recorded.replay(group.into_request()) {
                Ok(group) => Ok(Created { group, replayed: true }),
                Err(KeyReused) => Err(CreateGroupError::IdempotencyKeyReused),
            },
            Outcome::KeyReused => Err(CreateGroupError::IdempotencyKeyReused),
        }
    }
}

/// Commits `creates`, which are the whole batch and have no Idempotency-Key, in one statement, and returns their outcomes.
/// Under a limit, all outcomes are `None` if no group was stored: the limit may refuse some creates but not others, so the
/// batch is decided again in a transaction.
pub(super) fn commit_in_one_statement(
    session: &mut Session,
    creates: &[&Create],
) -> Result<Vec<Option<Outcome>>, Failure> {
    let limits = creates.first().map_or_else(Limits::default, |create| create.limits);
    let groups: Vec<_> = creates.iter().map(|create| &create.group).collect();
    let mut ids = Vec::new();
    session.statement(|connection| {
        ids = if limits.has_group_limit() {
            postgres::insert_if_room(connection.postgres()?, &groups, limits)?
        } else {
            postgres::insert(connection.postgres()?, &groups, Attempt::First)?
        };
        Ok(())
    })?;
    let is_decided = !limits.has_group_limit() || ids.iter().any(Option::is_some);
    Ok(ids.into_iter().map(|id| is_decided.then(|| Outcome::from(id))).collect())
}

/// Stores the groups whose names are free and which the limits admit.
fn insert(
    connection: &mut AnyConnection,
    groups: &[&NewGroup],
    limits: &Limits,
    attempt: Attempt,
) -> Result<Vec<Outcome>, Fault> {
    // All creates are replays.
    if groups.is_empty() {
        return Ok(Vec::new());
    }
    if limits.has_group_limit() {
        return limited::insert(connection, groups, limits, attempt);
    }
    Ok(insert_unlimited(connection, groups, attempt)?.into_iter().map(Outcome::from).collect())
}

/// Stores the groups whose names are free, and returns the id of each stored group.
///
/// Each UUID is minted for one create. So a stored group with the UUID of one of `groups` comes from an earlier
/// attempt of the same create.
fn insert_unlimited(
    connection: &mut AnyConnection,
    groups: &[&NewGroup],
    attempt: Attempt,
) -> Result<Vec<Option<GroupId>>, Fault> {
    match connection {
        AnyConnection::Sqlite(connection) => sqlite::insert(connection, groups),
        AnyConnection::Postgres(connection) => postgres::insert(connection, groups, attempt),
    }
}
