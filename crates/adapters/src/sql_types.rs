//! The two types that differ between the databases, with one common SQL type and one Rust type each.
//!
//! | here | SQLite | PostgreSQL |
//! | --- | --- | --- |
//! | [`UuidSql`] | `BLOB`, 16 bytes | `uuid` |
//! | [`TimestampSql`] | `INTEGER`, microseconds since 1970 | `timestamptz`, microseconds since 2000 |

use crate::connection::{MultiBackend, MultiRawValue};
use diesel::{
    deserialize::{self, FromSql, FromSqlRow},
    expression::AsExpression,
    pg::{Pg, PgValue, data_types::PgTimestamp},
    query_builder::QueryId,
    serialize::{self, IsNull, Output, ToSql},
    sql_types::{BigInt, HasSqlType, SqlType, Timestamptz},
    sqlite::{Sqlite, SqliteValue},
};
use gochat_domain::clock::Timestamp;
use std::io::Write;
use uuid::Uuid;

/// A UUID in either database.
#[derive(Clone, Copy, SqlType, QueryId)]
#[diesel(postgres_type(oid = 2950, array_oid = 2951), sqlite_type(name = "Binary"))]
pub struct UuidSql;

/// A timestamp in either database.
#[derive(Clone, Copy, SqlType, QueryId)]
#[diesel(postgres_type(oid = 1184, array_oid = 1185), sqlite_type(name = "Long"))]
pub struct TimestampSql;

/// A UUID value in a row or a query.
#[derive(Debug, Clone, Copy, AsExpression, FromSqlRow)]
#[diesel(sql_type = UuidSql)]
pub(crate) struct UuidValue(pub(crate) Uuid);

/// A timestamp value in a row or a query.
#[derive(Debug, Clone, Copy, AsExpression, FromSqlRow)]
#[diesel(sql_type = TimestampSql)]
pub(crate) struct TimestampValue(pub(crate) Timestamp);

/// PostgreSQL's epoch, 2000-01-01T00:00:00Z, in microseconds since 1970.
const POSTGRES_EPOCH: i64 = 946_684_800_000_000;

impl TimestampValue {
    fn from_unix_micros(micros: i64) -> deserialize::Result<Self> {
        Timestamp::from_unix_micros(micros)
            .map(Self)
            .ok_or_else(|| format!("{micros} µs is not a valid timestamp").into())
    }
}

impl ToSql<UuidSql, Sqlite> for UuidValue {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.as_bytes().as_slice());
        Ok(IsNull::No)
    }
}

impl FromSql<UuidSql, Sqlite> for UuidValue {
    fn from_sql(mut value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        Ok(Self(Uuid::from_slice(value.read_blob())?))
    }
}

impl ToSql<UuidSql, Pg> for UuidValue {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(self.0.as_bytes())?;
        Ok(IsNull::No)
    }
}

impl FromSql<UuidSql, Pg> for UuidValue {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(Uuid::from_slice(value.as_bytes())?))
    }
}

impl ToSql<TimestampSql, Sqlite> for TimestampValue {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.unix_micros());
        Ok(IsNull::No)
    }
}

impl FromSql<TimestampSql, Sqlite> for TimestampValue {
    fn from_sql(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        Self::from_unix_micros(<i64 as FromSql<BigInt, Sqlite>>::from_sql(value)?)
    }
}

impl ToSql<TimestampSql, Pg> for TimestampValue {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        let moment = PgTimestamp(self.0.unix_micros() - POSTGRES_EPOCH);
        ToSql::<Timestamptz, Pg>::to_sql(&moment, &mut out.reborrow())
    }
}

impl FromSql<TimestampSql, Pg> for TimestampValue {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let PgTimestamp(micros) = FromSql::<Timestamptz, Pg>::from_sql(value)?;
        // `infinity` is the greatest number.
        Self::from_unix_micros(micros.saturating_add(POSTGRES_EPOCH))
    }
}

impl HasSqlType<UuidSql> for MultiBackend {
    fn metadata(lookup: &mut Self::MetadataLookup) -> Self::TypeMetadata {
        Self::lookup_sql_type::<UuidSql>(lookup)
    }
}

impl HasSqlType<TimestampSql> for MultiBackend {
    fn metadata(lookup: &mut Self::MetadataLookup) -> Self::TypeMetadata {
        Self::lookup_sql_type::<TimestampSql>(lookup)
    }
}

impl ToSql<UuidSql, MultiBackend> for UuidValue {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, MultiBackend>) -> serialize::Result {
        out.set_value((UuidSql, self));
        Ok(IsNull::No)
    }
}

impl FromSql<UuidSql, MultiBackend> for UuidValue {
    fn from_sql(value: MultiRawValue<'_>) -> deserialize::Result<Self> {
        value.from_sql::<Self, UuidSql>()
    }
}

impl ToSql<TimestampSql, MultiBackend> for TimestampValue {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, MultiBackend>) -> serialize::Result {
        out.set_value((TimestampSql, self));
        Ok(IsNull::No)
    }
}

impl FromSql<TimestampSql, MultiBackend> for TimestampValue {
    fn from_sql(value: MultiRawValue<'_>) -> deserialize::Result<Self> {
        value.from_sql::<Self, TimestampSql>()
    }
}
