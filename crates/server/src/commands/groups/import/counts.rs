//! Counters of the outcomes.

use indicatif::HumanCount;
use std::fmt;

/// Number of lines with each outcome so far. In a dry run, these are the outcomes that an import would have.
pub(super) struct Counts {
    dry_run: bool,
    pub(super) line: u64,
    pub(super) created: u64,
    pub(super) there_already: u64,
    pub(super) refused: u64,
}

impl Counts {
    pub(super) fn new(dry_run: bool) -> Self {
        Self { dry_run, line: 0, created: 0, there_already: 0, refused: 0 }
    }

    /// Describes how far an incomplete import came.
    pub(super) fn so_far(&self) -> String {
        let again = if self.dry_run { "" } else { "; it is safe to run the same import again" };
        format!("line {}: {self}{again}", HumanCount(self.line))
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [created, there_already, refused] =
            [self.created, self.there_already, self.refused].map(HumanCount);
        if self.dry_run {
            write!(f, "dry run: {created} to create, there already {there_already}, refused {refused}")
        } else {
            write!(f, "created {created}, there already {there_already}, refused {refused}")
        }
    }
}
