//! Statements that are prepared once on each connection.

/// Declares a statement as a struct with a field for each parameter, which may borrow. A Rust type of its own is the key of
/// the prepared statement in Diesel's cache; a plain `sql_query` is prepared anew each time.
///
/// The text is a list of literals, with a parameter between each two: its field, its Rust type and its SQL type. Between the
/// first two, `{…}` may name a constant text in place of a parameter.
///
/// For SQLite, a limit is written as `LIMIT 0 + ?`. With `LIMIT ?`, SQLite would compile the statement anew each time a
/// value is bound.
macro_rules! prepared_statement {
    (
        $(#[$meta:meta])*
        $visibility:vis struct $name:ident $(<$lifetime:lifetime>)? for $connection:ty, $backend:ty => $row:ty;
        $first:literal $({$constant:path} $second:literal)? $([$field:ident: $value:ty as $sql_type:ty] $text:literal)*
    ) => {
        $(#[$meta])*
        $visibility struct $name $(<$lifetime>)? {
            $($visibility $field: $value,)*
        }

        impl $(<$lifetime>)? diesel::query_builder::QueryFragment<$backend> for $name $(<$lifetime>)? {
            fn walk_ast<'b>(
                &'b self,
                mut out: diesel::query_builder::AstPass<'_, 'b, $backend>,
            ) -> diesel::QueryResult<()> {
                out.push_sql($first);
                $(
                    out.push_sql($constant);
                    out.push_sql($second);
                )?
                $(
                    out.push_bind_param::<$sql_type, _>(&self.$field)?;
                    out.push_sql($text);
                )*
                Ok(())
            }
        }

        const _: () = {
            /// Identifies the statement, whatever the lifetimes of its parameters.
            pub enum Id {}

            impl $(<$lifetime>)? diesel::query_builder::QueryId for $name $(<$lifetime>)? {
                type QueryId = Id;
                const HAS_STATIC_QUERY_ID: bool = true;
            }
        };

        impl $(<$lifetime>)? diesel::query_builder::Query for $name $(<$lifetime>)? {
            type SqlType = $row;
        }

        impl $(<$lifetime>)? diesel::RunQueryDsl<$connection> for $name $(<$lifetime>)? {}
    };
}

pub(crate) use prepared_statement;
