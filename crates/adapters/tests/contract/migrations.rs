//! Tests of migrations and of the schema check.

use crate::{
    DatabaseCase,
    subject::{OPTIONS, Subject, options_for},
};
use diesel::migration::{Migration, MigrationSource};
use diesel_migrations::{FileBasedMigrations, MigrationHarness};
use gochat_adapters::{Database, MigrateError};
use gochat_domain::testing::new_group;
use gochat_test_support::{
    Backend, CaseWithoutDatabase, PlainSql, TestDatabase, cases, cases_without_database, schema,
};
use std::thread;

pub fn cases() -> Vec<DatabaseCase> {
    cases![
        up_down_up_works,
        three_concurrent_migrations_all_succeed,
        older_programs_accept_additive_schema_changes,
        a_schema_that_needs_a_newer_program_is_refused_with_the_versions,
        the_oldest_supported_program_is_an_existing_version,
        a_database_without_schema_is_refused_with_the_command_to_run,
        the_tables_enforce_the_domain_rules,
    ]
}

pub fn cases_without_database() -> Vec<CaseWithoutDatabase> {
    cases_without_database![both_backends_have_the_same_migration_names]
}

pub fn postgres_cases() -> Vec<DatabaseCase> {
    cases![a_read_only_role_can_check_the_schema, a_database_encoding_other_than_utf8_is_refused]
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
    let migrations = FileBasedMigrations::from_path(schema::migrations(database.backend()))?;
    let run = match &mut database.plain_sql()? {
        PlainSql::Sqlite(connection) => up_down_up(connection, migrations),
        PlainSql::Postgres(connection) => up_down_up(connection, migrations),
    };
    assert_eq!(run, schema::versions(database.backend())?.len());
    Subject::on(database)?.create(new_group("g"))?;
    Ok(())
}

fn both_backends_have_the_same_migration_names() -> anyhow::Result<()> {
    assert_eq!(schema::names(Backend::Sqlite)?, schema::names(Backend::Postgres)?);
    Ok(())
}

fn three_concurrent_migrations_all_succeed(database: TestDatabase) -> anyhow::Result<()> {
    let url = database.url().parse()?;
    let options = options_for(&database, OPTIONS);
    let run: Vec<Vec<String>> = thread::scope(|scope| {
        let migrate = || Database::connect(&url, options).unwrap().migrate().unwrap();
        let threads: Vec<_> = (0..3).map(|_| scope.spawn(migrate)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let mut run = run.concat();
    run.sort();
    let versions = schema::versions(database.backend())?;
    assert_eq!(run, versions);
    let applied = database.rows("SELECT version FROM __diesel_schema_migrations ORDER BY version")?;
    assert_eq!(applied.concat(), versions);
    Ok(())
}

/// SQL that records a migration of a newer program.
const NEWER: &str = "INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000')";

fn older_programs_accept_additive_schema_changes(database: TestDatabase) -> anyhow::Result<()> {
    let connected = Database::connect(&database.url().parse()?, options_for(&database, OPTIONS))?;
    connected.migrate()?;
    let newest = schema::versions(database.backend())?.pop().unwrap();
    database.execute(NEWER)?;
    for oldest in ["20261123000002", &newest] {
        database.execute(&format!("UPDATE schema_compatibility SET oldest_program = '{oldest}'"))?;
        assert!(connected.migrate()?.is_empty());
        connected.check_schema()?;
    }
    Subject::on(database)?.create(new_group("g"))?;
    Ok(())
}

fn a_schema_that_needs_a_newer_program_is_refused_with_the_versions(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let connected = Database::connect(&database.url().parse()?, options_for(&database, OPTIONS))?;
    connected.migrate()?;
    let newest = schema::versions(database.backend())?.pop().unwrap();
    database.execute(NEWER)?;
    let assert_refused = |oldest: &str| {
        for refused in [connected.migrate().map(drop), connected.check_schema()] {
            let message = refused.unwrap_err().to_string();
            for version in ["29990101000000", oldest, &newest] {
                assert!(message.contains(version), "{version} is not in {message}");
            }
        }
    };
    database.execute("UPDATE schema_compatibility SET oldest_program = '29980101000000'")?;
    assert_refused("29980101000000");
    database.execute("DROP TABLE schema_compatibility")?;
    assert_refused("29990101000000");
    Ok(())
}

fn the_oldest_supported_program_is_an_existing_version(database: TestDatabase) -> anyhow::Result<()> {
    Database::connect(&database.url().parse()?, options_for(&database, OPTIONS))?.migrate()?;
    let oldest = database.rows("SELECT oldest_program FROM schema_compatibility")?.concat();
    let versions = schema::versions(database.backend())?;
    assert!(oldest.len() == 1 && versions.contains(&oldest[0]), "{oldest:?}");
    Ok(())
}

fn a_database_without_schema_is_refused_with_the_command_to_run(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let connected = Database::connect(&database.url().parse()?, options_for(&database, OPTIONS))?;
    let message = connected.check_schema().unwrap_err().to_string();
    let versions = schema::versions(database.backend())?.join(", ");
    assert!(message.contains(&versions) && message.contains("gochat migrate"), "{message}");
    database.rows("SELECT name FROM groups").unwrap_err();
    Ok(())
}

fn a_database_encoding_other_than_utf8_is_refused(database: TestDatabase) -> anyhow::Result<()> {
    let name = format!("latin_{}", uuid::Uuid::now_v7().simple());
    database.execute(&format!(
        "CREATE DATABASE {name} ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"
    ))?;
    let mut url: url::Url = database.url().parse()?;
    url.set_path(&name);
    let connected = Database::connect(&url.as_str().parse()?, OPTIONS)?;
    let refused = [connected.migrate().map(drop), connected.check_schema()];
    database.execute(&format!("DROP DATABASE {name} WITH (FORCE)"))?;
    for refused in refused {
        let error = refused.unwrap_err();
        assert!(matches!(&error, MigrateError::Encoding(encoding) if encoding == "LATIN1"), "{error}");
        assert!(error.to_string().contains("ENCODING 'UTF8' TEMPLATE template0"), "{error}");
    }
    Ok(())
}

fn a_read_only_role_can_check_the_schema(database: TestDatabase) -> anyhow::Result<()> {
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

fn the_tables_enforce_the_domain_rules(database: TestDatabase) -> anyhow::Result<()> {
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
        assert!(insert.is_err(), "row {number} was accepted");
    }
    insert(uuid, "'g'", "'t'", "1")
}
