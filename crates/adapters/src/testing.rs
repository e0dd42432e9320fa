//! What the unit tests of several modules build.

use crate::{
    DatabaseOptions,
    connection::{Connector, Role},
    migrations,
};
use gochat_domain::{
    clock::{Clock, SystemClock},
    group::{AdminId, CreateGroup, GroupName, GroupToken, NewGroup},
};
use gochat_test_support::TestDatabase;
use std::time::Duration;

/// The use of a database of which a test asks nothing special.
pub(crate) const OPTIONS: DatabaseOptions = DatabaseOptions {
    pool_size: 1,
    read_queue: 100,
    timeout: Duration::from_secs(20),
    prepared_statements: true,
};

/// A connector to `database`, which may be empty.
pub(crate) fn connector(database: &TestDatabase) -> Connector {
    Connector::new(&database.url().parse().unwrap(), OPTIONS).unwrap()
}

/// A connector to `database`, which has the schema.
pub(crate) fn migrated(database: &TestDatabase) -> Connector {
    let connector = connector(database);
    let open = || connector.open(Role::Writer);
    migrations::migrate(&mut open().unwrap(), &open, &|_| ()).unwrap();
    connector
}

/// A group of this name, new now.
pub(crate) fn new_group(name: &str) -> NewGroup {
    let request = CreateGroup {
        name: GroupName::parse(name).unwrap(),
        token: GroupToken::parse("t").unwrap(),
        admin_id: AdminId::new(1).unwrap(),
    };
    NewGroup::mint(request, SystemClock.now())
}
