//! The connection limit, derived from the limit of file descriptors.

use super::{Layers, SettingError};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::io;

/// Default number of connections if there are enough descriptors. Each connection takes memory.
const DEFAULT: usize = 10_000;

/// Connections that a worker may accept beyond its share of the limit, either to answer 503 or to replace an idle one.
pub(crate) const SPARE_CONNECTIONS: usize = 16;

/// Descriptors of the process itself: listeners, the runtime, and connections of the admin listener.
const PROCESS_DESCRIPTORS: usize = 128;

/// Descriptors of one database connection. SQLite opens the database, its write-ahead log, the index of that log, and a
/// folder.
const PER_DATABASE_CONNECTION: usize = 4;

/// Returns the connection limit: the setting, or a default that leaves descriptors for everything else.
pub(super) fn max_connections(layers: &Layers, workers: usize) -> Result<usize, SettingError> {
    let setting = "http.max_connections";
    let configured = layers.number(setting, 0..=1_000_000)?;
    let pooled: usize = layers.number("database.pool_size", 1..=1000)?;
    let writers: usize = layers.number("writer.writers", 1..=64)?;
    // Two more connections are for look-ups of keys and sessions, and for the readiness probe.
    let reserved =
        PROCESS_DESCRIPTORS + workers * SPARE_CONNECTIONS + (pooled + writers + 2) * PER_DATABASE_CONNECTION;
    let limit = getrlimit(Resource::Nofile)
        .maximum
        .map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let available = limit.saturating_sub(reserved);
    match configured {
        0 if available > 0 => Ok(available.min(DEFAULT)),
        1.. if configured <= available => Ok(configured),
        _ => Err(layers.refused(
            setting,
            &configured.to_string(),
            format!(
                "at most {available}, as a process may have {limit} files open (ulimit -n, LimitNOFILE) and {reserved} of them \
                 are reserved for other uses"
            ),
        )),
    }
}

/// Raises the soft limit of open files to the hard limit. The default soft limit is low for the sake of programs that
/// use `select`.
pub(crate) fn raise_file_limit() -> io::Result<()> {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    Ok(setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?)
}
