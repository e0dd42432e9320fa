//! Raw SQL for tests, independent of the code under test.

use anyhow::{Context, bail};
use diesel::{
    Connection, PgConnection, RunQueryDsl, SqliteConnection,
    backend::Backend,
    connection::SimpleConnection,
    deserialize::{self, FromSql, QueryableByName},
    row::{Field, NamedRow},
    sql_query,
    sql_types::Text,
};

/// A raw connection. Dropping it rolls an open transaction back.
pub enum PlainSql {
    /// To a SQLite file.
    Sqlite(SqliteConnection),
    /// To a PostgreSQL database.
    Postgres(PgConnection),
}

impl PlainSql {
    /// Connects to `url`: `sqlite://PATH` or `postgres://…`.
    pub fn connect(url: &str) -> anyhow::Result<Self> {
        match url.split_once("://") {
            Some(("sqlite", path)) => {
                let mut connection = SqliteConnection::establish(path)?;
                connection.batch_execute("PRAGMA busy_timeout = 60000")?;
                Ok(Self::Sqlite(connection))
            }
            Some(("postgres" | "postgresql", _)) => Ok(Self::Postgres(PgConnection::establish(url)?)),
            _ => bail!("neither SQLite nor PostgreSQL"),
        }
    }

    /// Runs statements, with `;` between them.
    pub fn execute(&mut self, sql: &str) -> anyhow::Result<()> {
        match self {
            Self::Sqlite(connection) => connection.batch_execute(sql),
            Self::Postgres(connection) => connection.batch_execute(sql),
        }
        .with_context(|| sql.to_owned())
    }

    /// Returns the rows of a query, with values as text, and NULL as `NULL`.
    ///
    /// The query must cast other types to text (`id::text`), as PostgreSQL sends values in the format of their type.
    pub fn rows(&mut self, sql: &str) -> anyhow::Result<Vec<Vec<String>>> {
        let rows: Vec<Row> = match self {
            Self::Sqlite(connection) => sql_query(sql).load(connection),
            Self::Postgres(connection) => sql_query(sql).load(connection),
        }
        .with_context(|| sql.to_owned())?;
        Ok(rows.into_iter().map(|Row(values)| values).collect())
    }
}

struct Row(Vec<String>);

impl<DB: Backend> QueryableByName<DB> for Row
where
    String: FromSql<Text, DB>,
{
    fn build<'a>(row: &impl NamedRow<'a, DB>) -> deserialize::Result<Self> {
        let value = |column| {
            let field = diesel::row::Row::get(row, column).ok_or("a row ended early")?;
            field.value().map_or_else(|| Ok("NULL".to_owned()), String::from_sql)
        };
        (0..row.field_count()).map(value).collect::<deserialize::Result<_>>().map(Self)
    }
}
