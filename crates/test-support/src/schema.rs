//! The migrations of the service.

use crate::Backend;
use anyhow::Context;
use std::{
    fs::{self, DirEntry},
    io,
    path::{Path, PathBuf},
};

/// The folder of the migrations of `backend`.
pub fn migrations(backend: Backend) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations").join(backend.to_string())
}

/// The names of the migrations of `backend`, in order.
pub fn names(backend: Backend) -> anyhow::Result<Vec<String>> {
    let entries = fs::read_dir(migrations(backend))?;
    let name = |entry: io::Result<DirEntry>| {
        entry?.file_name().into_string().ok().context("a migration has a name that is not UTF-8")
    };
    let mut names = entries.map(name).collect::<anyhow::Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

/// The versions of the migrations of `backend`, in order, as Diesel reads them.
pub fn versions(backend: Backend) -> anyhow::Result<Vec<String>> {
    let version = |name: &String| name.split('_').next().unwrap_or_default().replace('-', "");
    Ok(names(backend)?.iter().map(version).collect())
}
