//! The implementation under test, with access to its storage.

use futures_util::future::join_all;
use gochat_adapters::{
    CommitOptions, CommitQueue, Database, DatabaseOptions, IdempotencySweeper,
    memory::{MemoryApiKeys, MemoryDashboardSecrets, MemoryGroups},
};
use gochat_domain::{
    clock::Timestamp,
    group::{Expected, Group, GroupId, GroupKey, GroupName, NewGroup},
    limits::{Limit, Limits},
    ports::{
        ApiKeyRepository, CreateGroupError, DashboardSecretRepository, GroupReader, GroupRepository,
        MemberReader, MemberRepository,
    },
    user::UserId,
};
use gochat_test_support::{Backend, TestDatabase, deadline};
use prometheus::Registry;
use std::{sync::Arc, time::Duration};
use tokio::runtime::{Builder, Runtime};

/// The ports of one implementation.
pub struct Subject {
    pub groups: Arc<dyn GroupRepository>,
    pub reader: Arc<dyn GroupReader>,
    pub members: Arc<dyn MemberRepository>,
    pub member_reader: Arc<dyn MemberReader>,
    pub keys: Arc<dyn ApiKeyRepository>,
    pub dashboard: Arc<dyn DashboardSecretRepository>,
    runtime: Runtime,
    storage: Storage,
}

enum Storage {
    Memory(Arc<MemoryGroups>),
    Database {
        writers: Option<CommitQueue>,
        connected: Box<Database>,
        database: Box<TestDatabase>,
        options: DatabaseOptions,
    },
}

pub const OPTIONS: DatabaseOptions = DatabaseOptions {
    pool_size: 2,
    read_queue: 1_000,
    timeout: Duration::from_secs(20),
    prepared_statements: true,
};

/// The options for `database`: no prepared statements behind a pooler.
pub fn options_for(database: &TestDatabase, options: DatabaseOptions) -> DatabaseOptions {
    DatabaseOptions { prepared_statements: options.prepared_statements && !database.is_pooled(), ..options }
}

pub const WRITERS: CommitOptions = CommitOptions {
    batch: 256,
    queue: 10_000,
    writers: 2,
    timeout: Duration::from_secs(20),
    limits: NO_LIMITS,
};

/// No limit on groups or members.
pub const NO_LIMITS: Limits =
    Limits { groups: Limit(0), groups_per_administrator: Limit(0), members_per_group: Limit(0) };

/// With one writer, one batch is in flight at a time.
pub const ONE_WRITER: CommitOptions = CommitOptions { writers: 1, ..WRITERS };

impl Subject {
    pub fn memory() -> Self {
        let groups = Arc::new(MemoryGroups::default());
        let storage = Storage::Memory(Arc::clone(&groups));
        Self {
            reader: Arc::clone(&groups) as _,
            members: Arc::clone(&groups) as _,
            member_reader: Arc::clone(&groups) as _,
            groups,
            keys: Arc::new(MemoryApiKeys::default()),
            dashboard: Arc::new(MemoryDashboardSecrets::default()),
            runtime: runtime(),
            storage,
        }
    }

    pub fn on(database: TestDatabase) -> anyhow::Result<Self> {
        Self::with(database, OPTIONS, WRITERS)
    }

    pub fn with(
        database: TestDatabase,
        options: DatabaseOptions,
        writers: CommitOptions,
    ) -> anyhow::Result<Self> {
        let options = options_for(&database, options);
        let connected = Database::connect(&database.url().parse()?, options)?;
        connected.migrate()?;
        let writers = connected.start_queue(writers)?;
        let (groups, keys) = (writers.groups(), connected.api_keys(&writers));
        let (reader, members) = (connected.group_reader(), writers.members());
        let dashboard = connected.dashboard_secrets(&writers);
        let member_reader = connected.member_reader();
        let storage = Storage::Database {
            writers: Some(writers),
            connected: connected.into(),
            database: database.into(),
            options,
        };
        Ok(Self { groups, reader, members, member_reader, keys, dashboard, runtime: runtime(), storage })
    }

