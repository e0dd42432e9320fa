//! Detection of a transaction-mode pooler in front of PostgreSQL, such as PgBouncer.
//!
//! A pooler looks like a server, so it is detected by its effects. Behind one, session settings would leak to other
//! clients, and a prepared statement could be missing or be another client's statement of the same name.

use super::postgres;
use crate::{Fault, database_url::ConnectionString};
use diesel::{
    PgConnection, QueryDsl, RunQueryDsl, TextExpressionMethods, connection::SimpleConnection, dsl::sql,
    select, sql_types::Integer,
};

/// Number of times that the session of each connection is checked. An idle pooler is detected by the first check.
const ROUNDS: usize = 5;

/// Returns true if transactions of one connection run in different sessions, or those of two connections in the same
/// session.
pub(super) fn is_transaction_mode(url: &ConnectionString) -> Result<bool, Fault> {
    let (mut one, mut other) = (postgres::open(url, false)?, postgres::open(url, false)?);
    let (session, other_session) = (backend_id(&mut one)?, backend_id(&mut other)?);
    if session == other_session {
        return Ok(true);
    }
    for _ in 1..ROUNDS {
        if backend_id(&mut one)? != session || backend_id(&mut other)? != other_session {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Returns the id of the backend that runs the next transaction.
fn backend_id(connection: &mut PgConnection) -> Result<i32, Fault> {
    connection.batch_execute("BEGIN")?;
    let process = select(sql::<Integer>("pg_backend_pid()")).get_result(connection)?;
    connection.batch_execute("COMMIT")?;
    Ok(process)
}

diesel::table! {
    /// The prepared statements of the session.
    pg_prepared_statements (name) {
        name -> Text,
        statement -> Text,
    }
}

/// Checks that the pooler tracks prepared statements for each client, as PgBouncer does since 1.21 with
/// `max_prepared_statements`.
pub(super) fn check_prepared_statements(url: &ConnectionString) -> Result<(), Fault> {
    let mut connection = postgres::open(url, true)?;
    connection.batch_execute("BEGIN")?;
    // This query is itself a prepared statement, so its result contains it: with the statement name that Diesel chose,
    // or with one that the pooler chose.
    let own = pg_prepared_statements::table
        .select(pg_prepared_statements::name)
        .filter(pg_prepared_statements::statement.like("%pg_prepared_statements%"))
        .load::<String>(&mut connection);
    let unchanged_name = match &own {
        Ok(names) => names.iter().find(|name| name.starts_with("__diesel")),
        // The query is assumed to have failed because another client's statement in this session already has the name
        // that Diesel chose.
        Err(_) => None,
    };
    if let Some(name) = unchanged_name {
        connection.batch_execute(&format!("DEALLOCATE \"{name}\""))?;
    }
    connection.batch_execute("ROLLBACK")?;
    if own.is_ok() && unchanged_name.is_none() {
        return Ok(());
    }
    Err(Fault::Unknown(
        "a transaction-mode pooler does not support prepared statements (PgBouncer before 1.21, or \
         with max_prepared_statements = 0); set database.prepared_statements = false"
            .to_owned(),
    ))
}
