//! Import cycles between the files of one crate, which are refused.
//!
//! A file depends on another if it names something that the other one defines. A re-export is followed
//! to the definition, so that a parent that only declares its children and hands their names on depends
//! on none of them. Tests may use anything. Methods and globs are not seen.

mod import;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::source::is_test;
use import::Names;

/// Re-exports that are followed one after the other.
const MAX_REEXPORTS: usize = 16;

/// A module by its path from the crate's root, which is empty.
type Module = Vec<String>;

/// Adds the cycles of a crate with these sources, each with its path relative to the crate's folder
/// `shown`.
pub(crate) fn check(shown: &Path, sources: &BTreeMap<String, String>, offences: &mut Vec<String>) {
    let file = |module: &Module| shown.join(file_of(module, sources)).display().to_string();
    let uses = House::read(sources).uses();
    for cycle in cycles(&uses) {
        let first = cycle.first().map(|module| file(module)).unwrap_or_default();
        let mut text = format!("{first}: {} files import each other in a circle", cycle.len());
        for (from, to) in cycle.iter().flat_map(|from| cycle.iter().map(move |to| (from, to))) {
            if let Some(names) = uses.get(*from).and_then(|uses| uses.get(*to)) {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                text += &format!("\n    {} -> {}: {}", file(from), file(to), names.join(", "));
            }
        }
        offences.push(text);
    }
}

/// What each module takes from which other one.
type Uses = BTreeMap<Module, BTreeMap<Module, BTreeSet<String>>>;

/// Groups of modules that reach each other.
fn cycles(uses: &Uses) -> Vec<Vec<&Module>> {
    let reached: BTreeMap<&Module, BTreeSet<&Module>> =
        uses.keys().map(|from| (from, reached_from(from, uses))).collect();
    let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
    for (from, reaches) in &reached {
        if !reaches.contains(from) || !seen.insert(*from) {
            continue;
        }
        let comes_back = |to: &&&Module| reached.get(**to).is_some_and(|of| of.contains(*from));
        let cycle: Vec<&Module> = reaches.iter().filter(comes_back).copied().collect();
        seen.extend(&cycle);
        found.push(cycle);
    }
    found
}

fn reached_from<'u>(from: &Module, uses: &'u Uses) -> BTreeSet<&'u Module> {
    let (mut reached, mut next) = (BTreeSet::new(), vec![from]);
    while let Some(module) = next.pop() {
        for to in uses.get(module).into_iter().flat_map(BTreeMap::keys) {
            if reached.insert(to) {
                next.push(to);
            }
        }
    }
    reached
}

/// A crate's modules.
struct House {
    modules: BTreeMap<Module, Names>,
}

impl House {
    fn read(sources: &BTreeMap<String, String>) -> Self {
        let modules = sources.iter().filter_map(|(path, text)| {
            let module = module_of(path, sources)?;
            Some((module, Names::read(text)))
        });
        Self { modules: modules.collect() }
    }

    fn uses(&self) -> Uses {
        let mut uses = Uses::new();
        for (from, names) in &self.modules {
            let mut found = Vec::new();
            for import in &names.imports {
                let is_named = |path: &Vec<String>| path.first() == Some(&import.alias);
                if !import.is_public || names.paths.iter().any(is_named) {
                    found.extend(self.definition(from, &import.path, MAX_REEXPORTS));
                }
            }
            for path in names.paths.iter().filter(|path| path.len() > 1) {
                found.extend(self.definition(from, path, MAX_REEXPORTS));
            }
            for (to, name) in found.into_iter().filter(|(to, _)| to != from) {
                uses.entry(from.clone()).or_default().entry(to).or_default().insert(name);
            }
        }
        uses
    }

    /// The module that defines what a path leads to, and its name there; none for a module itself and
    /// for what is of another crate.
    fn definition(&self, from: &Module, path: &[String], left: usize) -> Option<(Module, String)> {
        let (mut module, mut rest) = self.start(from, path, left)?;
        while let Some((name, others)) = rest.split_first() {
            let child: Module = module.iter().chain([name]).cloned().collect();
            if !self.modules.contains_key(&child) {
                let import = self.import(&module, name).filter(|_| left > 0);
                return match import {
                    Some(import) => {
                        let onward: Vec<String> = import.iter().chain(others).cloned().collect();
                        self.definition(&module, &onward, left - 1)
                    }
                    None => Some((module, name.clone())),
                };
            }
            (module, rest) = (child, others);
        }
        None
    }

