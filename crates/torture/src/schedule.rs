//! The selection of trials, and their order.

use crate::faults::{self, Fault};
use anyhow::ensure;
use fastrand::Rng;
use gochat_test_support::Backend;
use std::collections::VecDeque;

/// A fault on one database.
#[derive(Clone, Copy)]
pub struct TrialSpec {
    pub fault: &'static dyn Fault,
    pub backend: Backend,
}

impl TrialSpec {
    /// The name for `--only` and for the report: `sqlite::kill`.
    pub fn name(&self) -> String {
        format!("{}::{}", self.backend, self.fault.name())
    }

    fn has_name(&self, name: &str) -> bool {
        [self.fault.name(), &*self.name(), &*self.backend.to_string()].contains(&name)
    }

    fn has_prefix(&self, prefix: &str) -> bool {
        self.fault.name().starts_with(prefix) || self.name().starts_with(prefix)
    }
}

/// Selects trials by name; all trials if no name is given. A name that is not the exact name of a trial, a fault or a database is taken
/// as a prefix. The trials are grouped by kind, in the order of the long form.
pub fn choose(only: &[String]) -> anyhow::Result<Vec<Vec<TrialSpec>>> {
    let kinds = faults::kinds().map(|faults| {
        let on_each = |fault: &&'static dyn Fault| {
            let fault = *fault;
            fault.backends().iter().map(move |backend| TrialSpec { fault, backend: *backend })
        };
        faults.iter().flat_map(on_each).collect::<Vec<_>>()
    });
    if only.is_empty() {
        return Ok(kinds.into());
    }
    let is_exact = |name: &str| kinds.iter().flatten().any(|spec| spec.has_name(name));
    for name in only {
        let is_known = is_exact(name) || kinds.iter().flatten().any(|spec| spec.has_prefix(name));
        ensure!(is_known && !name.is_empty(), "there is no fault {name}; --list names them");
    }
    let is_chosen = |spec: &TrialSpec| {
        only.iter().any(|name| if is_exact(name) { spec.has_name(name) } else { spec.has_prefix(name) })
    };
    Ok(kinds.iter().map(|kind| kind.iter().copied().filter(&is_chosen).collect()).collect())
}

/// The order of the short form: one trial of each kind in turn, so that the time limit never skips a whole kind. The seed shuffles
/// the kinds and their trials, and chooses the database of a long fault. The second list has the trials that are left out: those of
/// long faults on the database that was not chosen.
pub fn short_form(kinds: Vec<Vec<TrialSpec>>, seed: u64) -> (Vec<TrialSpec>, Vec<TrialSpec>) {
    let mut rng = Rng::with_seed(seed);
    let mut skipped = Vec::new();
    let mut kinds: Vec<VecDeque<TrialSpec>> = kinds
        .into_iter()
        .map(|mut kind| {
            rng.shuffle(&mut kind);
            let mut names = Vec::new();
            let (done, other) = kind.into_iter().partition::<Vec<_>, _>(|spec| {
                let is_second = spec.fault.is_long() && names.contains(&spec.fault.name());
                names.push(spec.fault.name());
                !is_second
            });
            skipped.extend(other);
            done.into()
        })
        .collect();
    rng.shuffle(&mut kinds);
    let mut order = Vec::new();
    while kinds.iter().any(|kind| !kind.is_empty()) {
        order.extend(kinds.iter_mut().filter_map(VecDeque::pop_front));
    }
    (order, skipped)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn names(only: &[&str]) -> Vec<String> {
        let only: Vec<_> = only.iter().map(|name| (*name).to_owned()).collect();
        choose(&only).unwrap().iter().flatten().map(TrialSpec::name).collect()
    }

    #[test]
    fn faults_are_chosen_by_name_by_database_and_by_prefix() {
        assert_eq!(names(&["kill"]), ["sqlite::kill", "postgres::kill"]);
        assert_eq!(names(&["sqlite::kill", "lock"]), ["sqlite::kill", "sqlite::lock"]);
        assert_eq!(names(&["file-d"]), ["sqlite::file-deleted"]);
        assert_eq!(names(&["postgres::slow"]), ["postgres::slow-heads", "postgres::slow-bodies"]);
        assert!(names(&["postgres"]).iter().all(|name| name.starts_with("postgres::")));
        assert_eq!(
            choose(&["nothing".to_owned()]).err().unwrap().to_string(),
            "there is no fault nothing; --list names them"
        );
        choose(&[String::new()]).err().unwrap();
    }

    #[test]
    fn no_two_trials_have_the_same_name() {
        let all = names(&[]);
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len());
    }

    #[test]
    fn the_short_form_begins_with_one_trial_of_each_kind_and_its_seeds_cover_all_trials() {
        let mut firsts = HashSet::new();
        let mut done = HashSet::new();
        for seed in 0..40 {
            let kinds = choose(&[]).unwrap();
            let kind_of = |spec: &TrialSpec| {
                kinds.iter().position(|kind| kind.iter().any(|other| other.name() == spec.name()))
            };
            let (order, skipped) = short_form(kinds.clone(), seed);
            assert_eq!(order.len() + skipped.len(), kinds.iter().flatten().count());
            assert_eq!(order.iter().take(5).map(kind_of).collect::<HashSet<_>>().len(), 5);
            firsts.insert(order[0].name());
            done.extend(order.iter().map(TrialSpec::name));
        }
        assert!(firsts.len() > 10, "{firsts:?}");
        assert_eq!(done.len(), names(&[]).len());
    }
}
