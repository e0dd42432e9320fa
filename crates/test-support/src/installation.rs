//! The installed PostgreSQL server binaries.

use anyhow::Context;
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The folder of all versions on Debian and derivatives, outside the `PATH`.
const DEBIAN: &str = "/usr/lib/postgresql";

/// The folder of the newest server binaries on this machine.
pub(crate) fn newest() -> anyhow::Result<PathBuf> {
    let on_path = env::var_os("PATH").unwrap_or_default();
    let packaged = fs::read_dir(DEBIAN).into_iter().flatten().flatten().map(|entry| entry.path().join("bin"));
    env::split_paths(&on_path)
        .chain(packaged)
        .filter_map(|folder| Some((version(&folder)?, folder)))
        .max_by_key(|(version, _)| *version)
        .map(|(_, folder)| folder)
        .context("PostgreSQL's server binaries are not installed (Debian: apt-get install postgresql)")
}

/// The version of the server in `folder`; `None` if it is incomplete.
fn version(folder: &Path) -> Option<(u32, u32)> {
    let complete = ["initdb", "pg_ctl", "postgres"].iter().all(|binary| folder.join(binary).is_file());
    let output = complete.then(|| Command::new(folder.join("postgres")).arg("--version").output())?.ok()?;
    read_version(&String::from_utf8_lossy(&output.stdout))
}

/// Reads `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`; a beta has no second number.
fn read_version(text: &str) -> Option<(u32, u32)> {
    let version = text.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    let mut numbers = version.split(|c: char| !c.is_ascii_digit());
    let major = numbers.next()?.parse().ok()?;
    let minor = if version.contains('.') { numbers.next()?.parse().ok()? } else { 0 };
    Some((major, minor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_packages_and_of_betas_are_read() {
        let cases = [
            ("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", Some((15, 18))),
            ("postgres (PostgreSQL) 9.6.24", Some((9, 6))),
            ("postgres (PostgreSQL) 19beta1", Some((19, 0))),
            ("", None),
        ];
        for (text, version) in cases {
            assert_eq!(read_version(text), version, "{text}");
        }
    }
}