    /// Where a path begins, and the segments from there.
    fn start<'p>(
        &self,
        from: &Module,
        path: &'p [String],
        left: usize,
    ) -> Option<(Module, &'p [String])> {
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "crate" => Some((Module::new(), rest)),
            "self" => Some((from.clone(), rest)),
            "super" => {
                let (mut module, mut rest) = (from.clone(), path);
                while rest.first().is_some_and(|segment| segment == "super") {
                    module.pop()?;
                    rest = &rest[1..];
                }
                Some((module, rest))
            }
            name => {
                let child: Module = from.iter().chain([first]).cloned().collect();
                if self.modules.contains_key(&child) {
                    return Some((child, rest));
                }
                // A module that was imported by its name.
                let import = self.import(from, name).filter(|_| left > 0)?;
                let (module, inside) = self.start(from, import, left - 1)?;
                let whole: Module = module.into_iter().chain(inside.iter().cloned()).collect();
                self.modules.contains_key(&whole).then_some((whole, rest))
            }
        }
    }

    fn import(&self, module: &Module, alias: &str) -> Option<&[String]> {
        let imports = &self.modules.get(module)?.imports;
        imports.iter().find(|import| import.alias == alias).map(|import| import.path.as_slice())
    }
}

/// The module that a source is; none for a test and for a program beside a library.
fn module_of(path: &str, sources: &BTreeMap<String, String>) -> Option<Module> {
    let inside = path.strip_prefix("src/")?.strip_suffix(".rs")?;
    if is_test(Path::new(path)) || inside.starts_with("bin/") {
        return None;
    }
    match inside {
        "lib" => Some(Module::new()),
        "main" => (!sources.contains_key("src/lib.rs")).then(Module::new),
        _ => Some(inside.split('/').map(str::to_owned).collect()),
    }
}

fn file_of(module: &Module, sources: &BTreeMap<String, String>) -> String {
    match module.as_slice() {
        [] if sources.contains_key("src/lib.rs") => "src/lib.rs".to_owned(),
        [] => "src/main.rs".to_owned(),
        names => format!("src/{}.rs", names.join("/")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offences(sources: &[(&str, &str)]) -> Vec<String> {
        let sources =
            sources.iter().map(|(path, text)| (format!("src/{path}"), (*text).to_owned()));
        let mut offences = Vec::new();
        check(Path::new("house"), &sources.collect(), &mut offences);
        offences
    }

    #[test]
    fn files_that_import_each_other_are_named_with_what_ties_them() {
        let found = offences(&[
            ("lib.rs", "mod a; mod b; mod c; mod d;"),
            ("a.rs", "use crate::b::{B, Bee};"),
            ("b.rs", "fn b() { super::c::d() }"),
            ("c.rs", "use crate::a; struct C(a::A);"),
            ("d.rs", "use crate::a::A;"),
        ]);
        assert_eq!(
            found,
            ["house/src/a.rs: 3 files import each other in a circle\n    \
             house/src/a.rs -> house/src/b.rs: B, Bee\n    \
             house/src/b.rs -> house/src/c.rs: d\n    \
             house/src/c.rs -> house/src/a.rs: A"]
        );
    }

    #[test]
    fn parent_that_uses_its_child_is_in_a_circle_and_one_that_hands_on_is_not() {
        let child = ("a/b.rs", "use super::A; pub struct B(A);");
        let hands_on = "mod b;\npub use b::B;\npub struct A;";
        assert_eq!(offences(&[("lib.rs", "mod a;"), ("a.rs", hands_on), child]).len(), 0);
        for uses in [
            "mod b;\nuse b::B;",
            "mod b;\npub use b::B;\nfn a(_: B) {}",
            "mod b;\nfn a(_: b::B) {}",
        ] {
            let uses = format!("{uses}\npub struct A;");
            assert_eq!(
                offences(&[("lib.rs", "mod a;"), ("a.rs", &uses), child]).len(),
                1,
                "{uses}"
            );
        }
    }

    #[test]
    fn reexports_are_followed_to_the_definition() {
        let root = ("lib.rs", "mod a;\nmod b;\npub use a::A;");
        let (a, b) = (("a.rs", "mod c;\npub use c::C as A;"), ("b.rs", "pub struct B(crate::A);"));
        assert_eq!(offences(&[root, a, b, ("a/c.rs", "pub struct C;")]).len(), 0);
        let found = offences(&[root, a, b, ("a/c.rs", "pub struct C(crate::b::B);")]);
        assert_eq!(
            found,
            ["house/src/a/c.rs: 2 files import each other in a circle\n    \
             house/src/a/c.rs -> house/src/b.rs: B\n    house/src/b.rs -> house/src/a/c.rs: C"]
        );
    }

    #[test]
    fn tests_other_crates_and_the_file_itself_tie_nothing() {
        let sources = [
            ("main.rs", "mod a;\nfn main() { a::run() }"),
            ("a.rs", "mod b;\nuse std::fmt;\npub fn run() { b::run(); self::x(); }\nfn x() {}"),
            (
                "a/b.rs",
                "use super::fmt;\npub fn run() {}\n#[cfg(test)]\nmod tests { use super::super::x; }",
            ),
            ("a/b_tests.rs", "use super::super::x;"),
        ];
        assert_eq!(offences(&sources).len(), 0);
    }
}
