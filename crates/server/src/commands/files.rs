//! Import and export of files with one record on each line.

pub(super) mod backoff;
pub(super) mod export;
pub(super) mod import;
pub(super) mod outcome;
mod progress;
pub(super) mod records;
pub(super) mod remote;
mod stop;
