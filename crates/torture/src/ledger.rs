//! Every create request with its answer, and the database content that they allow.
//!
//! | answer | expected in the database |
//! | --- | --- |
//! | 201 | the group, once, with the six fields of the reply |
//! | 409 | another group of that name, and not this one |
//! | 422 and other refusals | nothing |
//! | 503, a broken connection, no answer | the group once, or not at all |
//!
//! A retry with the same `Idempotency-Key` is a separate entry with the same [`CreateRequest`].

mod difference;
mod group;
#[cfg(test)]
mod tests;

pub use difference::Difference;
pub use group::{Group, stored};

use std::collections::HashMap;

/// A request to create a group.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CreateRequest {
    /// The name as it is stored, in NFC.
    pub name: String,
    /// A token that no other request has, so that a row shows which request it is from.
    pub token: String,
    pub admin_id: i64,
    /// The `Idempotency-Key`.
    pub key: Option<String>,
}

/// The answer to a create request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// 201 with this group.
    Created(Group),
    /// 409: the name is taken.
    Taken,
    /// Another status that means that nothing was stored.
    Refused(u16),
    /// 503, a broken connection or no answer: the group may be stored or not.
    Unknown,
}

/// Requests with their answers, in no particular order.
#[derive(Debug, Default)]
pub struct Ledger {
    entries: Vec<(CreateRequest, Answer)>,
}

impl Ledger {
    /// Adds an answer.
    pub fn record(&mut self, request: CreateRequest, answer: Answer) {
        self.entries.push((request, answer));
    }

    /// The number of entries, for [`Ledger::truncate`].
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Removes all entries after the first `length`, because a backup of that time does not contain them.
    pub fn truncate(&mut self, length: usize) {
        self.entries.truncate(length);
    }

    /// Adds the entries of another ledger.
    pub fn append(&mut self, mut other: Self) {
        self.entries.append(&mut other.entries);
    }

    /// Compares the ledger with the rows of the database. The result is empty if the rows are allowed.
    pub fn check(&self, rows: &[Group]) -> Vec<Difference> {
        let mut differences = duplicates(rows);
        let row_by_name: HashMap<&str, &Group> = rows.iter().map(|row| (&*row.name, row)).collect();
        let mut by_requested_name: HashMap<&str, Vec<&(CreateRequest, Answer)>> = HashMap::new();
        for entry in &self.entries {
            by_requested_name.entry(&entry.0.name).or_default().push(entry);
        }
        for (name, entries) in &by_requested_name {
            check_name(entries, row_by_name.get(name).copied(), &mut differences);
        }
        let not_requested = rows.iter().filter(|row| !by_requested_name.contains_key(&*row.name));
        differences.extend(not_requested.cloned().map(Difference::NotRequested));
        differences
    }
}

/// Rows with the same name, UUID or token.
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
        // A refused request must not be stored, even if an earlier try of it was inconclusive. The retry should have been answered
        // 201 with that group.
        if let Some(stored) = stored.filter(|row| matches_request(row, request)) {
            let (request, stored) = (request.clone(), stored.clone());
            differences.push(Difference::RefusedAndStored { request, status, stored });
        } else if *answer == Answer::Taken {
            differences.extend(check_conflict(entries, request, stored));
        }
    }
}

/// Returns whether a row is the result of a request.
fn matches_request(row: &Group, request: &CreateRequest) -> bool {
    row.token == request.token && row.admin_id == request.admin_id
}

/// Checks a 409: some other request must have the name.
fn check_conflict(
    entries: &[&(CreateRequest, Answer)],
    request: &CreateRequest,
    stored: Option<&Group>,
) -> Option<Difference> {
    // Another request that was answered 201, or whose group may be stored.
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
