//! Damage to pages of the database, as left by a failing disk.
//!
//! SQLite finds damage only when it reads the page. A check reads the whole file, which takes seconds per gigabyte,
//! so it is done once, after a read or a write has met damage.

use super::DatabaseFile;
use crate::Fault;
use diesel::{Connection, QueryableByName, RunQueryDsl, SqliteConnection, sql_query, sql_types::Text};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The last known condition of the pages.
#[derive(Debug, Default)]
pub(super) struct Pages(Mutex<Condition>);

#[derive(Debug, Default, Clone, PartialEq, Eq)]
enum Condition {
    #[default]
    Sound,
    /// A read or a write has met damage, which a check must confirm.
    Suspect,
    /// The check found this damage. The state remains until the service restarts with a backup.
    Damaged(String),
}

impl Pages {
    fn condition(&self) -> MutexGuard<'_, Condition> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl DatabaseFile {
    /// Records a fault of a read or a write.
    pub(crate) fn record_fault(&self, fault: &Fault) {
        let mut condition = self.0.pages.condition();
        if fault.is_damage() && *condition == Condition::Sound {
            *condition = Condition::Suspect;
        }
    }

    /// Checks that no damage is known. If some is suspected, reads the whole file on `connection`, once.
    pub(crate) fn check_pages(&self, connection: &mut SqliteConnection) -> Result<(), Fault> {
        let known = self.0.pages.condition().clone();
        let found = match known {
            Condition::Sound => return Ok(()),
            Condition::Suspect => quick_check(connection)?,
            Condition::Damaged(_) => known,
        };
        *self.0.pages.condition() = found.clone();
        match found {
            Condition::Damaged(text) => {
                let database = self.0.paths.database.display();
                Err(Fault::Unavailable(format!("{database} is damaged: {text}. Restart with a backup")))
            }
            Condition::Sound | Condition::Suspect => Ok(()),
        }
    }
}

impl DatabaseFile {
    /// Returns true if a database that has shrunk is still complete, as it is after a `VACUUM`. Uses a new connection,
    /// because an open one may have cached pages that the file has lost.
    pub(super) fn has_all_pages(&self) -> Result<bool, Fault> {
        let mut connection = SqliteConnection::establish(&self.0.paths.uri())?;
        Ok(quick_check(&mut connection)? == Condition::Sound)
    }
}

#[derive(QueryableByName)]
struct Finding {
    #[diesel(sql_type = Text)]
    quick_check: String,
}

/// Reads all pages, up to the first damaged one (<https://sqlite.org/pragma.html#pragma_quick_check>).
fn quick_check(connection: &mut SqliteConnection) -> Result<Condition, Fault> {
    match sql_query("PRAGMA quick_check(1)").get_result::<Finding>(connection).map_err(Fault::from) {
        Ok(Finding { quick_check }) if quick_check == "ok" => Ok(Condition::Sound),
        Ok(Finding { quick_check }) => Ok(Condition::Damaged(quick_check)),
        Err(fault) if fault.is_damage() => Ok(Condition::Damaged(fault.to_string())),
        Err(fault) => Err(fault),
    }
}
