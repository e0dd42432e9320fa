//! Counters of the outcomes.

use indicatif::HumanCount;
use std::fmt;

/// Number of lines with each outcome so far. In a dry run, these are the outcomes that an import would have.
pub(super) struct Counts {
    dry_run: bool,
    /// Number of the last line that was counted.
    pub(super) line: u64,
    pub(super) created: u64,
    pub(super) already_existing: u64,
    pub(super) refused: u64,
}

impl Counts {
    pub(super) fn new(dry_run: bool) -> Self {
        Self { dry_run, line: 0, created: 0, already_existing: 0, refused: 0 }
    }

    /// Describes how far an incomplete import came.
    pub(super) fn so_far(&self) -> String {
        let advice = if self.dry_run { "" } else { "; it is safe to run the same import again" };
        format!("line {}: {self}{advice}", HumanCount(self.line))
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [created, already_existing, refused] =
            [self.created, self.already_existing, self.refused].map(HumanCount);
        if self.dry_run {
            write!(f, "dry run: {created} to create, already existing {already_existing}, refused {refused}")
        } else {
            write!(f, "created {created}, already existing {already_existing}, refused {refused}")
        }
    }
}
