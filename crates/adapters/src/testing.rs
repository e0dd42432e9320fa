//! Fixtures for unit tests.

use crate::{
    DatabaseOptions,
    connection::{Connector, Role},
    migrations,
};
use gochat_test_support::TestDatabase;
use std::time::Duration;

/// Default options for tests.
pub(crate) const OPTIONS: DatabaseOptions = DatabaseOptions {
    pool_size: 1,
    read_queue: 100,
    timeout: Duration::from_secs(20),
    prepared_statements: true,
};

/// A connector to `database`, with or without a schema.
pub(crate) fn connector(database: &TestDatabase) -> Connector {
    Connector::new(&database.url().parse().unwrap(), OPTIONS).unwrap()
}

/// A connector to `database`, after migrating it.
pub(crate) fn migrated(database: &TestDatabase) -> Connector {
    let connector = connector(database);
    let open = || connector.open(Role::Writer);
    migrations::migrate(&mut open().unwrap(), &open, &|_| ()).unwrap();
    connector
}
