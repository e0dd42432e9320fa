//! The Diesel schema, shared by both databases.

diesel::table! {
    use crate::sql_types::{TimestampSql, UuidSql};
    use diesel::sql_types::{BigInt, Text};

    groups (id) {
        id -> BigInt,
        uuid -> UuidSql,
        name -> Text,
        token -> Text,
        admin_id -> BigInt,
        created_at -> TimestampSql,
        version -> BigInt,
    }
}

diesel::table! {
    use crate::sql_types::TimestampSql;
    use diesel::sql_types::BigInt;

    members (group_id, user_id) {
        group_id -> BigInt,
        user_id -> BigInt,
        joined_at -> TimestampSql,
    }
}

diesel::table! {
    use crate::sql_types::{TimestampSql, UuidSql};
    use diesel::sql_types::{BigInt, Binary, Nullable, Text};

    idempotency_keys (caller, key) {
        caller -> UuidSql,
        key -> Text,
        group_uuid -> UuidSql,
        created_at -> TimestampSql,
        fingerprint -> Nullable<Binary>,
        group_id -> Nullable<BigInt>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(groups, idempotency_keys);

diesel::table! {
    use crate::sql_types::{TimestampSql, UuidSql};
    use diesel::sql_types::{Binary, Nullable, Text};

    api_keys (id) {
        id -> UuidSql,
        digest -> Binary,
        name -> Text,
        scopes -> Text,
        created_at -> TimestampSql,
        expires_at -> Nullable<TimestampSql>,
        revoked_at -> Nullable<TimestampSql>,
        last_used_at -> Nullable<TimestampSql>,
    }
}

diesel::table! {
    use crate::sql_types::TimestampSql;
    use diesel::sql_types::{Binary, Text};

    dashboard_secrets (digest) {
        digest -> Binary,
        kind -> Text,
        expires_at -> TimestampSql,
    }
}
