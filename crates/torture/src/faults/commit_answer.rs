//! The answer to a commit arrives truncated, or not at all.

use super::{Fault, POSTGRES};
use crate::{trial::Trial, wait::wait_for};
use gochat_test_support::{Backend, FaultProxy, Message};

pub struct CommitAnswer;

/// The statements that commit: a batch that has creates with an `Idempotency-Key` ends with `COMMIT`; a batch of plain creates is a
/// single statement.
const COMMITS: [Message; 2] = [Message::Commit, Message::Execute];

/// Number of positions at which the answer to each of [`COMMITS`] is cut: after 0, 1, 2, … bytes. An answer that is shorter than the
/// position arrives completely. The second answer is longer, because it has a row per group.
const CUT_POSITIONS: [usize; 2] = [19, 100];

impl Fault for CommitAnswer {
    fn name(&self) -> &'static str {
        "commit-answer"
    }

    fn about(&self) -> &'static str {
        "a proxy cuts the connection at each byte of the answer to `COMMIT`, and to a batch that is a single statement"
    }

    fn backends(&self) -> &'static [Backend] {
        POSTGRES
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        let deployment = trial.deployment()?;
        let proxy = FaultProxy::in_front_of(&deployment.url)?;
        let deployment = deployment.with_url(proxy.url());
        let (mut next, mut most) = ([0, 0], [0, 0]);
        super::rounds(trial, &deployment, [200, 12], |_, trial, _| {
            let kind = trial.rounds() as usize % 2;
            let before = proxy.answers_lost();
            proxy.cut_answer(COMMITS[kind], trial.rng.usize(1..5), next[kind]);
            wait_for("an answer to be cut", || Ok((proxy.answers_lost() > before).then_some(())))?;
            most[kind] = most[kind].max(next[kind].min(proxy.answer_length()));
            next[kind] = (next[kind] + 1) % CUT_POSITIONS[kind];
            Ok(())
        })?;
        trial.note(format!("cut after up to {} bytes of the answer to `COMMIT`, and up to {} bytes of the answer to a single statement", most[0], most[1]));
        Ok(())
    }
}
