//! Order of modules: within a crate, a module uses only modules below it.
//!
//! A crate lists its modules in its `Cargo.toml`, lowest first:
//!
//! ```toml
//! [package.metadata.modules]
//! order = ["config", "store", "service", "link"]
//! exceptions = ["store -> service"] # only to become fewer
//! ```
//!
//! So there are no circles, and a newcomer reads the crate in that order. Tests may use anything.

mod path;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result};
use toml::Value;

use super::source::is_test;
use path::{Reference, references};

/// What a crate says of its modules.
#[derive(Debug, Default)]
pub(crate) struct Order {
    /// Lowest first.
    floors: Vec<String>,
    /// Uses of a higher module that are left from before.
    exceptions: BTreeSet<(String, String)>,
}

impl Order {
    /// Reads the order from a manifest.
    ///
    /// # Errors
    /// It is not TOML. What does not belong into the lists is left out.
    pub(crate) fn read(manifest: &str) -> Result<Self> {
        let manifest: toml::Table = manifest.parse().context("a manifest is not TOML")?;
        let manifest = Value::Table(manifest);
        let modules = ["package", "metadata", "modules"];
        let modules = modules.iter().try_fold(&manifest, |table, key| table.get(key));
        let Some(modules) = modules else { return Ok(Self::default()) };
        let list = |key: &str| {
            let list = modules.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
            list.into_iter().filter_map(|entry| entry.as_str().map(str::to_owned))
        };
        let pair = |text: String| {
            text.split_once(" -> ").map(|(from, to)| (from.to_owned(), to.to_owned()))
        };
        Ok(Self {
            floors: list("order").collect(),
            exceptions: list("exceptions").filter_map(pair).collect(),
        })
    }

    fn floor(&self, module: &str) -> Option<usize> {
        self.floors.iter().position(|floor| floor == module)
    }

    /// Adds what is wrong in a crate with these sources, each with its path relative to the crate's
    /// folder `shown`.
    pub(crate) fn check(
        &self,
        shown: &Path,
        sources: &BTreeMap<String, String>,
        offences: &mut Vec<String>,
    ) {
        let modules: BTreeSet<&str> = sources.keys().filter_map(|path| module_of(path)).collect();
        let manifest = shown.join("Cargo.toml");
        for module in &modules {
            if self.floor(module).is_none() {
                offences.push(format!(
                    "{}: metadata.modules.order does not say where `{module}` stands",
                    manifest.display()
                ));
            }
        }
        for module in self.floors.iter().filter(|floor| !modules.contains(floor.as_str())) {
            offences.push(format!(
                "{}: metadata.modules.order names `{module}`, which is no module",
                manifest.display()
            ));
        }
        let mut used = BTreeSet::new();
        for (path, text) in sources {
            let Some(from) = module_of(path) else { continue };
            for Reference { to, line, in_macro } in references(depth_of(path), text) {
                let place = format!("{}:{line}", shown.join(path).display());
                if !modules.contains(to.as_str()) && in_macro {
                    continue;
                }
                if !modules.contains(to.as_str()) {
                    offences.push(format!("{place}: `{to}` is no module: name the one it is from"));
                    continue;
                }
                let (Some(below), Some(above)) = (self.floor(&to), self.floor(from)) else {
                    continue;
                };
                if below <= above {
                    continue;
                }
                let pair = (from.to_owned(), to.clone());
                if self.exceptions.contains(&pair) {
                    used.insert(pair);
                    continue;
                }
                offences.push(format!("{place}: `{from}` uses `{to}`, which stands above it"));
            }
        }
        for (from, to) in self.exceptions.difference(&used) {
            offences.push(format!(
                "{}: the exception `{from} -> {to}` is not needed any more: delete it",
                manifest.display()
            ));
        }
    }
}

/// The module of the crate's root that a source belongs to; none for the root itself and for tests.
fn module_of(path: &str) -> Option<&str> {
    let inside = path.strip_prefix("src/")?.strip_suffix(".rs")?;
    let module = inside.split('/').next()?;
    if is_test(Path::new(path)) {
        return None;
    }
    (!["lib", "main", "bin"].contains(&module)).then_some(module)
}

/// How many modules a source lies deep in its crate.
fn depth_of(path: &str) -> usize {
    path.matches('/').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = r#"
        [package]
        name = "house"
        [package.metadata.modules]
        order = ["ground", "first", "roof"]
    "#;

    fn offences(manifest: &str, sources: &[(&str, &str)]) -> Vec<String> {
        let mut all: BTreeMap<String, String> = ["ground", "first", "roof"]
            .map(|name| (format!("src/{name}.rs"), String::new()))
            .into();
        all.extend(sources.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())));
        let mut offences = Vec::new();
        Order::read(manifest).unwrap().check(Path::new("house"), &all, &mut offences);
        offences
    }

    #[test]
    fn use_upward_fails_with_file_and_line() {
        let up = "use std::fmt;\n\nuse crate::roof::Tile;\n";
        let found = offences(MANIFEST, &[("src/first/stairs.rs", up)]);
        assert_eq!(
            found,
            ["house/src/first/stairs.rs:3: `first` uses `roof`, which stands above it"]
        );
        assert_eq!(offences(MANIFEST, &[("src/roof.rs", "use crate::first::Wall;")]).len(), 0);
    }

    #[test]
    fn reexport_of_the_root_hides_nothing() {
        let found = offences(MANIFEST, &[("src/first.rs", "use crate::Tile;\n")]);
        assert_eq!(found, ["house/src/first.rs:1: `Tile` is no module: name the one it is from"]);
        let exported = "macro_rules! tile { () => { $crate::Tile } }";
        assert_eq!(offences(MANIFEST, &[("src/first.rs", exported)]).len(), 0);
    }

    #[test]
    fn tests_and_the_root_use_anything() {
        let up = "use crate::roof::Tile;\n";
        for path in ["src/lib.rs", "src/main.rs", "src/first/wall_tests.rs", "src/first/tests.rs"] {
            assert_eq!(offences(MANIFEST, &[(path, up)]).len(), 0, "{path}");
        }
    }

    #[test]
    fn order_lists_every_module_and_no_other() {
        let new = offences(MANIFEST, &[("src/attic.rs", "")]);
        assert_eq!(
            new,
            ["house/Cargo.toml: metadata.modules.order does not say where `attic` stands"]
        );
        let gone = offences(&MANIFEST.replace("\"roof\"", "\"roof\", \"shed\""), &[]);
        assert_eq!(
            gone,
            ["house/Cargo.toml: metadata.modules.order names `shed`, which is no module"]
        );
    }

    #[test]
    fn exception_allows_one_pair_and_is_deleted_when_unused() {
        let excused = format!("{MANIFEST}\nexceptions = [\"first -> roof\"]\n");
        let up = ("src/first.rs", "use crate::roof::Tile;\n");
        assert_eq!(offences(&excused, &[up]).len(), 0);
        assert_eq!(
            offences(&excused, &[]),
            ["house/Cargo.toml: the exception `first -> roof` is not needed any more: delete it"]
        );
    }
}
