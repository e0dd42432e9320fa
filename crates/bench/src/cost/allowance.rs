//! The highest cost that a create may have, in `cost.toml`.

use super::Figures;
use anyhow::{Context, ensure};
use serde::Deserialize;
use std::fs;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/cost.toml");

/// Fraction by which a create may exceed the expected instructions.
const MARGIN: f64 = 0.1;

/// The numbers in the file: the maximum of allocations, and the expected instructions.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allowance {
    allocations: f64,
    instructions: f64,
}

impl Allowance {
    /// Reads the file.
    pub fn load() -> anyhow::Result<Self> {
        toml::from_str(&fs::read_to_string(FILE).context(FILE)?).context(FILE)
    }

    /// Fails if `figures` are above the allowance.
    pub fn check(&self, figures: &Figures) -> anyhow::Result<()> {
        let allocations = figures.allocations.round();
        ensure!(
            allocations <= self.allocations,
            "a create on SQLite makes {allocations} allocations, and {FILE} allows {}",
            self.allocations
        );
        let most = self.instructions * (1.0 + MARGIN);
        ensure!(
            figures.instructions <= most,
            "a create on SQLite takes {:.0} instructions, and {FILE} allows {most:.0}",
            figures.instructions
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_allocation_more_is_too_many_and_a_tenth_more_instructions_is_not() {
        let allowance = Allowance { allocations: 100.0, instructions: 1_000.0 };
        for (allocations, instructions, is_allowed) in
            [(100.4, 1_100.0, true), (101.0, 1_000.0, false), (50.0, 1_101.0, false)]
        {
            let figures = Figures { instructions, allocations, system_calls: 0.0, functions: Vec::new() };
            assert_eq!(allowance.check(&figures).is_ok(), is_allowed, "{allocations}, {instructions}");
        }
    }

    #[test]
    fn the_file_is_valid() {
        assert!(Allowance::load().is_ok());
    }
}
