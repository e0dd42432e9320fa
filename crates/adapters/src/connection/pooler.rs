//! A pooler before PostgreSQL that hands each transaction to another session, like PgBouncer in transaction mode.
//!
//! It looks like a server, so it is recognised by its effects. Settings of a session would reach other clients, and a prepared
//! statement would be missing, or another client's of the same name would run in its place.

use super::postgres;
use crate::Fault;
use diesel::{
    PgConnection, QueryDsl, RunQueryDsl, TextExpressionMethods, connection::SimpleConnection, dsl::sql,
    select, sql_types::Integer,
};

/// Times that each connection is asked for its session. A pooler that is at rest gives itself away at the first time.
const ROUNDS: usize = 5;

/// Whether transactions of one connection meet different sessions, or those of two connections the same one.
pub(super) fn is_transaction_mode(url: &str) -> Result<bool, Fault> {
    let (mut one, mut other) = (postgres::open(url, false)?, postgres::open(url, false)?);
    let (session, other_session) = (session(&mut one)?, self::session(&mut other)?);
    if session == other_session {
        return Ok(true);
    }
    for _ in 1..ROUNDS {
        if self::session(&mut one)? != session || self::session(&mut other)? != other_session {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The process that serves the next transaction.
fn session(connection: &mut PgConnection) -> Result<i32, Fault> {
    connection.batch_execute("BEGIN")?;
    let process = select(sql::<Integer>("pg_backend_pid()")).get_result(connection)?;
    connection.batch_execute("COMMIT")?;
    Ok(process)
}

diesel::table! {
    /// The statements that are prepared in a session.
    pg_prepared_statements (name) {
        name -> Text,
        statement -> Text,
    }
}

/// Passes if the pooler keeps prepared statements for each client, as PgBouncer does from 1.21 on with
/// `max_prepared_statements`.
pub(super) fn check_prepared_statements(url: &str) -> Result<(), Fault> {
    let mut connection = postgres::open(url, true)?;
    connection.batch_execute("BEGIN")?;
    // This statement is prepared itself, so it finds itself: by the name that the client gave, or by one that the pooler did.
    let own = pg_prepared_statements::table
        .select(pg_prepared_statements::name)
        .filter(pg_prepared_statements::statement.like("%pg_prepared_statements%"))
        .load::<String>(&mut connection);
    let passed_on = match &own {
        Ok(names) => names.iter().find(|name| name.starts_with("__diesel")),
        // Another client's statement has the name.
        Err(_) => None,
    };
    if let Some(name) = passed_on {
        connection.batch_execute(&format!("DEALLOCATE \"{name}\""))?;
    }
    connection.batch_execute("ROLLBACK")?;
    if own.is_ok() && passed_on.is_none() {
        return Ok(());
    }
    Err(Fault::Unknown(
        "a pooler hands each transaction to another session and does not keep prepared statements (PgBouncer before 1.21, or \
         with max_prepared_statements = 0); set database.prepared_statements = false"
            .to_owned(),
    ))
}
