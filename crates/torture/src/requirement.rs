//! Requirements of faults beyond the service and its database.

use crate::process;
use anyhow::{Context, bail, ensure};
use gochat_test_support::{HaProxy, Namespace, Need, SmallDisk};
use std::{env, fmt, fs, path::Path, process::Command};

/// Something that a machine may lack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requirement {
    Postgres,
    PgBouncer,
    /// PostgreSQL with German messages, and a German locale.
    German,
    HaProxy,
    Faketime,
    /// A network namespace, which requires root.
    Namespace,
    /// A disk of a few MiB, which requires root.
    SmallDisk,
    /// `setpriv`, and root to become another user.
    OtherUser,
    /// Enough file descriptors for this program.
    Descriptors,
}

impl Requirement {
    /// Checks that it is met. An error says what is missing.
    pub fn check(self) -> anyhow::Result<()> {
        match self {
            Self::Postgres => Need::Postgres.check(),
            Self::PgBouncer => Need::PgBouncer.check(),
            Self::German => Need::German.check(),
            Self::HaProxy => HaProxy::check(),
            Self::Faketime => faketime().map(drop),
            Self::Namespace => Namespace::new().map(drop),
            Self::SmallDisk => SmallDisk::new(1).map(drop),
            Self::OtherUser => {
                ensure!(rustix::process::geteuid().is_root(), "only root can become another user");
                process::run(Command::new("setpriv").args(OTHER_USER).arg("true"))
                    .context("the user `nobody` or the program `setpriv` is missing")?;
                let folder = env::temp_dir();
                process::run(Command::new("setpriv").args(OTHER_USER).args(["test", "-x"]).arg(&folder))
                    .with_context(|| format!("the user `nobody` has no access to {}", folder.display()))
                    .map(drop)
            }
            Self::Descriptors => {
                let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
                let most = limit.maximum.unwrap_or(u64::MAX);
                ensure!(most >= DESCRIPTORS, "this program may open {most} files, and needs {DESCRIPTORS}");
                Ok(())
            }
        }
    }

    /// Returns whether an environment variable makes an unmet requirement a failure.
    pub fn is_required(self) -> bool {
        let is_set = |name| std::env::var(name).is_ok_and(|value| value == "1");
        let of_postgres = matches!(self, Self::Postgres | Self::PgBouncer | Self::German);
        is_set("GOCHAT_TEST_REQUIRE_TORTURE") || of_postgres && is_set("GOCHAT_TEST_REQUIRE_POSTGRES")
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Postgres => "PostgreSQL",
            Self::PgBouncer => "PgBouncer",
            Self::German => "PostgreSQL with German messages",
            Self::HaProxy => "HAProxy",
            Self::Faketime => "faketime",
            Self::Namespace => "root and a network namespace",
            Self::SmallDisk => "root and a tmpfs",
            Self::OtherUser => "root and the user `nobody`",
            Self::Descriptors => "12,000 file descriptors",
        })
    }
}

/// Number of descriptors that this program needs for its connections.
pub const DESCRIPTORS: u64 = 12_000;

/// The arguments of `setpriv` that run a program as another user.
pub const OTHER_USER: [&str; 4] = ["--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"];

/// Ids of Debian's user `nobody` and group `nogroup`.
pub const NOBODY: u32 = 65_534;

/// The path of the library that fakes the clock.
pub fn faketime() -> anyhow::Result<String> {
    let folders = fs::read_dir("/usr/lib")?.flatten().map(|entry| entry.path());
    let candidates = folders.chain(["/usr/lib".into(), "/usr/local/lib".into()]);
    for folder in candidates {
        let library = Path::new(&folder).join("faketime/libfaketimeMT.so.1");
        if library.is_file() {
            return Ok(library.display().to_string());
        }
    }
    bail!("libfaketime is not installed (Debian: apt-get install faketime)")
}
