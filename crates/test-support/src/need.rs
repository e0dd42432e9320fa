//! Requirements of cases.

use crate::{Namespace, fake_clock, installation, nginx, pgbouncer};
use anyhow::{Context, ensure};
use std::{env, process::Command};

/// Something that a machine may lack. Cases that need it are then ignored, with the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// PostgreSQL's server binaries.
    Postgres,
    /// A server with German messages: the locale `de_DE.UTF-8`, and PostgreSQL's translations.
    German,
    /// The program `openssl`, which makes certificates.
    OpenSsl,
    /// PgBouncer.
    PgBouncer,
    /// libfaketime, which gives a process another clock.
    FakeTime,
    /// nginx.
    Nginx,
    /// A network namespace, which needs root. If it cannot be created, the cases that need it are ignored, even if
    /// PostgreSQL is required.
    Namespace,
}

impl Need {
    /// Checks that the requirement is met; the error says what to install.
    pub fn check(self) -> anyhow::Result<()> {
        match self {
            Self::Postgres => installation::newest().map(drop),
            Self::German => {
                let mut help = Command::new(installation::newest()?.join("postgres"));
                let help = help.arg("--help").env("LC_ALL", "de_DE.UTF-8").env_remove("LANGUAGE").output()?;
                ensure!(
                    String::from_utf8_lossy(&help.stdout).contains("ist der PostgreSQL-Server"),
                    "PostgreSQL cannot speak German (Debian: apt-get install locales; \
                     localedef -i de_DE -f UTF-8 de_DE.UTF-8; its .mo files are in the package of the server)"
                );
                Ok(())
            }
            Self::FakeTime => fake_clock::library().map(drop),
            Self::OpenSsl => {
                let version = Command::new("openssl").arg("version").output();
                version.map(drop).context("openssl cannot be run (Debian: apt-get install openssl)")
            }
            Self::PgBouncer => pgbouncer::PROGRAM.find().map(drop),
            Self::Nginx => nginx::PROGRAM.find().map(drop),
            Self::Namespace => Namespace::new().map(drop),
        }
    }

    /// Returns true if cases that need it must fail instead of being ignored.
    pub(crate) fn is_required(self) -> bool {
        let is_set = |variable| env::var(variable).is_ok_and(|value| value == "1");
        match self {
            Self::Postgres | Self::German | Self::OpenSsl | Self::PgBouncer => {
                is_set("GOCHAT_TEST_REQUIRE_POSTGRES")
            }
            Self::FakeTime | Self::Nginx => is_set("GOCHAT_TEST_REQUIRE_CLIENTS"),
            Self::Namespace => false,
        }
    }
}
