//! Files for PostgreSQL's write-ahead log.
//!
//! A checkpoint of PostgreSQL renames the files of the log that are no longer needed, to be used again. A new cluster has
//! none of them, so after every 16 MiB it fills a new file with zeros and flushes it, while all commits wait. That
//! happens to the fastest system most often, but only in the first minutes of a cluster's life
//! (<https://www.postgresql.org/docs/current/wal-configuration.html>).

use gochat_test_support::PlainSql;

/// 1 GiB: more than any load uses, but for those of the dashboard, which take minutes. It is also the default of
/// `max_wal_size`, above which a checkpoint would remove files.
const FILES: u32 = 64;

/// Provides files for the log of the next loads.
pub fn provide(sql: &mut PlainSql) -> anyhow::Result<()> {
    sql.execute(&format!(
        "DO $$ BEGIN
            FOR file IN 1..{FILES} LOOP
                -- `pg_switch_wal` does nothing while the current file is unused.
                PERFORM pg_logical_emit_message(false, 'benchmark', '');
                PERFORM pg_switch_wal();
            END LOOP;
        END $$"
    ))?;
    sql.execute("CHECKPOINT")
}
