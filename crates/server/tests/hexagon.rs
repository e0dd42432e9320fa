//! The dependency rule `server → adapters → domain`, between crates and between the modules of a crate.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "hexagon/import_cycles.rs"]
mod import_cycles;

use std::{fs, path::Path};

/// Returns the names in the `[dependencies]` of a crate.
fn dependencies(name: &str) -> Vec<String> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name).join("Cargo.toml");
    let manifest: toml::Table = fs::read_to_string(manifest).unwrap().parse().unwrap();
    manifest["dependencies"].as_table().unwrap().keys().cloned().collect()
}

#[test]
fn the_domain_depends_on_no_io_framework_or_data_format() {
    let allowed = [
        "anyhow",
        "async-trait",
        "base64",
        "chrono",
        "getrandom",
        "icu_properties",
        "mockall",
        "sha2",
        "subtle",
        "thiserror",
        "unicode-normalization",
        "uuid",
    ];
    assert_eq!(dependencies("domain"), allowed);
}

#[test]
fn the_adapters_know_the_domain_but_neither_http_nor_json() {
    let known = dependencies("adapters");
    assert!(known.contains(&"gochat-domain".to_owned()));
    let foreign =
        |name: &&String| name.starts_with("actix") || name.starts_with("serde") || *name == "gochat";
    assert_eq!(known.iter().filter(foreign).collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn the_server_knows_domain_and_adapters_but_no_sql() {
    let known = dependencies("server");
    for name in ["gochat-adapters", "gochat-domain"] {
        assert!(known.contains(&name.to_owned()), "{name}");
    }
    let foreign =
        |name: &&String| name.starts_with("diesel") || name.contains("sqlite") || name.starts_with("pq-");
    assert_eq!(known.iter().filter(foreign).collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn modules_of_a_folder_have_no_import_cycle() {
    for name in ["domain", "adapters", "server", "torture", "bench", "test-support"] {
        let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name).join("src");
        assert_eq!(import_cycles::in_crate(&src), [""; 0], "{name}");
    }
}

#[test]
fn an_import_cycle_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    fs::create_dir(folder.path().join("a")).unwrap();
    write("lib.rs", "mod a; mod b; mod c; use c::C;");
    write("a.rs", "mod inner; pub use inner::A; #[cfg(test)] mod tests { use crate::c::C; }");
    write("a/inner.rs", "use super::super::{b::{B}}; pub struct A;");
    write("b.rs", "pub struct B; fn f(_: crate::c::C) {}");
    write("c.rs", "pub struct C;");
    assert_eq!(import_cycles::in_crate(folder.path()), [""; 0]);
    write("c.rs", "use super::a::inner::A as Other; pub struct C;");
    assert_eq!(import_cycles::in_crate(folder.path()), [": a → b, b → c, c → a"]);
}
