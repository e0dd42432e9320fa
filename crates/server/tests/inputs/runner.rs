//! Runs a test on the number of inputs set in the environment.

use anyhow::{Context, anyhow};
use proptest::{
    strategy::Strategy,
    test_runner::{Config, FileFailurePersistence, TestCaseError, TestError, TestRunner},
};
use std::{collections::BTreeSet, env, fmt::Debug, fs};

/// Longest search for a smaller input that fails too, in milliseconds. It must end before the deadline of the case, which
/// would hide the failure.
const MAX_SHRINK_MILLIS: u32 = 60_000;

/// Number of characters of a failing input that are printed. Its seed reproduces all of it.
const PRINTED: usize = 2_000;

/// Returns the number of inputs of each kind.
pub fn count() -> anyhow::Result<u32> {
    match env::var("GOCHAT_TEST_INPUTS") {
        Ok(count) => count.parse().context("GOCHAT_TEST_INPUTS is not a number"),
        Err(_) => Ok(500),
    }
}

/// Runs `test` on `cases` inputs of the strategy, after the earlier failures in the file `regressions`.
pub fn run<S: Strategy>(
    cases: u32,
    regressions: &'static str,
    strategy: S,
    test: impl Fn(S::Value) -> anyhow::Result<()>,
) -> anyhow::Result<()>
where
    S::Value: Debug,
{
    let config = Config {
        cases,
        max_shrink_iters: 10_000,
        max_shrink_time: MAX_SHRINK_MILLIS,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(regressions))),
        ..Config::default()
    };
    let saved_before = saved_seeds(regressions);
    let test = |input| test(input).map_err(|error| TestCaseError::fail(format!("{error:#}")));
    TestRunner::new(config).run(&strategy, test).map_err(|error| match error {
        TestError::Abort(reason) => anyhow!("aborted: {reason}"),
        // The reason comes last, where a long output is read first.
        TestError::Fail(reason, input) => {
            let input: String = format!("{input:?}").chars().take(PRINTED).collect();
            let seeds = saved_seeds(regressions);
            let seed = seeds.difference(&saved_before).next();
            let seed =
                seed.map_or_else(|| format!("a seed of {regressions}"), |seed| format!("the seed cc {seed}"));
            anyhow!("the input {input}\nwith {seed} fails: {reason}")
        }
    })?;
    Ok(())
}

/// Returns the seeds in a file of regressions.
fn saved_seeds(regressions: &str) -> BTreeSet<String> {
    let saved = fs::read_to_string(regressions).unwrap_or_default();
    let seeds = saved.lines().filter_map(|line| line.strip_prefix("cc ")?.split(' ').next());
    seeds.map(str::to_owned).collect()
}
