//! Facts about a running instance that never change.

use gochat_adapters::DatabaseUrl;
use rustix::system::uname;
use std::{process, sync::Arc};

/// The instance and its database. Clones share them.
#[derive(Clone)]
pub(crate) struct Facts(Arc<Texts>);

struct Texts {
    instance: String,
    database: String,
}

impl Facts {
    /// The facts about this process, which uses the database at `url`.
    pub(crate) fn of(url: &DatabaseUrl) -> Self {
        let (system, process) = (uname(), process::id());
        let instance = format!("{}, process {process}", system.nodename().to_string_lossy());
        Self(Arc::new(Texts { instance, database: url.to_string() }))
    }

    /// The version of the program.
    #[allow(clippy::unused_self, reason = "a template has the facts, and need not import the type")]
    pub(super) fn version(&self) -> &'static str {
        env!("CARGO_PKG_VERSION")
    }

    /// The machine and the process.
    pub(super) fn instance(&self) -> &str {
        &self.0.instance
    }

    /// The URL of the database, without its password.
    pub(super) fn database(&self) -> &str {
        &self.0.database
    }
}
