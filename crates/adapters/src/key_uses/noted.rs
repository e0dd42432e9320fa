//! Uses of keys in memory.

use gochat_domain::{
    auth::{IssuedKey, KeyId, KeyUse},
    clock::Timestamp,
};
use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, Ordering::Relaxed},
    },
};

/// The minute in which a key was last used, in minutes since 1970.
pub(crate) struct LastUse(AtomicI64);

/// Stands for no use at all.
const NEVER: i64 = i64::MIN;

const MICROS_PER_MINUTE: i64 = 60_000_000;

impl LastUse {
    /// Notes a use. Takes no lock, and writes only if a minute has begun since the last use.
    pub(crate) fn note(&self, now: Timestamp) {
        let minute = minute(now);
        if self.0.load(Relaxed) < minute {
            self.0.fetch_max(minute, Relaxed);
        }
    }
}

fn minute(moment: Timestamp) -> i64 {
    moment.unix_micros().div_euclid(MICROS_PER_MINUTE)
}

/// The noted uses of the keys that are in use.
#[derive(Default)]
pub(crate) struct NotedUses(Mutex<Keys>);

#[derive(Default)]
struct Keys {
    by_id: HashMap<KeyId, Noted>,
    /// Look-ups of keys for which there was no room.
    without_room: u64,
}

struct Noted {
    last_use: Arc<LastUse>,
    /// The latest minute that is known to be stored.
    stored: i64,
}

impl Noted {
    fn unstored(&self) -> Option<i64> {
        Some(self.last_use.0.load(Relaxed)).filter(|minute| *minute > self.stored)
    }
}

impl NotedUses {
    /// Maximum number of keys. The cache of keys holds half as many. The rest is for keys that have left the cache, until
    /// [`Self::forget_idle`] drops them.
    const CAPACITY: usize = 20_000;

    /// Returns the place where the uses of a key are noted. Called for each look-up in the database.
    ///
    /// If there is no room for another key, its uses are not recorded, and [`Self::forget_idle`] logs that.
    pub(crate) fn of(&self, issued: &IssuedKey) -> Arc<LastUse> {
        let stored = issued.last_used_at.map_or(NEVER, minute);
        let mut keys = self.lock();
        let has_room = keys.by_id.len() < Self::CAPACITY;
        match keys.by_id.entry(issued.id) {
            Entry::Occupied(mut noted) => {
                let noted = noted.get_mut();
                noted.stored = noted.stored.max(stored);
                Arc::clone(&noted.last_use)
            }
            Entry::Vacant(vacant) => {
                let last_use = Arc::new(LastUse(AtomicI64::new(stored)));
                if has_room {
                    vacant.insert(Noted { last_use: Arc::clone(&last_use), stored });
                } else {
                    keys.without_room += 1;
                }
                last_use
            }
        }
    }

    /// The uses that are not stored yet.
    pub(super) fn unstored(&self) -> Vec<KeyUse> {
        let unstored = |(id, noted): (&KeyId, &Noted)| {
            let at = Timestamp::from_unix_micros(noted.unstored()? * MICROS_PER_MINUTE)?;
            Some(KeyUse { id: *id, at })
        };
        self.lock().by_id.iter().filter_map(unstored).collect()
    }

    /// Must be called after `uses` were stored, except those of the keys `except`.
    pub(super) fn set_stored(&self, uses: &[KeyUse], except: &[KeyId]) {
        let mut keys = self.lock();
        for KeyUse { id, at } in uses.iter().filter(|key_use| !except.contains(&key_use.id)) {
            if let Some(noted) = keys.by_id.get_mut(id) {
                noted.stored = noted.stored.max(minute(*at));
            }
        }
    }

    /// Forgets the keys that are no longer cached and whose uses are stored.
    pub(super) fn forget_idle(&self) {
        let mut keys = self.lock();
        keys.by_id.retain(|_, noted| Arc::strong_count(&noted.last_use) > 1 || noted.unstored().is_some());
        let without_room = std::mem::take(&mut keys.without_room);
        if without_room > 0 {
            tracing::warn!(
                look_ups = without_room,
                "too many keys are in use; the last uses of some were not recorded"
            );
        }
    }

    /// Ignores poisoning: every critical section leaves the data consistent.
    fn lock(&self) -> MutexGuard<'_, Keys> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
