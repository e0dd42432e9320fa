//! Checks that every file and test named in the documentation pages exists, and that the README shows all migrations.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The files with these endings below `folder`.
fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut found = Vec::new();
    for path in
        entries.filter(|path| !["target", "node_modules", ".git"].iter().any(|name| path.ends_with(name)))
    {
        if path.is_dir() {
            found.extend(files(&path, endings));
        } else if endings.iter().any(|ending| path.to_string_lossy().ends_with(ending)) {
            found.push(path);
        }
    }
    found
}

/// The words between backticks in the running text of a page: blocks of code are left out.
fn quoted(text: &str) -> Vec<&str> {
    let prose = text.split("```").step_by(2);
    prose.flat_map(|part| part.split('`').skip(1).step_by(2)).collect()
}

/// Expands `a/{b,c}.rs`.
fn expanded(path: &str) -> Vec<String> {
    match path.split_once('{').and_then(|(start, rest)| Some((start, rest.split_once('}')?))) {
        Some((start, (names, end))) => names.split(',').map(|name| format!("{start}{name}{end}")).collect(),
        None => vec![path.to_owned()],
    }
}

#[test]
fn every_file_that_a_page_names_exists() {
    let root = root();
    let crates = ["domain", "adapters", "server", "torture", "bench", "test-support"];
    let is_path = |word: &str| {
        let start = word.strip_prefix("crates/").unwrap_or(word).split('/').next();
        let is_plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "/._-{},".contains(c));
        word.contains('/') && is_plain && start.is_some_and(|start| crates.contains(&start))
    };
    let mut missing = Vec::new();
    for page in files(&root, &[".md"]) {
        let text = fs::read_to_string(&page).unwrap();
        for path in quoted(&text).into_iter().filter(|word| is_path(word)).flat_map(expanded) {
            if !root.join(&path).exists() && !root.join("crates").join(&path).exists() {
                missing.push(format!("{}: {path}", page.strip_prefix(&root).unwrap().display()));
            }
        }
        for link in text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
            let is_local = !link.is_empty() && !link.contains(':');
            if is_local && !page.parent().unwrap().join(link).exists() {
                missing.push(format!("{}: {link}", page.strip_prefix(&root).unwrap().display()));
            }
        }
    }
    assert_eq!(missing, [""; 0]);
}

#[test]
fn every_test_that_a_page_names_exists() {
    let root = root();
    let code: Vec<_> =
        files(&root.join("crates"), &[".rs"]).iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    let mut missing = Vec::new();
    for page in ["contributing.md", "extending.md"] {
        let text = fs::read_to_string(root.join("docs").join(page)).unwrap();
        // The name of a test is a sentence, so it has many words.
        let is_sentence = |name: &&str| {
            name.matches('_').count() >= 3
                && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        };
        let names = quoted(&text).into_iter().map(|word| word.rsplit("::").next().unwrap_or(word));
        for name in names.filter(is_sentence) {
            if !code.iter().any(|file| file.contains(&format!("fn {name}"))) {
                missing.push(format!("{page}: {name}"));
            }
        }
    }
    assert_eq!(missing, [""; 0]);
}

#[test]
fn the_readme_shows_the_log_of_every_migration() {
    let root = root();
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let shown: Vec<_> =
        readme.lines().filter_map(|line| line.split_once("INFO migrated the database to ")).collect();
    let mut versions: Vec<_> = fs::read_dir(root.join("migrations/sqlite"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .map(|name| name.split('_').next().unwrap().replace('-', ""))
        .collect();
    versions.sort();
    assert_eq!(shown.iter().map(|(_, version)| *version).collect::<Vec<_>>(), versions);
}
