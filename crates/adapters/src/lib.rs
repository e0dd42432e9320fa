#![doc = include_str!("../README.md")]

mod api_keys;
mod authenticator;
mod backoff;
mod commit;
mod connection;
mod dashboard_secrets;
mod database;
mod database_url;
mod development_key;
mod fault;
mod group_reader;
mod idempotency_sweeper;
mod key_uses;
mod member_reader;
#[cfg(feature = "memory")]
pub mod memory;
mod metrics;
mod migrations;
mod pool;
mod prepared_statement;
mod readiness;
mod rows;
mod schema;
mod sql_types;
mod sqlite_file;
#[cfg(test)]
mod testing;

pub use authenticator::CachingAuthenticator;
pub use commit::{CommitOptions, CommitQueue};
pub use database::{Database, DatabaseOptions};
pub use database_url::{DatabaseUrl, InvalidDatabaseUrl};
pub use development_key::{DEVELOPMENT_KEY, DevelopmentKey};
pub use fault::Fault;
pub use idempotency_sweeper::IdempotencySweeper;
pub use key_uses::KeyUseRecorder;
pub use metrics::DURATION_BUCKETS;
pub use migrations::MigrateError;
pub use readiness::{Readiness, ReadinessProbe};
