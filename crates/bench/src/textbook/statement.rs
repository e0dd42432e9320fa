//! Statements in plain SQL that are prepared once. A plain `sql_query` is prepared anew each time.

use diesel::{
    QueryResult, RunQueryDsl,
    backend::Backend,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    serialize::ToSql,
    sql_types::{BigInt, HasSqlType, Text},
};
use std::marker::PhantomData;

/// A statement that returns rows of type `T`.
pub(super) struct Statement<'a, T = ()> {
    sql: &'static str,
    values: &'a [Value<'a>],
    rows: PhantomData<T>,
}

/// The value of a parameter.
pub(super) enum Value<'a> {
    Number(i64),
    Text(&'a str),
}

impl<'a, T> Statement<'a, T> {
    /// A statement with `?` for each value.
    pub(super) const fn new(sql: &'static str, values: &'a [Value<'a>]) -> Self {
        Self { sql, values, rows: PhantomData }
    }
}

impl<T, B: Backend + HasSqlType<BigInt>> QueryFragment<B> for Statement<'_, T>
where
    i64: ToSql<BigInt, B>,
    str: ToSql<Text, B>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, B>) -> QueryResult<()> {
        let mut values = self.values.iter();
        for part in self.sql.split_inclusive('?') {
            out.push_sql(part.trim_end_matches('?'));
            match values.next() {
                Some(Value::Number(number)) => out.push_bind_param::<BigInt, _>(number)?,
                Some(Value::Text(text)) => out.push_bind_param::<Text, _>(*text)?,
                None => {}
            }
        }
        Ok(())
    }
}

/// Has no static id, so Diesel caches the prepared statement under its SQL.
impl<T> QueryId for Statement<'_, T> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<T> Query for Statement<'_, T> {
    type SqlType = T;
}

impl<T, C> RunQueryDsl<C> for Statement<'_, T> {}
