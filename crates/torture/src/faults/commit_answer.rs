//! The answer to a commit arrives truncated, or not at all.

use super::{Fault, POSTGRES};
use crate::{trial::Trial, wait::wait_for};
use gochat_test_support::{Backend, FaultProxy, Message};

pub struct CommitAnswer;

/// The statements that commit: a batch with keys ends with `COMMIT`; a batch of plain creates is a single statement.
const COMMITS: [Message; 2] = [Message::Containing("COMMIT"), Message::Execute];

/// For each kind of answer, the number of positions at which it is cut: 0 to its size in bytes. An answer shorter than the position
/// arrives completely. The answer to a batch has a row per group.
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
            wait_for("an answer is cut", || Ok((proxy.answers_lost() > before).then_some(())))?;
            most[kind] = most[kind].max(next[kind].min(proxy.answer_length()));
            next[kind] = (next[kind] + 1) % CUT_POSITIONS[kind];
            Ok(())
        })?;
        trial.note(format!("up to {} bytes of COMMIT's answer, and up to {} of a batch's", most[0], most[1]));
        Ok(())
    }
}
