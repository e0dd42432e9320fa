//! Counts of memberships that the writer remembers in a temporary table of its connection.
//!
//! A count takes time in proportion to the memberships of a group. Triggers of the connection keep a remembered count up to
//! date, and a rollback undoes what they did. `PRAGMA data_version` tells whether another connection has changed the file
//! since (<https://sqlite.org/pragma.html#pragma_data_version>).

use crate::{Fault, prepared_statement::prepared_statement};
use diesel::{
    OptionalExtension, RunQueryDsl, SqliteConnection, connection::SimpleConnection, sql_types::BigInt,
    sqlite::Sqlite,
};

/// A count of this many memberships takes as long as finding a remembered one.
const SHORT: i64 = 100;

/// The slot of a group is its id modulo 10,000, so the table has 10,000 rows at most. A newly remembered group replaces
/// the one that has its slot.
const CREATE: &str = "
    CREATE TEMP TABLE counts (
        slot INTEGER PRIMARY KEY, group_id INTEGER NOT NULL, memberships INTEGER NOT NULL, data_version INTEGER NOT NULL);
    CREATE TEMP TRIGGER count_insert AFTER INSERT ON main.members BEGIN
        UPDATE counts SET memberships = memberships + 1 WHERE slot = NEW.group_id % 10000 AND group_id = NEW.group_id;
    END;
    CREATE TEMP TRIGGER count_delete AFTER DELETE ON main.members BEGIN
        UPDATE counts SET memberships = memberships - 1 WHERE slot = OLD.group_id % 10000 AND group_id = OLD.group_id;
    END";

/// Returns the number of memberships of each group, up to `limit`.
pub(super) fn count(
    connection: &mut SqliteConnection,
    groups: &[i64],
    limit: i64,
) -> Result<Vec<i64>, Fault> {
    if limit <= SHORT {
        let count = |group: &i64| Ok(Count { group: *group, limit }.get_result(connection)?);
        return groups.iter().map(count).collect();
    }
    if (TemporaryTables {}).get_result::<i64>(connection)? == 0 {
        connection.batch_execute(CREATE)?;
    }
    let data_version: i64 = DataVersion {}.get_result(connection)?;
    let count = |group: &i64| {
        let group = *group;
        let remembered =
            Remembered { group, of_slot: group, data_version }.get_result(connection).optional()?;
        if let Some(memberships) = remembered {
            return Ok(memberships);
        }
        let memberships = Count { group, limit }.get_result(connection)?;
        // At the limit there may be more.
        if (SHORT..limit).contains(&memberships) {
            Remember { of_slot: group, group, memberships, data_version }.execute(connection)?;
        }
        Ok(memberships)
    };
    groups.iter().map(count).collect()
}

prepared_statement! {
    /// `prepared_statement` says why it is `LIMIT 0 + ?`.
    struct Count for SqliteConnection, Sqlite => BigInt;
    "SELECT count(*) FROM (SELECT 1 FROM members WHERE group_id = " [group: i64 as BigInt]
    " LIMIT 0 + " [limit: i64 as BigInt] ")"
}

prepared_statement! {
    struct TemporaryTables for SqliteConnection, Sqlite => BigInt;
    "SELECT count(*) FROM sqlite_temp_master"
}

prepared_statement! {
    struct DataVersion for SqliteConnection, Sqlite => BigInt;
    "PRAGMA data_version"
}

prepared_statement! {
    struct Remembered for SqliteConnection, Sqlite => BigInt;
    "SELECT memberships FROM counts WHERE group_id = " [group: i64 as BigInt]
    " AND slot = " [of_slot: i64 as BigInt] " % 10000 AND data_version = " [data_version: i64 as BigInt] ""
}

prepared_statement! {
    struct Remember for SqliteConnection, Sqlite => ();
    "INSERT OR REPLACE INTO counts (slot, group_id, memberships, data_version) VALUES (" [of_slot: i64 as BigInt]
    " % 10000, " [group: i64 as BigInt] ", " [memberships: i64 as BigInt] ", " [data_version: i64 as BigInt] ")"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        connection::{AnyConnection, OpenConnection, Role},
        testing::migrated,
    };
    use diesel::{dsl::sql, select};
    use gochat_test_support::{Backend, run_case};

    /// Stores memberships of the group 1.
    fn join(users: std::ops::Range<i64>) -> String {
        let rows: Vec<_> = users.map(|user| format!("(1, {user}, 0)")).collect();
        format!("INSERT INTO members (group_id, user_id, joined_at) VALUES {}", rows.join(", "))
    }

    fn sqlite(connection: &mut OpenConnection) -> &mut SqliteConnection {
        match &mut **connection {
            AnyConnection::Sqlite(connection) => connection,
            AnyConnection::Postgres(_) => panic!("not SQLite"),
        }
    }

    #[test]
    fn a_count_is_remembered_until_another_connection_commits() {
        run_case([Backend::Sqlite], |database| {
            let mut connection = migrated(&database).open(Role::Writer)?;
            let connection = sqlite(&mut connection);
            connection.batch_execute(&join(1..121))?;
            let counted = |connection: &mut SqliteConnection| count(connection, &[1], 1_000).unwrap();
            assert_eq!(counted(connection), [120]);
            // A number that no count returns.
            connection.batch_execute("UPDATE counts SET memberships = 500")?;
            assert_eq!(counted(connection), [500]);
            connection.batch_execute(&join(200..210))?;
            assert_eq!(counted(connection), [510]);
            connection.batch_execute("DELETE FROM members WHERE user_id < 3")?;
            assert_eq!(counted(connection), [508]);
            connection.batch_execute("BEGIN IMMEDIATE")?;
            connection.batch_execute(&join(300..310))?;
            assert_eq!(counted(connection), [518]);
            connection.batch_execute("ROLLBACK")?;
            assert_eq!(counted(connection), [508]);
            database.execute(&join(400..401))?;
            assert_eq!(counted(connection), [129]);
            Ok(())
        });
    }

    #[test]
    fn counts_that_are_short_or_not_complete_are_not_remembered() {
        run_case([Backend::Sqlite], |database| {
            let mut connection = migrated(&database).open(Role::Writer)?;
            let connection = sqlite(&mut connection);
            let mut remembered = |limit| -> anyhow::Result<i64> {
                assert!(count(connection, &[1], limit)?[0] <= limit);
                Ok(select(sql::<BigInt>("count(*) FROM counts")).get_result(connection)?)
            };
            database.execute(&join(1..100))?;
            assert_eq!(remembered(1_000)?, 0);
            database.execute(&join(100..200))?;
            assert_eq!(remembered(199)?, 0);
            assert_eq!(remembered(200)?, 1);
            Ok(())
        });
    }
}
