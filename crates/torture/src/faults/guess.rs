//! Clients that guess API keys.

use super::Fault;
use crate::{
    client::{Client, request},
    hostile,
    trial::Trial,
};
use fastrand::Rng;
use std::sync::atomic::{AtomicU64, Ordering};

pub struct Guess;

/// Number of connections.
const GUESSERS: usize = 64;

impl Fault for Guess {
    fn name(&self) -> &'static str {
        "guess"
    }

    fn about(&self) -> &'static str {
        "64 connections guess API keys: each guess is answered 401 (or 503); clients with a valid key are served"
    }

    fn is_long(&self) -> bool {
        true
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        let deployment = trial.deployment()?;
        let mut server = deployment.start()?;
        while trial.next_round(3, 1) {
            let (port, seeds) = (server.port, AtomicU64::new(trial.rng.u64(..)));
            let guesses = hostile::attack(trial, &deployment, &server, GUESSERS, |stop| {
                let mut rng = Rng::with_seed(seeds.fetch_add(1, Ordering::Relaxed));
                let (mut client, mut counts) = (Client::new(port), [0_u64; 3]);
                while !stop.load(Ordering::Relaxed) {
                    let key: String = (0..43).map(|_| rng.alphanumeric()).collect();
                    let guess =
                        request("GET", "/v1/group/1", &[("GoChat-Token", &format!("gck_{key}"))], b"");
                    match client.send(&guess).map(|reply| reply.status) {
                        Ok(401) => counts[0] += 1,
                        Ok(503) => counts[1] += 1,
                        _ => counts[2] += 1,
                    }
                }
                counts
            })?;
            let [refused, unavailable, other] =
                [0, 1, 2].map(|kind| guesses.iter().map(|counts| counts[kind]).sum::<u64>());
            trial.expect(other == 0, || format!("{other} guesses were answered neither 401 nor 503"));
            trial.note(format!("{refused} guesses answered 401, {unavailable} answered 503"));
        }
        server.terminate()?;
        trial.finish(&deployment)
    }
}
