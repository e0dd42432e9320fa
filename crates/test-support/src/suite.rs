//! Test suites: each case runs by name on each backend, in parallel.

use crate::{Backend, Need, TestDatabase, deadline, postgres::Postgres};
use anyhow::bail;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use std::{
    env,
    process::ExitCode,
    sync::{Arc, LazyLock},
};

/// A case: its name and its function, which gets a new database unless `T` says otherwise.
pub type Case<T = TestDatabase> = (&'static str, fn(T) -> anyhow::Result<()>);

/// A case without a database.
pub type CaseWithoutDatabase = (&'static str, fn() -> anyhow::Result<()>);

/// The cases of a test binary (`harness = false`), which takes the arguments of Rust's own test binaries.
///
/// # Example
/// ```no_run
/// use gochat_test_support::{Backend, Suite, TestDatabase, cases};
///
/// fn an_empty_database_has_no_tables(database: TestDatabase) -> anyhow::Result<()> {
///     database.rows("SELECT 1 FROM groups").unwrap_err();
///     Ok(())
/// }
///
/// fn main() -> std::process::ExitCode {
///     let mut suite = Suite::new();
///     suite.on(Backend::ALL, &cases![an_empty_database_has_no_tables]);
///     suite.run()
/// }
/// ```
pub struct Suite {
    // `Err` is the reason why there is none.
    postgres: Result<Arc<Postgres>, String>,
    trials: Vec<Trial>,
}

impl Suite {
    /// A suite without cases.
    #[expect(clippy::new_without_default, reason = "it looks for PostgreSQL on the machine")]
    pub fn new() -> Self {
        Self { postgres: find(), trials: Vec::new() }
    }

    /// Adds a case that needs no database.
    pub fn add(
        &mut self,
        name: impl Into<String>,
        case: impl FnOnce() -> anyhow::Result<()> + Send + 'static,
    ) {
        self.push(name.into(), move || case().map(|()| Completion::Completed));
    }

    /// Adds cases as `BACKEND::NAME` for each of `backends`, each on a new database.
    ///
    /// If PostgreSQL is missing, the cases on it are ignored, with the reason.
    pub fn on<C>(&mut self, backends: impl IntoIterator<Item = Backend>, cases: &[(&'static str, C)])
    where
        C: Fn(TestDatabase) -> anyhow::Result<()> + Copy + Send + 'static,
    {
        for backend in backends {
            for &(name, case) in cases {
                let postgres = self.postgres.clone();
                self.push(format!("{backend}::{name}"), move || run_on(backend, postgres, case));
            }
        }
    }

    /// Adds cases like [`Suite::on`]. If `need` is missing on this machine, they are ignored, with the reason.
    pub fn on_with<C>(
        &mut self,
        need: Need,
        backends: impl IntoIterator<Item = Backend>,
        cases: &[(&'static str, C)],
    ) where
        C: Fn(TestDatabase) -> anyhow::Result<()> + Copy + Send + 'static,
    {
        for backend in backends {
            for &(name, case) in cases {
                self.push_with(need, backend, format!("{backend}::{name}"), case);
            }
        }
    }

    /// Adds cases as `pgbouncer::NAME`, each on a new database behind PgBouncer in transaction mode.
    ///
    /// [`TestDatabase::url`] leads through PgBouncer, plain SQL does not, and [`TestDatabase::is_pooled`] is true.
    /// Without PgBouncer the cases are ignored, with the reason.
    pub fn behind_pgbouncer<C>(&mut self, cases: &[(&'static str, C)])
    where
        C: Fn(TestDatabase) -> anyhow::Result<()> + Copy + Send + 'static,
    {
        for &(name, case) in cases {
            let pooled = move |database: TestDatabase| case(database.behind_pgbouncer()?);
            self.push_with(Need::PgBouncer, Backend::Postgres, format!("pgbouncer::{name}"), pooled);
        }
    }

    fn push_with<C>(&mut self, need: Need, backend: Backend, name: String, case: C)
    where
        C: FnOnce(TestDatabase) -> anyhow::Result<()> + Send + 'static,
    {
        let postgres = self.postgres.clone();
        self.push(name, move || match need.check() {
            Err(error) if !need.is_required() => Ok(Completion::ignored_with(format!("{error:#}"))),
            _ => run_on(backend, postgres, case),
        });
    }

    /// Adds cases that are ignored, for the given reason.
    pub fn ignore<C>(&mut self, cases: &[(&'static str, C)], reason: &str) {
        for &(name, _) in cases {
            let reason = reason.to_owned();
            self.push(name.to_owned(), move || Ok(Completion::ignored_with(reason)));
        }
    }

    fn push(&mut self, name: String, case: impl FnOnce() -> anyhow::Result<Completion> + Send + 'static) {
        let thread = name.clone();
        let trial = move || deadline::case(thread, case).map_err(|error| failed(&error));
        self.trials.push(Trial::ignorable_test(name, trial));
    }

    /// Runs the cases that the command line selects, and stops PostgreSQL.
    pub fn run(self) -> ExitCode {
        libtest_mimic::run(&Arguments::from_args(), self.trials).exit_code()
    }
}

fn run_on(
    backend: Backend,
    postgres: Result<Arc<Postgres>, String>,
    case: impl FnOnce(TestDatabase) -> anyhow::Result<()>,
) -> anyhow::Result<Completion> {
    match make(backend, postgres)? {
        Ok(database) => case(database).map(|()| Completion::Completed),
        Err(reason) => Ok(Completion::ignored_with(reason)),
    }
}

/// Runs a case of a unit test on a new database of each of `backends`.
///
/// If PostgreSQL is missing, the case is skipped on it, and standard error says why.
///
/// # Panics
/// Panics if the case returns an error.
pub fn run_case(
    backends: impl IntoIterator<Item = Backend>,
    case: impl Fn(TestDatabase) -> anyhow::Result<()>,
) {
    static POSTGRES: LazyLock<Result<Arc<Postgres>, String>> = LazyLock::new(find);
    for backend in backends {
        match make(backend, POSTGRES.clone()) {
            Ok(Ok(database)) => case(database).unwrap_or_else(|error| panic!("on {backend}: {error:?}")),
            Ok(Err(reason)) => eprintln!("skipped on {backend}: {reason}"),
            Err(error) => panic!("on {backend}: {error:?}"),
        }
    }
}

fn find() -> Result<Arc<Postgres>, String> {
    Postgres::find().map(Arc::new).map_err(|error| format!("{error:#}"))
}

/// Creates a database. If PostgreSQL is missing and required, returns `Err`. If it is missing and not required, returns
/// `Ok(Err(reason))`.
fn make(
    backend: Backend,
    postgres: Result<Arc<Postgres>, String>,
) -> anyhow::Result<Result<TestDatabase, String>> {
    Ok(match (backend, postgres) {
        (Backend::Sqlite, _) => Ok(TestDatabase::sqlite()?),
        (Backend::Postgres, Ok(server)) => Ok(TestDatabase::postgres(server)?),
        // If a server is configured, its tests must run: an unusable URL is never a reason to ignore them.
        (Backend::Postgres, Err(reason))
            if is_required() || env::var_os("GOCHAT_TEST_DATABASE_URL").is_some() =>
        {
            bail!("{reason}")
        }
        (Backend::Postgres, Err(reason)) => Err(reason),
    })
}

fn is_required() -> bool {
    env::var("GOCHAT_TEST_REQUIRE_POSTGRES").is_ok_and(|value| value == "1")
}

fn failed(error: &anyhow::Error) -> Failed {
    format!("{error:?}").into()
}
