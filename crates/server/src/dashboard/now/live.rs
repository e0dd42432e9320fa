//! The figures that the pages and the streams of events read.

use super::{
    cards::{self, Card},
    database_state::{DatabaseState, Finding},
    event,
    minutes::{self, Minute},
    past::Past,
    sample::Sample,
};
use crate::http::Code;
use actix_web::web::Bytes;
use serde::Serialize;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast};

/// Maximum number of readers of events.
pub(super) const MAX_READERS: usize = 16;

/// Number of events that a reader may lag behind. A slower one is disconnected; it connects again and gets the past.
const MAX_LAG: usize = 16;

/// The figures of the last 15 minutes, and those to come. Clones share them.
#[derive(Clone)]
pub(crate) struct Live(Arc<Shared>);

struct Shared {
    past: Mutex<Past>,
    /// Weak, so that the streams end with the sampler.
    events: broadcast::WeakSender<Bytes>,
    readers: Arc<Semaphore>,
    database: DatabaseState,
    started_at: Instant,
}

/// The figures of a moment, for people.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Figures {
    /// Time since the start.
    pub(super) uptime: String,
    /// The state of the database, unless it is still to be checked.
    pub(super) database: Option<Finding>,
    pub(super) cards: [Card; 6],
}

/// An event for a new sample.
#[derive(Serialize)]
struct NewSample<'a> {
    #[serde(flatten)]
    figures: Figures,
    sample: &'a Sample,
}

/// The past, as the page shows it.
pub(super) struct Summary {
    /// The figures of this moment.
    pub(super) figures: Figures,
    /// The minutes, the newest first.
    pub(super) minutes: Vec<Minute>,
    /// Number of refused requests, by code.
    pub(super) refused: BTreeMap<Code, u64>,
}

/// A reader of events, one of a bounded number.
pub(super) struct Reader {
    /// The first event: the past.
    pub(super) past: Bytes,
    /// The events that follow.
    pub(super) events: broadcast::Receiver<Bytes>,
    _permit: OwnedSemaphorePermit,
}

impl Live {
    /// Figures without a past, and the channel that sends events to readers.
    pub(super) fn new(database: DatabaseState, started_at: Instant) -> (Self, broadcast::Sender<Bytes>) {
        let events = broadcast::Sender::new(MAX_LAG);
        let shared = Shared {
            past: Mutex::default(),
            events: events.downgrade(),
            readers: Arc::new(Semaphore::new(MAX_READERS)),
            database,
            started_at,
        };
        (Self(Arc::new(shared)), events)
    }

    /// Adds a sample, and sends it to the readers.
    pub(super) fn add(&self, sample: Sample, events: &broadcast::Sender<Bytes>, now: Instant) {
        // Locked while the event is sent, so that each sample is either in a reader's past or among its events.
        let mut past = self.past();
        if events.receiver_count() > 0 {
            self.0.database.check_if_due(now);
            let new = NewSample { figures: self.figures(&sample, now), sample: &sample };
            // Fails if the last reader has just gone.
            let _sent = events.send(event::render("sample", &new));
        }
        past.push(sample);
    }

    /// Returns the past, and the events that follow; `None` if there are too many readers, or the server stops.
    pub(super) fn read(&self) -> Option<Reader> {
        let permit = Arc::clone(&self.0.readers).try_acquire_owned().ok()?;
        let past = self.past();
        let events = self.0.events.upgrade()?.subscribe();
        Some(Reader { past: event::render("past", &*past), events, _permit: permit })
    }

    /// Returns what the page shows. The state of the database is checked for the next call.
    pub(super) fn summary(&self, now: Instant) -> Summary {
        self.0.database.check_if_due(now);
        let past = self.past();
        Summary {
            figures: self.figures(past.newest().unwrap_or(&Sample::default()), now),
            minutes: minutes::of(past.samples()),
            refused: past.refused(),
        }
    }

    fn figures(&self, sample: &Sample, now: Instant) -> Figures {
        let uptime = now.saturating_duration_since(self.0.started_at).as_secs();
        Figures {
            uptime: cards::duration(uptime),
            database: self.0.database.last(now),
            cards: cards::of(sample),
        }
    }

    fn past(&self) -> MutexGuard<'_, Past> {
        self.0.past.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
