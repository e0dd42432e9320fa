//! PocketBase with a collection of groups.

use crate::{
    api::Api,
    server::{START_TIMEOUT, Server},
};
use anyhow::ensure;
use gochat_test_support::{PlainSql, free_port};
use std::{fs, process::Command};
use tempfile::TempDir;

/// Creates the collection and the API key.
const MIGRATION: &str = include_str!("pocketbase/migration.js");

/// Makes commits as durable as those of the product.
const HOOK: &str = include_str!("pocketbase/durable.pb.js");

const GROUPS: &str = include_str!("pocketbase/groups.sql");

/// A database with groups, and an API key.
pub struct PocketBase {
    program: &'static str,
    key: String,
    folder: TempDir,
}

impl PocketBase {
    /// Creates a database with this many groups.
    pub fn new(program: &'static str, groups: u32) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("gochat-bench-").tempdir()?;
        for (name, file, text) in
            [("pb_migrations", "1_groups.js", MIGRATION), ("pb_hooks", "durable.pb.js", HOOK)]
        {
            let path = folder.path().join(name);
            fs::create_dir(&path)?;
            fs::write(path.join(file), text)?;
        }
        let mut this = Self { program, key: String::new(), folder };
        let output = this.command().args(["migrate", "up"]).output()?;
        ensure!(output.status.success(), "no collection: {}", String::from_utf8_lossy(&output.stderr));
        this.key = fs::read_to_string(this.folder.path().join("key"))?;
        let database = this.folder.path().join("pb_data/data.db");
        let mut sql = PlainSql::connect(&format!("sqlite://{}", database.display()))?;
        sql.execute(&GROUPS.replace(":count", &groups.to_string()))?;
        Ok(this)
    }

    /// Starts a server on the database, and waits until it listens.
    pub fn start(&self) -> anyhow::Result<Server<'_>> {
        let port = free_port()?;
        let mut command = self.command();
        command.args(["serve", "--hooksWatch=false", "--http", &format!("127.0.0.1:{port}")]);
        Server::start(command, port, self.folder.path(), Api::PocketBase, &self.key, START_TIMEOUT)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(self.program);
        // Its folders default to those beside the program.
        for name in ["dir=pb_data", "migrationsDir=pb_migrations", "hooksDir=pb_hooks", "publicDir=pb_public"]
        {
            command.arg(format!("--{name}"));
        }
        command.current_dir(self.folder.path());
        command
    }
}
