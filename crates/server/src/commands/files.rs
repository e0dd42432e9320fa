//! Import and export of files with one record on each line.

pub(super) mod backoff;
pub(super) mod export;
pub(super) mod import;
mod progress;
pub(super) mod records;
mod stop;
