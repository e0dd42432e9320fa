//! Every create that was asked for and its answer, and what may then be in the database.
//!
//! | answer | the database has |
//! | --- | --- |
//! | 201 | the group, once, with the six fields of the reply |
//! | 409 | a group of that name, and not this one |
//! | 422 and other refusals | nothing of it |
//! | 503, a broken connection, no answer | the group once, or not at all |
//!
//! A retry with the same `Idempotency-Key` is an entry of its own with the same [`CreateRequest`].

mod difference;
mod group;
#[cfg(test)]
mod tests;

pub use difference::Difference;
pub use group::{Group, stored};

use std::collections::HashMap;

/// A create that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CreateRequest {
    /// The name as it is stored: in NFC.
    pub name: String,
    /// A token that no other request has, so that a row shows whose it is.
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
    Unknown,
}

/// What was asked and answered, in no particular order.
#[derive(Debug, Default)]
pub struct Ledger {
    entries: Vec<(CreateRequest, Answer)>,
}

impl Ledger {
    /// Adds an answer.
    pub fn record(&mut self, request: CreateRequest, answer: Answer) {
        self.entries.push((request, answer));
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
        let mut differences = duplicates(rows);
        let by_name: HashMap<&str, &Group> = rows.iter().map(|row| (&*row.name, row)).collect();
        let mut asked: HashMap<&str, Vec<&(CreateRequest, Answer)>> = HashMap::new();
        for entry in &self.entries {
            asked.entry(&entry.0.name).or_default().push(entry);
        }
        for (name, entries) in &asked {
            check_name(entries, by_name.get(name).copied(), &mut differences);
        }
        let unasked = rows.iter().filter(|row| !asked.contains_key(&*row.name));
        differences.extend(unasked.cloned().map(Difference::NotRequested));
        differences
    }
}

/// Rows that share what only one may have.
fn duplicates(rows: &[Group]) -> Vec<Difference> {
    let mut seen: HashMap<String, Vec<&Group>> = HashMap::new();
    for row in rows {
        let keys =
            [format!("name {}", row.name), format!("uuid {}", row.uuid), format!("token {}", row.token)];
        for key in keys {
            seen.entry(key).or_default().push(row);
        }
    }
    let mut duplicates: Vec<Vec<Group>> = Vec::new();
    for rows in seen.into_values().filter(|rows| rows.len() > 1) {
        let rows: Vec<Group> = rows.into_iter().cloned().collect();
        if !duplicates.contains(&rows) {
            duplicates.push(rows);
        }
    }
    duplicates.into_iter().map(Difference::StoredTwice).collect()
}

fn check_name(
    entries: &[&(CreateRequest, Answer)],
    stored: Option<&Group>,
    differences: &mut Vec<Difference>,
) {
    let mut acknowledged: Option<&Group> = None;
    for (_, answer) in entries {
        let Answer::Created(group) = answer else { continue };
        match acknowledged {
            Some(first) if first != group => {
                differences.push(Difference::TwoGroupsForOneName(first.clone(), group.clone()));
            }
            Some(_) => {}
            None => acknowledged = Some(group),
        }
    }
    match (acknowledged, stored) {
        (Some(acknowledged), None) => differences.push(Difference::Lost(acknowledged.clone())),
        (Some(acknowledged), Some(stored)) if acknowledged != stored => {
            differences
                .push(Difference::Changed { acknowledged: acknowledged.clone(), stored: stored.clone() });
        }
        (None, Some(stored)) if !entries.iter().any(|(request, _)| matches_request(stored, request)) => {
            differences.push(Difference::NotRequested(stored.clone()));
        }
        _ => {}
    }
    for (request, answer) in entries {
        let status = match answer {
            Answer::Taken => 409,
            Answer::Refused(status) => *status,
            Answer::Created(_) | Answer::Unknown => continue,
        };
        // Also where an earlier try was open: a retry must find its own group, and not be refused by it.
        if let Some(stored) = stored.filter(|row| matches_request(row, request)) {
            let (request, stored) = (request.clone(), stored.clone());
            differences.push(Difference::RefusedAndStored { request, status, stored });
        } else if *answer == Answer::Taken {
            differences.extend(check_conflict(entries, request, stored));
        }
    }
}

/// Whether a row is what was asked for.
fn matches_request(row: &Group, request: &CreateRequest) -> bool {
    row.token == request.token && row.admin_id == request.admin_id
}

/// Why a 409 is wrong, if no other request has the name.
fn check_conflict(
    entries: &[&(CreateRequest, Answer)],
    request: &CreateRequest,
    stored: Option<&Group>,
) -> Option<Difference> {
    // A request that was answered 201 or may have been stored, and that is another one.
    let holds = |(other, answer): &&(CreateRequest, Answer)| {
        other != request && matches!(answer, Answer::Created(_) | Answer::Unknown)
    };
    if !entries.iter().any(holds) {
        Some(Difference::ConflictWithoutRival(request.clone()))
    } else if stored.is_none() {
        Some(Difference::ConflictWithoutRow(request.clone()))
    } else {
        None
    }
}
