//! Every create that was asked for and its answer, and what may then be in the database.
//!
//! | answer | the database has |
//! | --- | --- |
//! | 201 | the group, once, with the six fields of the reply |
//! | 409 | a group of that name, and not this one |
//! | 422 and other refusals | nothing of it |
//! | 503, a broken connection, no answer | the group once, or not at all |
//!
//! A retry with the same `Idempotency-Key` is an entry of its own with the same [`Ask`].

mod difference;
mod group;
#[cfg(test)]
mod tests;

pub use difference::Difference;
pub use group::{Group, stored};

use std::collections::HashMap;

/// A create that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Ask {
    /// The name as it is stored: in NFC.
    pub name: String,
    /// A token that no other ask has, so that a row shows whose it is.
    pub token: String,
    pub admin_id: i64,
    /// The `Idempotency-Key`.
    pub key: Option<String>,
}

/// The answer to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// 201 with this group.
    Created(Group),
    /// 409: the name is taken.
    Taken,
    /// Another status that says that nothing was stored.
    Refused(u16),
    /// 503, a broken connection or no answer: stored or not.
    Open,
}

/// What was asked and answered, in no particular order.
#[derive(Debug, Default)]
pub struct Ledger {
    entries: Vec<(Ask, Answer)>,
}

impl Ledger {
    /// Adds an answer.
    pub fn record(&mut self, ask: Ask, answer: Answer) {
        self.entries.push((ask, answer));
    }

    /// The number of its entries, for [`Ledger::truncate`].
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Forgets all entries after the first `length`: a backup of that moment has nothing of them.
    pub fn truncate(&mut self, length: usize) {
        self.entries.truncate(length);
    }

    /// Adds what another ledger has.
    pub fn append(&mut self, mut other: Self) {
        self.entries.append(&mut other.entries);
    }

    /// Whether the database may have exactly these rows. An empty answer says that it may.
    pub fn check(&self, rows: &[Group]) -> Vec<Difference> {
        let mut differences = doubles(rows);
        let by_name: HashMap<&str, &Group> = rows.iter().map(|row| (&*row.name, row)).collect();
        let mut asked: HashMap<&str, Vec<&(Ask, Answer)>> = HashMap::new();
        for entry in &self.entries {
            asked.entry(&entry.0.name).or_default().push(entry);
        }
        for (name, entries) in &asked {
            check_name(entries, by_name.get(name).copied(), &mut differences);
        }
        let unasked = rows.iter().filter(|row| !asked.contains_key(&*row.name));
        differences.extend(unasked.cloned().map(Difference::NobodyAsked));
        differences
    }
}

/// Rows that share what only one may have.
fn doubles(rows: &[Group]) -> Vec<Difference> {
    let mut seen: HashMap<String, Vec<&Group>> = HashMap::new();
    for row in rows {
        let keys =
            [format!("name {}", row.name), format!("uuid {}", row.uuid), format!("token {}", row.token)];
        for key in keys {
            seen.entry(key).or_default().push(row);
        }
    }
    let mut doubles: Vec<Vec<Group>> = Vec::new();
    for rows in seen.into_values().filter(|rows| rows.len() > 1) {
        let rows: Vec<Group> = rows.into_iter().cloned().collect();
        if !doubles.contains(&rows) {
            doubles.push(rows);
        }
    }
    doubles.into_iter().map(Difference::StoredTwice).collect()
}

fn check_name(entries: &[&(Ask, Answer)], stored: Option<&Group>, differences: &mut Vec<Difference>) {
    let mut told: Option<&Group> = None;
    for (_, answer) in entries {
        let Answer::Created(group) = answer else { continue };
        match told {
            Some(first) if first != group => {
                differences.push(Difference::ToldTwice(first.clone(), group.clone()));
            }
            Some(_) => {}
            None => told = Some(group),
        }
    }
    match (told, stored) {
        (Some(told), None) => differences.push(Difference::Lost(told.clone())),
        (Some(told), Some(stored)) if told != stored => {
            differences.push(Difference::Changed { told: told.clone(), stored: stored.clone() });
        }
        (None, Some(stored)) if !entries.iter().any(|(ask, _)| is_of(stored, ask)) => {
            differences.push(Difference::NobodyAsked(stored.clone()));
        }
        _ => {}
    }
    for (ask, answer) in entries {
        let status = match answer {
            Answer::Taken => 409,
            Answer::Refused(status) => *status,
            Answer::Created(_) | Answer::Open => continue,
        };
        // Also where an earlier try was open: a retry must find its own group, and not be refused by it.
        if let Some(stored) = stored.filter(|row| is_of(row, ask)) {
            let (ask, stored) = (ask.clone(), stored.clone());
            differences.push(Difference::RefusedAndStored { ask, status, stored });
        } else if *answer == Answer::Taken {
            differences.extend(without_holder(entries, ask, stored));
        }
    }
}

/// Whether a row is what was asked for.
fn is_of(row: &Group, ask: &Ask) -> bool {
    row.token == ask.token && row.admin_id == ask.admin_id
}

/// Why a 409 is wrong, if no other request has the name.
fn without_holder(entries: &[&(Ask, Answer)], ask: &Ask, stored: Option<&Group>) -> Option<Difference> {
    // A request that was answered 201 or may have been stored, and that is another one.
    let holds = |(other, answer): &&(Ask, Answer)| {
        other != ask && matches!(answer, Answer::Created(_) | Answer::Open)
    };
    if !entries.iter().any(holds) {
        Some(Difference::TakenByNobody(ask.clone()))
    } else if stored.is_none() {
        Some(Difference::TakenAndMissing(ask.clone()))
    } else {
        None
    }
}
