//! Runs a test on the number of inputs set in the environment.

use anyhow::{Context, anyhow};
use proptest::{
    strategy::Strategy,
    test_runner::{Config, FileFailurePersistence, TestCaseError, TestRunner},
};
use std::{env, fmt::Debug};

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
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(regressions))),
        ..Config::default()
    };
    let test = |input| test(input).map_err(|error| TestCaseError::fail(format!("{error:#}")));
    TestRunner::new(config).run(&strategy, test).map_err(|error| anyhow!("{error}"))?;
    Ok(())
}
