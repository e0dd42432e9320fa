//! Finds import cycles between modules.
//!
//! The modules of one folder are siblings. Imports between siblings must not form a cycle; an import by a submodule
//! counts as an import by the sibling that contains the submodule. A module and its own submodules may import each
//! other.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};
use syn::{
    Attribute, Item, UseTree,
    visit::{self, Visit},
};

/// Path of a module from the crate root.
type Module = Vec<String>;

/// Imports between siblings: importer, imported.
type Imports = BTreeSet<(String, String)>;

/// Returns the import cycles of a crate: one line each, with the folder and the modules.
pub fn in_crate(src: &Path) -> Vec<String> {
    let mut files = BTreeMap::new();
    collect(src, &[], &mut files);
    let modules: BTreeSet<_> = files.keys().cloned().collect();
    let mut folders = BTreeMap::<Module, Imports>::new();
    for (module, file) in &files {
        let mut paths = Paths { module, found: Vec::new() };
        paths.visit_file(file);
        for path in paths.found {
            let length = (1..=path.len()).rev().find(|length| modules.contains(&path[..*length]));
            let imported = &path[..length.unwrap_or_default()];
            let shared = module.iter().zip(imported).take_while(|(one, other)| one == other).count();
            if let (Some(one), Some(other)) = (module.get(shared), imported.get(shared)) {
                folders.entry(module[..shared].to_vec()).or_default().insert((one.clone(), other.clone()));
            }
        }
    }
    folders
        .into_iter()
        .filter_map(|(folder, imports)| cycle(imports).map(|cycle| format!("{}: {cycle}", folder.join("/"))))
        .collect()
}

/// Parses the files below `folder`, except those of tests.
fn collect(folder: &Path, module: &[String], files: &mut BTreeMap<Module, syn::File>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let is_root = module.is_empty() && ["lib", "main"].contains(&name);
        let inner = if is_root { Vec::new() } else { [module, &[name.to_owned()]].concat() };
        if ["tests", "testing"].contains(&name) {
            continue;
        }
        if path.is_dir() {
            collect(&path, &inner, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.insert(inner, syn::parse_file(&fs::read_to_string(&path).unwrap()).unwrap());
        }
    }
}

/// Repeatedly removes imports that cannot be part of a cycle, and returns the rest.
fn cycle(mut imports: Imports) -> Option<String> {
    loop {
        let importers: BTreeSet<_> = imports.iter().map(|(importer, _)| importer.clone()).collect();
        let before = imports.len();
        imports.retain(|(_, imported)| importers.contains(imported));
        if imports.len() == before {
            break;
        }
    }
    let arrows: Vec<_> =
        imports.iter().map(|(importer, imported)| format!("{importer} → {imported}")).collect();
    (!arrows.is_empty()).then(|| arrows.join(", "))
}

/// Collects the paths of this crate that a module names.
struct Paths<'a> {
    module: &'a [String],
    found: Vec<Module>,
}

impl Paths<'_> {
    fn add(&mut self, path: &[String]) {
        let Some((first, mut rest)) = path.split_first() else { return };
        let mut base = self.module.to_vec();
        match first.as_str() {
            "crate" => base.clear(),
            "self" => (),
            "super" => {
                base.pop();
                while let Some((next, others)) = rest.split_first()
                    && next == "super"
                {
                    base.pop();
                    rest = others;
                }
            }
            _ => return,
        }
        self.found.push([&base, rest].concat());
    }

    fn add_tree(&mut self, before: &[String], tree: &UseTree) {
        let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
        match tree {
            UseTree::Path(path) => self.add_tree(&with(&path.ident), &path.tree),
            UseTree::Name(name) => self.add(&with(&name.ident)),
            UseTree::Rename(rename) => self.add(&with(&rename.ident)),
            UseTree::Glob(_) => self.add(before),
            UseTree::Group(group) => group.items.iter().for_each(|item| self.add_tree(before, item)),
        }
    }
}

impl<'ast> Visit<'ast> for Paths<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        let is_test = |attributes: &[Attribute]| {
            attributes.iter().any(|attribute| {
                attribute.path().is_ident("cfg")
                    && attribute.parse_args::<syn::Ident>().is_ok_and(|word| word == "test")
            })
        };
        match item {
            Item::Mod(module) if is_test(&module.attrs) => (),
            Item::Use(import) => self.add_tree(&[], &import.tree),
            _ => visit::visit_item(self, item),
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.add(&names);
        visit::visit_path(self, path);
    }
}
