//! The schema, and how it changes.

use crate::{
    DatabaseCase,
    subject::{OPTIONS, Subject, group, options_for},
};
use diesel::migration::{Migration, MigrationSource};
use diesel_migrations::{FileBasedMigrations, MigrationHarness};
use gochat_adapters::Database;
use gochat_test_support::{Backend, CaseWithoutDatabase, PlainSql, TestDatabase, cases};
use std::{fs, path::PathBuf, thread};

pub fn cases() -> Vec<DatabaseCase> {
    cases![
        up_down_up_works,
        three_that_migrate_at_once_all_succeed,
        a_newer_database_is_refused_with_both_versions,
        a_database_without_schema_is_refused_with_the_command_that_helps,
        the_tables_refuse_what_the_domain_refuses,
    ]
    .to_vec()
}

pub fn cases_without_database() -> Vec<CaseWithoutDatabase> {
    vec![("both_trees_carry_the_same_names", both_trees_carry_the_same_names)]
}

pub fn postgres_cases() -> Vec<DatabaseCase> {
    cases![a_role_that_may_change_no_schema_can_check_it].to_vec()
}

fn tree(backend: Backend) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../migrations").join(backend.to_string())
}

fn up_down_up<DB: diesel::backend::Backend, C: MigrationHarness<DB>>(
    connection: &mut C,
    migrations: FileBasedMigrations,
) -> usize
where
    FileBasedMigrations: MigrationSource<DB>,
{
    let all: Vec<Box<dyn Migration<DB>>> = migrations.migrations().unwrap();
    assert_eq!(connection.run_pending_migrations(migrations.clone()).unwrap().len(), all.len());
    assert_eq!(connection.revert_all_migrations(migrations.clone()).unwrap().len(), all.len());
    connection.run_pending_migrations(migrations).unwrap().len()
}

fn up_down_up_works(database: TestDatabase) -> anyhow::Result<()> {
    let migrations = FileBasedMigrations::from_path(tree(database.backend()))?;
    let run = match &mut database.plain_sql()? {
        PlainSql::Sqlite(connection) => up_down_up(connection, migrations),
        PlainSql::Postgres(connection) => up_down_up(connection, migrations),
    };
    assert_eq!(run, 4);
    Subject::on(database)?.create(group("g"))?;
    Ok(())
}

fn both_trees_carry_the_same_names() -> anyhow::Result<()> {
    let names = |backend| -> anyhow::Result<Vec<_>> {
        let mut names: Vec<_> = fs::read_dir(tree(backend))?
            .map(|entry| entry.map(|entry| entry.file_name()))
            .collect::<Result<_, _>>()?;
        names.sort();
        Ok(names)
    };
    assert_eq!(names(Backend::Sqlite)?, names(Backend::Postgres)?);
    Ok(())
}

fn three_that_migrate_at_once_all_succeed(database: TestDatabase) -> anyhow::Result<()> {
    let url = database.url().parse()?;
    let options = options_for(&database, OPTIONS);
    let run: Vec<Vec<String>> = thread::scope(|scope| {
        let migrate = || Database::connect(&url, options).unwrap().migrate().unwrap();
        let threads: Vec<_> = (0..3).map(|_| scope.spawn(migrate)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(run.concat(), ["20261123000000", "20261123000001", "20261123000002", "20261125000010"]);
    let applied = database.rows("SELECT version FROM __diesel_schema_migrations ORDER BY version")?;
    assert_eq!(applied.concat(), run.concat());
    Ok(())
}

fn a_newer_database_is_refused_with_both_versions(database: TestDatabase) -> anyhow::Result<()> {
    let connected = Database::connect(&database.url().parse()?, options_for(&database, OPTIONS))?;
    connected.migrate()?;
    connected.check_schema()?;
    database.execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000')")?;
    for refused in [connected.migrate().map(drop), connected.check_schema()] {
        let message = refused.unwrap_err().to_string();
        assert!(message.contains("29990101000000") && message.contains("20261125000010"), "{message}");
    }
    Ok(())
}

fn a_database_without_schema_is_refused_with_the_command_that_helps(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let connected = Database::connect(&database.url().parse()?, options_for(&database, OPTIONS))?;
    let message = connected.check_schema().unwrap_err().to_string();
    assert!(
        message.contains("20261123000000, 20261123000001, 20261123000002, 20261125000010")
            && message.contains("gochat migrate"),
        "{message}"
    );
    database.rows("SELECT name FROM groups").unwrap_err();
    Ok(())
}

fn a_role_that_may_change_no_schema_can_check_it(database: TestDatabase) -> anyhow::Result<()> {
    Database::connect(&database.url().parse()?, options_for(&database, OPTIONS))?.migrate()?;
    let role = format!("reader_{}", uuid::Uuid::now_v7().simple());
    database.execute(&format!(
        "CREATE ROLE {role} LOGIN PASSWORD 'p';
         GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role};
         REVOKE CREATE ON SCHEMA public FROM PUBLIC"
    ))?;
    let mut url: url::Url = database.url().parse()?;
    url.set_username(&role).and_then(|()| url.set_password(Some("p"))).unwrap();
    let checked = Database::connect(&url.as_str().parse()?, OPTIONS)?.check_schema();
    database.execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"))?;
    Ok(checked?)
}

fn the_tables_refuse_what_the_domain_refuses(database: TestDatabase) -> anyhow::Result<()> {
    let subject = Subject::on(database)?;
    let (uuid, moment) = match subject.database().backend() {
        Backend::Sqlite => ("randomblob(16)", "0"),
        Backend::Postgres => ("gen_random_uuid()", "now()"),
    };
    let insert = |uuid: &str, name: &str, token: &str, admin_id: &str| {
        subject.database().execute(&format!(
            "INSERT INTO groups (uuid, name, token, admin_id, created_at)
             VALUES ({uuid}, {name}, {token}, {admin_id}, {moment})"
        ))
    };
    let long = format!("'{}'", "x".repeat(64));
    let refused = [
        insert(uuid, "''", "'t'", "1"),
        insert(uuid, &long, "'t'", "1"),
        insert(uuid, "NULL", "'t'", "1"),
        insert(uuid, "'g'", "''", "1"),
        insert(uuid, "'g'", &long, "1"),
        insert(uuid, "'g'", "'t'", "0"),
        insert(uuid, "'g'", "'t'", "9223372036854775808"),
        insert("'no uuid'", "'g'", "'t'", "1"),
    ];
    for (number, insert) in refused.into_iter().enumerate() {
        assert!(insert.is_err(), "row {number} was taken");
    }
    insert(uuid, "'g'", "'t'", "1")
}
