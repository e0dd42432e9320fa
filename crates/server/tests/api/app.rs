//! The application under test.

use actix_web::{dev::ServerHandle, rt::System};
use gochat::{
    settings::{Profile, Settings},
    startup::Application,
    telemetry::DroppedLines,
};
use gochat_adapters::DatabaseOptions;
use gochat_test_support::{Backend, TestDatabase, deadline};
use std::{
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

/// The real application, on its own port and database. Dropping the value stops it.
pub struct App {
    pub port: u16,
    pub admin_port: u16,
    pub database: Arc<TestDatabase>,
    handle: ServerHandle,
    thread: Option<thread::JoinHandle<()>>,
}

/// Returns options for opening the application's database through the adapters.
pub fn options(database: &TestDatabase) -> DatabaseOptions {
    DatabaseOptions {
        pool_size: 1,
        read_queue: 100,
        timeout: Duration::from_secs(20),
        prepared_statements: !database.is_pooled(),
    }
}

/// A group as read by plain SQL: id, UUID without hyphens, name, token, administrator, microseconds since 1970.
pub type GroupRow = [String; 6];

impl App {
    /// Starts the application with the development profile.
    pub fn on(database: TestDatabase) -> Self {
        Self::with(database, &[])
    }

    /// Starts another instance with these variables, on the same database.
    pub fn beside(&self, variables: &[(&str, &str)]) -> Self {
        Self::with(Arc::clone(&self.database), variables)
    }

    /// Starts the application with the development profile and these variables.
    pub fn with(database: impl Into<Arc<TestDatabase>>, variables: &[(&str, &str)]) -> Self {
        let database = database.into();
        let always = [
            ("GOCHAT__HTTP__BIND", "127.0.0.1:0"),
            ("GOCHAT__ADMIN__BIND", "127.0.0.1:0"),
            ("GOCHAT__HTTP__WORKERS", "1"),
            ("GOCHAT__HTTP__SHUTDOWN_TIMEOUT", "30s"),
            ("GOCHAT__DATABASE__URL", database.url()),
            ("GOCHAT__DATABASE__POOL_SIZE", "2"),
            ("GOCHAT__DATABASE__PREPARED_STATEMENTS", if database.is_pooled() { "false" } else { "true" }),
        ];
        let variables =
            always.iter().chain(variables).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let settings = Settings::load(Profile::Development, variables).unwrap();
        let (started, start) = mpsc::channel();
        let thread = thread::spawn(move || {
            System::new().block_on(async {
                let application = Application::build(&settings, DroppedLines::default()).unwrap();
                let ports = (application.port().unwrap(), application.admin_port().unwrap());
                started.send((ports, application.handle())).unwrap();
                application.run_until_stopped().await.unwrap();
            });
        });
        let ((port, admin_port), handle) =
            start.recv_timeout(deadline::LIMIT).expect("the application does not start");
        Self { port, admin_port, database, handle, thread: Some(thread) }
    }

    /// Returns every stored group, read by plain SQL, in the order of ids.
    pub fn groups(&self) -> Vec<GroupRow> {
        let sql = match self.database.backend() {
            Backend::Sqlite => {
                "SELECT CAST(id AS TEXT), lower(hex(uuid)), name, token, CAST(admin_id AS TEXT), CAST(created_at AS TEXT)
                 FROM groups ORDER BY id"
            }
            Backend::Postgres => {
                "SELECT id::text, replace(uuid::text, '-', ''), name, token, admin_id::text,
                        (extract(epoch FROM created_at) * 1000000)::bigint::text
                 FROM groups ORDER BY groups.id"
            }
        };
        self.database.rows(sql).unwrap().into_iter().map(|row| row.try_into().unwrap()).collect()
    }

    /// Returns the version of every stored group, in the order of ids.
    pub fn versions(&self) -> Vec<String> {
        let versions = self.database.rows("SELECT CAST(version AS TEXT) FROM groups ORDER BY id").unwrap();
        versions.concat()
    }

    /// Returns every stored membership, as group and user, in their order.
    pub fn memberships(&self) -> Vec<[String; 2]> {
        let sql = "SELECT CAST(group_id AS TEXT), CAST(user_id AS TEXT) FROM members
                   ORDER BY members.group_id, members.user_id";
        self.database.rows(sql).unwrap().into_iter().map(|row| row.try_into().unwrap()).collect()
    }

    /// Returns the names of all stored groups.
    pub fn names(&self) -> Vec<String> {
        self.groups().into_iter().map(|[_, _, name, ..]| name).collect()
    }
}

impl Drop for App {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(thread::panicking() || ended.is_ok(), "the application failed");
        }
    }
}
