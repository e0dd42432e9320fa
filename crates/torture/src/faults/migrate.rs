//! Three servers migrate one empty database, and one of them is killed.

use super::Fault;
use crate::{server::Server, trial::Trial, wait::pause};
use gochat_test_support::{Backend, free_port, schema};

pub struct Migrate;

/// Number of servers on one database.
const SERVERS: usize = 3;

impl Fault for Migrate {
    fn name(&self) -> &'static str {
        "migrate"
    }

    fn about(&self) -> &'static str {
        "three servers start on one empty database, and one is killed within 120 ms"
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        while trial.next_round(20, 3) {
            let deployment = trial.bare_deployment()?;
            let mut servers = Vec::new();
            for _ in 0..SERVERS {
                servers.push(deployment.launch().spawn([free_port()?, free_port()?])?);
            }
            pause(trial.random_millis(0, 120));
            let mut killed = servers.swap_remove(trial.rng.usize(..SERVERS));
            killed.kill()?;
            let servers =
                servers.into_iter().map(Server::wait_until_live).collect::<anyhow::Result<Vec<_>>>()?;
            let versions = "SELECT version FROM __diesel_schema_migrations ORDER BY version";
            let found: Vec<_> = deployment.sql()?.rows(versions)?.concat();
            let wanted = schema::versions(trial.backend)?;
            trial.expect(found == wanted, || format!("migrated to {found:?}, not to {wanted:?}"));
            // On SQLite only one server is supported, although two can share a file.
            let serving = if trial.backend == Backend::Sqlite { 1 } else { servers.len() };
            let ports: Vec<_> = servers.iter().take(serving).map(|server| server.port).collect();
            trial.under_load(&deployment, &ports, |load, _| load.wait_for_creates(50))?;
            drop(servers);
            trial.finish(&deployment)?;
        }
        Ok(())
    }
}
