//! The tables as Diesel sees them, the same for both databases.

diesel::table! {
    use crate::sql_types::{MomentSql, UuidSql};
    use diesel::sql_types::{BigInt, Text};

    groups (id) {
        id -> BigInt,
        uuid -> UuidSql,
        name -> Text,
        token -> Text,
        admin_id -> BigInt,
        created_at -> MomentSql,
    }
}

diesel::table! {
    use crate::sql_types::{MomentSql, UuidSql};
    use diesel::sql_types::{Binary, Nullable, Text};

    api_keys (id) {
        id -> UuidSql,
        digest -> Binary,
        name -> Text,
        scopes -> Text,
        created_at -> MomentSql,
        expires_at -> Nullable<MomentSql>,
        revoked_at -> Nullable<MomentSql>,
    }
}
