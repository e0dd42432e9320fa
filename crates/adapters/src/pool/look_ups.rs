//! Look-ups that wait together, as one query.

use super::{Reader, queue::Reply};
use crate::{
    Fault,
    rows::{find_group, find_groups},
};
use gochat_domain::group::{Group, GroupKey};
use std::{iter, time::Instant};
use tokio::sync::oneshot;

/// A look-up of a group, with the channel to its caller.
pub(super) struct LookUp {
    pub(super) key: GroupKey,
    pub(super) deadline: Instant,
    pub(super) caller: oneshot::Sender<Result<Option<Group>, Fault>>,
}

/// Finds the groups of all callers that are still there. If a single group may have made the query fail, each group is
/// looked up by itself.
pub(super) fn run(reader: &Reader, mut look_ups: Vec<LookUp>) -> Reply {
    look_ups.retain(|look_up| !look_up.caller.is_closed());
    let Some(deadline) = look_ups.iter().map(|look_up| look_up.deadline).max() else {
        return Box::new(|| ());
    };
    let keys: Vec<_> = look_ups.iter().map(|look_up| &look_up.key).collect();
    match reader.read(deadline, |connection| find_groups(connection, &keys)) {
        Ok(groups) => Box::new(move || {
            for (look_up, group) in iter::zip(look_ups, groups) {
                look_up.answer(Ok(group));
            }
        }),
        Err(Fault::Unknown(_)) if look_ups.len() > 1 => {
            for look_up in look_ups {
                let found = reader.read(look_up.deadline, |connection| find_group(connection, &look_up.key));
                look_up.answer(found);
            }
            Box::new(|| ())
        }
        Err(fault) => Box::new(move || {
            for look_up in look_ups {
                look_up.answer(Err(fault.clone()));
            }
        }),
    }
}

impl LookUp {
    // `send` fails if the caller is gone.
    fn answer(self, found: Result<Option<Group>, Fault>) {
        let _gone = self.caller.send(found);
    }
}
