//! The state that all trials share.

use anyhow::anyhow;
use gochat_test_support::Cluster;
use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    sync::OnceLock,
};
use tempfile::TempDir;

/// The program under test, and the folder and cluster for its runs.
pub struct RunContext {
    pub program: PathBuf,
    pub is_short: bool,
    /// Parent of the folders of all deployments.
    pub base: TempDir,
    cluster: OnceLock<Result<Cluster, String>>,
}

impl RunContext {
    pub fn new(program: PathBuf, is_short: bool) -> anyhow::Result<Self> {
        let base = tempfile::Builder::new().prefix("gochat-torture-").tempdir()?;
        // Servers that run as another user need access to their folders inside it.
        fs::set_permissions(base.path(), Permissions::from_mode(0o755))?;
        Ok(Self { program, is_short, base, cluster: OnceLock::new() })
    }

    /// The cluster shared by the trials that do not damage it.
    pub fn cluster(&self) -> anyhow::Result<&Cluster> {
        let start = || Cluster::start(Cluster::DURABLE).map_err(|error| format!("{error:#}"));
        self.cluster.get_or_init(start).as_ref().map_err(|error| anyhow!("{error}"))
    }
}
