//! PostgREST on the schema of the product.

use crate::{
    api::Api,
    prefill,
    server::{Deployment, START_TIMEOUT, Server},
    system::System,
};
use anyhow::ensure;
use gochat_test_support::{Cluster, PlainSql, free_port, http::Request};
use std::{
    process::Command,
    thread,
    time::{Duration, Instant},
};

/// Creates the roles, and the defaults of the columns that the product fills itself.
const SETUP: &str = include_str!("postgrest/setup.sql");

/// The secret of the tokens, and a token of the role `bench_caller`.
const SECRET: &str = "the secret of the benchmark's tokens";
const KEY: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJyb2xlIjoiYmVuY2hfY2FsbGVyIn0.smz7lgsA-E72gULZP3nqCUwaXWWAljhw3tGsYrs9GVc";

/// Longest time until it has read the schema.
const READY_TIMEOUT: Duration = Duration::from_secs(30);

/// A database with groups.
pub struct Postgrest {
    program: &'static str,
    database: Deployment,
}

impl Postgrest {
    /// Creates a database with this many groups.
    pub fn new(program: &'static str, groups: u32, cluster: &Cluster) -> anyhow::Result<Self> {
        let database = prefill::deployment(System::Postgres, cluster, groups)?;
        PlainSql::connect(database.url())?.execute(SETUP)?;
        Ok(Self { program, database })
    }

    /// Starts a server on the database, and waits until it answers.
    pub fn start(&self) -> anyhow::Result<Server<'_>> {
        let port = free_port()?;
        let mut command = Command::new(self.program);
        command
            .env("PGRST_DB_URI", self.database.url().replacen(Cluster::USER, "bench_authenticator", 1))
            .env("PGRST_DB_SCHEMAS", "public")
            // The default; 20 was no faster.
            .env("PGRST_DB_POOL", "10")
            .env("PGRST_JWT_SECRET", SECRET)
            // Seconds. The product caches keys, too.
            .env("PGRST_JWT_CACHE_MAX_LIFETIME", "3600")
            .env("PGRST_OPENAPI_MODE", "disabled")
            .env("PGRST_SERVER_HOST", "127.0.0.1")
            .env("PGRST_SERVER_PORT", port.to_string());
        let server =
            Server::start(command, port, self.database.folder(), Api::Postgrest, KEY, START_TIMEOUT)?;
        let started_at = Instant::now();
        let probe = Request::new("HEAD", "/groups?id=eq.1").header("Authorization", &format!("Bearer {KEY}"));
        while probe.send(port).status != 200 {
            ensure!(started_at.elapsed() < READY_TIMEOUT, "PostgREST cannot read the schema");
            thread::yield_now();
        }
        Ok(server)
    }
}