    /// Runs a future with a timeout.
    pub fn run<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(deadline::with_timeout("the end of a future", future))
    }

    pub fn create(&self, group: NewGroup) -> Result<Group, CreateGroupError> {
        Ok(self.run(self.groups.create(group, None))?.group)
    }

    /// Queues creates of `groups`, calls `then`, and returns the answers.
    pub fn create_while(
        &self,
        groups: Vec<NewGroup>,
        then: impl FnOnce(),
    ) -> Vec<Result<Group, CreateGroupError>> {
        self.run(async {
            let mut creates: Vec<_> =
                groups.into_iter().map(|group| self.groups.create(group, None)).collect();
            let mut early = Vec::new();
            for create in &mut creates {
                // The first poll queues the create, or refuses it.
                early.push(futures_util::poll!(create));
            }
            then();
            join_all(creates.into_iter().zip(early).map(|(create, early)| async {
                let answer = match early {
                    std::task::Poll::Ready(answer) => answer,
                    std::task::Poll::Pending => create.await,
                };
                Ok(answer?.group)
            }))
            .await
        })
    }

    pub fn database(&self) -> &TestDatabase {
        let Storage::Database { database, .. } = &self.storage else { panic!("there is no database") };
        database
    }

    /// The commit queue.
    pub fn queue(&self) -> &CommitQueue {
        let Storage::Database { writers: Some(writers), .. } = &self.storage else {
            panic!("there are no writers")
        };
        writers
    }

    /// The sweeper of old Idempotency-Keys.
    pub fn sweeper(&self) -> IdempotencySweeper {
        let Storage::Database { connected, .. } = &self.storage else { panic!("there is no database") };
        connected.idempotency_sweeper(self.queue())
    }

    /// A second instance on the same database.
    pub fn second_instance(&self) -> anyhow::Result<Database> {
        let Storage::Database { database, options, .. } = &self.storage else {
            panic!("there is no database")
        };
        Ok(Database::connect(&database.url().parse()?, *options)?)
    }

    /// Starts the writers again, with other options.
    pub fn restart(&mut self, options: CommitOptions) -> anyhow::Result<()> {
        self.close();
        let Storage::Database { writers, connected, .. } = &mut self.storage else {
            panic!("there is no database")
        };
        let queue = writers.insert(connected.start_queue(options)?);
        (self.groups, self.members) = (queue.groups(), queue.members());
        self.keys = connected.api_keys(queue);
        self.dashboard = connected.dashboard_secrets(queue);
        Ok(())
    }

    /// Stops the writers after they have answered everything.
    pub fn close(&mut self) {
        let Storage::Database { writers, .. } = &mut self.storage else { panic!("there are no writers") };
        writers.take().unwrap().close();
    }

    /// The stored groups with this name, as text: id, uuid, name, token, administrator, microseconds since 1970.
    pub fn stored(&self, name: &str) -> Vec<Vec<String>> {
        match &self.storage {
            Storage::Memory(groups) => {
                let key = GroupKey::Name(GroupName::parse(name).unwrap());
                futures_util::FutureExt::now_or_never(groups.find(&key))
                    .unwrap()
                    .unwrap()
                    .iter()
                    .map(row)
                    .collect()
            }
            Storage::Database { database, .. } => {
                let name = name.replace('\'', "''");
                let columns = match database.backend() {
                    Backend::Sqlite => {
                        "CAST(id AS TEXT), lower(hex(uuid)), name, token, CAST(admin_id AS TEXT), CAST(created_at AS TEXT)"
                    }
                    Backend::Postgres => {
                        "id::text, replace(uuid::text, '-', ''), name, token, admin_id::text,
                         (extract(epoch FROM created_at) * 1000000)::bigint::text"
                    }
                };
                database.rows(&format!("SELECT {columns} FROM groups WHERE name = '{name}'")).unwrap()
            }
        }
    }

    /// All stored memberships, as text: group, user, microseconds since 1970.
    pub fn memberships(&self) -> Vec<Vec<String>> {
        match &self.storage {
            Storage::Memory(groups) => {
                let text = |(group, user, at): (GroupId, UserId, Timestamp)| {
                    vec![group.to_string(), user.get().to_string(), at.unix_micros().to_string()]
                };
                groups.memberships().into_iter().map(text).collect()
            }
            Storage::Database { database, .. } => {
                let columns = match database.backend() {
                    Backend::Sqlite => {
                        "CAST(group_id AS TEXT), CAST(user_id AS TEXT), CAST(joined_at AS TEXT)"
                    }
                    Backend::Postgres => {
                        "group_id::text, user_id::text, (extract(epoch FROM joined_at) * 1000000)::bigint::text"
                    }
                };
                database.rows(&format!("SELECT {columns} FROM members ORDER BY group_id, user_id")).unwrap()
            }
        }
    }

    /// Ends all other connections to PostgreSQL, and waits until they are gone. They report their statistics then.
    pub fn end_connections(&self) -> anyhow::Result<()> {
        let end = "SELECT pg_terminate_backend(pid, 10000)::text FROM pg_stat_activity
                   WHERE datname = current_database() AND pid <> pg_backend_pid()";
        let ended = self.database().rows(end)?.concat();
        anyhow::ensure!(ended.iter().all(|ended| ended == "true"), "a connection does not end");
        Ok(())
    }

    /// Waits until the writers have taken all writes from the queue. If a lock keeps the writer from ending its batch,
    /// the writes that follow form the next batch.
    pub fn wait_for_empty_queue(&self) {
        let registry = Registry::new();
        self.queue().register(&registry).unwrap();
        deadline::eventually("the queue is empty", || {
            let families = registry.gather();
            let depth = families.iter().find(|family| family.name() == "gochat_group_queue_depth").unwrap();
            (depth.get_metric()[0].get_gauge().get_value() < 1.0).then_some(())
        });
    }

    /// Waits until a connection to PostgreSQL waits for a lock.
    pub fn wait_for_lock(&self) {
        let mut admin = self.database().plain_sql().unwrap();
        let waiting = "SELECT pid::text FROM pg_stat_activity
                       WHERE datname = current_database() AND wait_event_type = 'Lock'";
        deadline::eventually("a connection that waits for a lock", || {
            admin.rows(waiting).unwrap().pop().map(drop)
        });
    }

    /// Deletes a group directly from the storage.
    pub fn delete(&self, name: &str) {
        match &self.storage {
            Storage::Memory(groups) => {
                let key = GroupKey::Name(GroupName::parse(name).unwrap());
                let group = self.run(groups.find(&key)).unwrap().unwrap();
                self.run(GroupRepository::delete(&**groups, group.id, Expected::Any)).unwrap();
            }
            Storage::Database { database, .. } => {
                database.execute(&format!("DELETE FROM groups WHERE name = '{name}'")).unwrap();
            }
        }
    }
}

/// Sets the default isolation of new PostgreSQL connections to `REPEATABLE READ`.
pub fn default_to_repeatable_read(database: &TestDatabase) -> anyhow::Result<()> {
    let mut admin = database.plain_sql()?;
    let name = admin.rows("SELECT current_database()::text")?.concat().concat();
    admin.execute(&format!("ALTER DATABASE {name} SET default_transaction_isolation = 'repeatable read'"))
}

/// A group in the format of [`Subject::stored`].
pub fn row(group: &Group) -> Vec<String> {
    vec![
        group.id.to_string(),
        group.uuid.simple().to_string(),
        group.name.as_str().to_owned(),
        group.token.as_str().to_owned(),
        group.admin_id.get().to_string(),
        group.created_at.unix_micros().to_string(),
    ]
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().build().unwrap()
}
