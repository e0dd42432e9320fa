//! The lines of a stream, and what their answers may be.

use crate::{
    ledger::{Answer, CreateRequest, Group, Ledger},
    trial::Trial,
};
use serde::Deserialize;
use std::{collections::HashMap, fmt::Write as _, iter};

/// New groups, one a line. Every other line has an `idempotency_key`.
pub struct SentLines {
    requests: Vec<CreateRequest>,
    body: String,
    ledger: Ledger,
}

/// A line of a reply.
#[derive(Debug, Deserialize)]
pub struct LineAnswer {
    line: usize,
    status: u16,
    code: Option<String>,
    group: Option<Group>,
    group_id: Option<i64>,
}

impl SentLines {
    pub fn new(trial: &mut Trial, count: usize) -> anyhow::Result<Self> {
        let (mut requests, mut body, mut ledger) = (Vec::new(), String::new(), Ledger::default());
        for number in 0..count {
            // Long texts, so that few answers fill the buffers of a connection.
            let [name, token] = ["line", "token"].map(|word| format!("{word}-{number}-{}", "😀".repeat(50)));
            let admin_id = trial.rng.i64(1..);
            let key = (number % 2 == 0).then(|| format!("key-{number}"));
            write!(body, r#"{{"name":"{name}","token":"{token}","admin_id":{admin_id}"#)?;
            if let Some(key) = &key {
                write!(body, r#","idempotency_key":"{key}""#)?;
            }
            body += "}\n";
            let request = CreateRequest { name, token, admin_id, key };
            // A line that was sent may be stored, answered or not.
            ledger.record(request.clone(), Answer::Unknown);
            requests.push(request);
        }
        Ok(Self { requests, body, ledger })
    }

    /// The body of the request.
    pub fn body(&self) -> &[u8] {
        self.body.as_bytes()
    }

    /// The lines with their answers.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Records the answers to the first lines of a stream. A line without a key may be stored since an earlier stream, so its
    /// name may be taken.
    pub fn record(&mut self, trial: &mut Trial, answers: &[LineAnswer]) {
        trial.tally.requests += answers.len() as u64;
        for (number, (answer, request)) in iter::zip(answers, &self.requests).enumerate() {
            let is_allowed = match answer.status {
                201 => answer.group.is_some(),
                409 => request.key.is_none() && answer.code.as_deref() == Some("group_name_taken"),
                status => status == 503,
            };
            trial.expect(is_allowed && answer.line == number + 1, || format!("{request:?}: {answer:?}"));
            if let Some(group) = &answer.group {
                trial.tally.created += 1;
                self.ledger.record(request.clone(), Answer::Created(group.clone()));
            }
            trial.tally.taken += u64::from(answer.status == 409);
            trial.tally.unavailable += u64::from(answer.status == 503);
        }
    }

    /// Checks the answers to a stream whose lines are all stored: with a key the first answer, and without one a conflict with
    /// its own group.
    pub fn check_repeated(&self, trial: &mut Trial, answers: &[LineAnswer], rows: &[Group]) {
        trial.tally.requests += answers.len() as u64;
        trial.expect(answers.len() == self.requests.len(), || format!("{} answers", answers.len()));
        let by_name: HashMap<&str, &Group> = rows.iter().map(|row| (&*row.name, row)).collect();
        for (answer, request) in iter::zip(answers, &self.requests) {
            let row = by_name.get(&*request.name).copied();
            let is_allowed = if request.key.is_some() {
                answer.status == 201 && answer.group.as_ref() == row
            } else {
                answer.status == 409 && answer.group_id == row.map(|row| row.id)
            };
            trial.tally.replayed += u64::from(answer.status == 201);
            trial.tally.taken += u64::from(answer.status == 409);
            trial.expect(is_allowed, || format!("{request:?} is stored as {row:?}, and answered {answer:?}"));
        }
    }
}
