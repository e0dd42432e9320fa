//! Statements that are prepared once on each connection.

/// Declares a statement as a struct with a field for each parameter. Its Rust type is the key of the prepared statement
/// in Diesel's cache; a plain `sql_query` is prepared anew each time.
///
/// The text is a list of literals, with a parameter between each two: its field, its Rust type and its SQL type.
///
/// For SQLite, a limit is written as `LIMIT 0 + ?`. With `LIMIT ?`, SQLite would compile the statement anew each time a
/// value is bound.
macro_rules! prepared_statement {
    (
        $(#[$meta:meta])*
        $visibility:vis struct $name:ident for $connection:ty, $backend:ty => $row:ty;
        $first:literal $([$field:ident: $value:ty as $sql_type:ty] $text:literal)*
    ) => {
        $(#[$meta])*
        $visibility struct $name {
            $($visibility $field: $value,)*
        }

        impl diesel::query_builder::QueryFragment<$backend> for $name {
            fn walk_ast<'b>(
                &'b self,
                mut out: diesel::query_builder::AstPass<'_, 'b, $backend>,
            ) -> diesel::QueryResult<()> {
                out.push_sql($first);
                $(
                    out.push_bind_param::<$sql_type, _>(&self.$field)?;
                    out.push_sql($text);
                )*
                Ok(())
            }
        }

        impl diesel::query_builder::QueryId for $name {
            type QueryId = Self;
            const HAS_STATIC_QUERY_ID: bool = true;
        }

        impl diesel::query_builder::Query for $name {
            type SqlType = $row;
        }

        impl diesel::RunQueryDsl<$connection> for $name {}
    };
}

pub(crate) use prepared_statement;
