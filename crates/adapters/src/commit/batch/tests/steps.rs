//! The writes of a random test.

use super::{Receive, push};
use crate::{
    commit::{Change, Create, Delete, Join, Leave, batch::Batch},
    memory::MemoryGroups,
};
use fastrand::Rng;
use futures_util::FutureExt;
use gochat_domain::{
    auth::KeyId,
    clock::Timestamp,
    group::{
        Created, Expected, GroupChange, GroupId, GroupToken, Idempotency, IdempotencyKey, NewGroup, Version,
    },
    limits::Limits,
    member::NewMember,
    ports::{GroupRepository, MemberRepository},
    testing::{at, create_group_of, group_change},
    user::UserId,
};
use std::{collections::HashMap, fmt::Debug, ops::RangeInclusive};

/// The users. There are few users, names and tokens, so that writes often conflict.
pub(super) const USERS: RangeInclusive<i64> = 1..=5;
const NAMES: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];
const TOKENS: [&str; 2] = ["t", "u"];

/// A write.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Create { group: NewGroup, idempotency: Option<Idempotency>, limits: Limits },
    Change { id: GroupId, fields: GroupChange, expected: Expected, moment: Timestamp, limits: Limits },
    Delete { id: GroupId, expected: Expected },
    Join(NewMember, Limits),
    Leave { group_id: GroupId, user_id: UserId },
}

impl Step {
    /// Adds the write to its lane.
    pub(super) fn push(&self, batch: &mut Batch) -> Receive {
        match self.clone() {
            Self::Create { group, idempotency, limits } => {
                let new_id = |created: &Created| (!created.replayed).then_some(created.group.id);
                push(batch, Create { group, idempotency, limits }, new_id)
            }
            Self::Change { id, fields, expected, moment, limits } => {
                push(batch, Change { id, fields, expected, moment, limits }, |_| None)
            }
            Self::Delete { id, expected } => push(batch, Delete { id, expected }, |_| None),
            Self::Join(new, limits) => push(batch, Join { new, limits }, |_| None),
            Self::Leave { group_id, user_id } => push(batch, Leave { group_id, user_id }, |_| None),
        }
    }

    /// Executes the write on the model, and returns its reply.
    pub(super) fn run(&self, model: &MemoryGroups) -> String {
        match self.clone() {
            Self::Create { group, idempotency, .. } => reply(model.create(group, idempotency)),
            Self::Change { id, fields, expected, moment, .. } => {
                reply(model.change(id, fields, expected, moment))
            }
            Self::Delete { id, expected } => reply(model.delete(id, expected)),
            Self::Join(new, _) => reply(model.join(new)),
            Self::Leave { group_id, user_id } => reply(model.leave(group_id, user_id)),
        }
    }

    /// The order of the write in its lane.
    pub(super) fn sort_key(&self) -> (String, i64) {
        let by_id = |id: &GroupId| (String::new(), id.get());
        match self {
            Self::Create { group, .. } => (group.name.as_str().to_owned(), 0),
            Self::Change { id, .. } | Self::Delete { id, .. } => by_id(id),
            Self::Join(new, _) => by_id(&new.group_id),
            Self::Leave { group_id, .. } => by_id(group_id),
        }
    }
}

fn reply<T: Debug>(answer: impl Future<Output = T>) -> String {
    format!("{:?}", answer.now_or_never().unwrap())
}

/// Generates writes.
pub(super) struct Generator {
    rng: Rng,
    limits: Limits,
    /// The groups that exist.
    pub(super) groups: Vec<GroupId>,
    seconds: i64,
}

impl Generator {
    pub(super) fn new(seed: u64, limits: Limits) -> Self {
        Self { rng: Rng::with_seed(seed), limits, groups: Vec::new(), seconds: 0 }
    }

    /// A batch of 1 to `max` writes. Some batches have joins alone.
    pub(super) fn batch(&mut self, max: usize) -> Vec<Step> {
        let mut keys = HashMap::new();
        let size = self.rng.usize(1..=max);
        if self.rng.u8(..4) == 0 {
            return (0..size).map(|_| self.join()).collect();
        }
        (0..size).map(|_| self.step(&mut keys)).collect()
    }

    fn join(&mut self) -> Step {
        self.seconds += 1;
        let token = self.rng.bool().then(|| GroupToken::parse(self.token()).unwrap());
        let (group_id, user_id) = (self.group_id(), UserId::new(self.user()).unwrap());
        Step::Join(NewMember { group_id, user_id, token, joined_at: at(self.seconds) }, self.limits)
    }

    /// `keys` are the Idempotency-Keys of this batch, with their requests. A key is repeated within the batch only with
    /// an equal request, and only without limits. Under limits, a batch would refuse both requests for the same reason,
    /// but the model decides the second one after the writes between them, perhaps for another reason.
    fn step(&mut self, keys: &mut HashMap<String, (&'static str, &'static str, i64)>) -> Step {
        self.seconds += 1;
        let (moment, limits) = (at(self.seconds), self.limits);
        match self.rng.u8(..10) {
            0..2 => {
                let mut request = (self.name(), self.token(), self.user());
                let key = self.rng.bool().then(|| self.rng.u8(..20).to_string());
                let key = key.filter(|key| !limits.has_group_limit() || !keys.contains_key(key));
                if let Some(key) = &key {
                    request = *keys.entry(key.clone()).or_insert(request);
                }
                let group = NewGroup::mint(create_group_of(request.0, request.1, request.2), moment);
                let idempotency = key.map(|key| Idempotency {
                    caller: KeyId::OPERATOR,
                    key: IdempotencyKey::parse(&key).unwrap(),
                });
                Step::Create { group, idempotency, limits }
            }
            2..6 => Step::Change {
                id: self.group_id(),
                fields: self.change(),
                expected: self.expected(),
                moment,
                limits,
            },
            6 if self.rng.bool() => Step::Delete { id: self.group_id(), expected: self.expected() },
            6..9 => self.join(),
            _ => Step::Leave { group_id: self.group_id(), user_id: UserId::new(self.user()).unwrap() },
        }
    }

    fn change(&mut self) -> GroupChange {
        loop {
            let name = self.rng.bool().then(|| self.name());
            let token = self.rng.bool().then(|| self.token());
            let admin_id = self.rng.bool().then(|| self.user());
            if name.is_some() || token.is_some() || admin_id.is_some() {
                return group_change(name, token, admin_id);
            }
        }
    }

    fn expected(&mut self) -> Expected {
        if self.rng.u8(..4) > 0 {
            return Expected::Any;
        }
        Expected::OneOf(vec![Version::new(self.rng.i64(1..4)).unwrap()])
    }

    /// Usually a group that exists.
    fn group_id(&mut self) -> GroupId {
        let nonexistent = GroupId::new(i64::MAX).unwrap();
        let exists = self.rng.u8(..20) > 0;
        self.rng.choice(&self.groups).copied().filter(|_| exists).unwrap_or(nonexistent)
    }

    fn name(&mut self) -> &'static str {
        self.rng.choice(NAMES).unwrap()
    }

    fn token(&mut self) -> &'static str {
        self.rng.choice(TOKENS).unwrap()
    }

    fn user(&mut self) -> i64 {
        self.rng.i64(USERS)
    }
}
