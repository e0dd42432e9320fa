//! Standbys of a cluster, and the failover to one.

use super::{Cluster, builder::data};
use crate::{
    deadline::eventually,
    server_folder::{ServerFolder, run},
};

/// The application name of the standby.
const NAME: &str = "standby";

impl Cluster {
    /// Creates a synchronous standby of this cluster: from then on a commit returns only after the standby has it,
    /// too.
    ///
    /// # Example
    /// ```no_run
    /// use gochat_test_support::{Cluster, PlainSql, Shutdown};
    ///
    /// let primary = Cluster::start(Cluster::FAST)?;
    /// let standby = primary.synchronous_standby()?;
    /// let url = primary.failover_url(&standby, "postgres");
    /// primary.stop(Shutdown::Immediate)?;
    /// standby.promote()?;
    /// PlainSql::connect(&url)?.execute("CREATE TABLE written_on_the_standby ()")?;
    /// # anyhow::Ok(())
    /// ```
    pub fn synchronous_standby(&self) -> anyhow::Result<Self> {
        let folder = ServerFolder::new("gochat-postgres-")?;
        let (host, port, user, password) = (self.host, self.port, Self::USER, Self::PASSWORD);
        run(folder
            .command(self.binaries.join("pg_basebackup"))
            .args(["--write-recovery-conf", "--checkpoint", "fast", "--no-sync", "--dbname"])
            .arg(format!("host={host} port={port} user={user} password={password} application_name={NAME}"))
            .arg("--pgdata")
            .arg(data(&folder)))?;
        let standby = Self::run(self.binaries.clone(), folder, None)?;
        self.set("synchronous_standby_names", NAME)?;
        eventually("a synchronous standby", || {
            let states = self.rows("SELECT sync_state FROM pg_stat_replication");
            states.is_ok_and(|states| states == [["sync"]]).then_some(())
        });
        Ok(standby)
    }

    /// Promotes a standby, and returns when it accepts writes.
    pub fn promote(&self) -> anyhow::Result<()> {
        self.ask("promote")
    }

    /// A URL with the addresses of both clusters. A connection goes to the one that accepts writes.
    pub fn failover_url(&self, other: &Self, database: &str) -> String {
        let addresses = format!("{}:{},{}:{}", self.host, self.port, other.host, other.port);
        Self::url_at(&addresses, database) + "?target_session_attrs=read-write"
    }

    /// Changes a setting of the running server, and returns when it applies to new connections.
    pub fn set(&self, name: &str, value: &str) -> anyhow::Result<()> {
        let loaded_at = || self.rows("SELECT pg_conf_load_time()::text");
        let before = loaded_at()?;
        self.execute(&format!("ALTER SYSTEM SET {name} = '{}'", value.replace('\'', "''")))?;
        self.execute("SELECT pg_reload_conf()")?;
        eventually("the server reads its settings", || {
            loaded_at().is_ok_and(|loaded_at| loaded_at != before).then_some(())
        });
        Ok(())
    }
}
