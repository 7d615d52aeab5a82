//! The licence check: every crate we build with may be used under the terms of `deny.toml`.
//!
//! With `cargo-deny` installed, that is what checks (licences, sources, bans). Without it, the same
//! file is applied to `cargo metadata` here, licences and sources only, so that a fresh machine
//! needs nothing more. The advisory database is not consulted: it is a download, and this check
//! has to work and give the same answer without a network.

mod expression;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::run::{self, cargo};

/// Checks, and names every crate that may not be used and why.
pub(crate) fn check() -> Result<()> {
    if run::on_path("cargo-deny").is_some() {
        let deny = ["deny", "--offline", "check", "licenses", "bans", "sources"];
        return run::loud(&mut cargo(deny));
    }
    let terms = Terms::read()?;
    let metadata = run::captured(&mut cargo(["metadata", "--format-version", "1", "--quiet"]))?;
    let metadata: Value = serde_json::from_str(&metadata).context("output of cargo metadata")?;
    let packages = metadata["packages"].as_array().context("cargo metadata has no packages")?;
    let offenders: Vec<String> =
        packages.iter().filter_map(|package| terms.objection(package)).collect();
    if !offenders.is_empty() {
        bail!("deny.toml does not allow:\n  {}", offenders.join("\n  "));
    }
    println!("{} crates, all under terms that deny.toml allows", packages.len());
    Ok(())
}

/// What `deny.toml` allows.
#[derive(Debug, Default)]
struct Terms {
    allow: BTreeSet<String>,
    /// Further licences for one crate.
    exceptions: BTreeMap<String, BTreeSet<String>>,
}

impl Terms {
    fn read() -> Result<Self> {
        let text = std::fs::read_to_string(run::root().join("deny.toml"))?;
        Self::parse(&text).context("deny.toml")
    }

    fn parse(text: &str) -> Result<Self> {
        let table: toml::Table = text.parse()?;
        let licenses = table.get("licenses").context("no [licenses]")?;
        let mut terms =
            Self { allow: strings(licenses.get("allow"))?, exceptions: BTreeMap::new() };
        let exceptions = licenses.get("exceptions").and_then(toml::Value::as_array);
        for exception in exceptions.into_iter().flatten() {
            let name = exception.get("crate").and_then(toml::Value::as_str);
            let name = name.context("an exception names no crate")?;
            terms.exceptions.insert(name.to_owned(), strings(exception.get("allow"))?);
        }
        Ok(terms)
    }

    /// Why a package of `cargo metadata` may not be used; `None` when it may.
    fn objection(&self, package: &Value) -> Option<String> {
        let name = package["name"].as_str().unwrap_or("a crate without a name");
        let version = package["version"].as_str().unwrap_or("?");
        // Only our own crates have no source; everything else comes from the registry.
        let source = package["source"].as_str();
        if source.is_some_and(|source| !source.starts_with("registry+")) {
            return Some(format!("{name} {version}: not from a registry: {source:?}"));
        }
        let Some(licence) = package["license"].as_str() else {
            return Some(format!("{name} {version}: names no licence"));
        };
        match expression::holds(licence, &|term| self.allows(name, term)) {
            Ok(true) => None,
            Ok(false) => Some(format!("{name} {version}: {licence}")),
            Err(error) => Some(format!("{name} {version}: {licence:?} cannot be read: {error}")),
        }
    }

    fn allows(&self, name: &str, term: &str) -> bool {
        let exception = self.exceptions.get(name);
        self.allow.contains(term) || exception.is_some_and(|more| more.contains(term))
    }
}

fn strings(value: Option<&toml::Value>) -> Result<BTreeSet<String>> {
    let list = value.and_then(toml::Value::as_array).context("no list `allow`")?;
    list.iter()
        .map(|entry| entry.as_str().map(str::to_owned).context("`allow` holds no text"))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Terms;

    fn terms() -> Terms {
        let text = r#"
            [licenses]
            allow = ["MIT", "Apache-2.0"]
            exceptions = [{ crate = "data", allow = ["CDLA-Permissive-2.0"] }]
        "#;
        Terms::parse(text).expect("the text above is a deny.toml")
    }

    #[test]
    fn an_exception_is_for_its_crate_only() {
        let package = |name| {
            json!({"name": name, "version": "1.0.0", "license": "CDLA-Permissive-2.0",
            "source": "registry+https://example.org"})
        };
        assert_eq!(terms().objection(&package("data")), None);
        assert!(terms().objection(&package("other")).is_some());
    }

    #[test]
    fn no_licence_and_no_registry_are_objections() {
        let none = json!({"name": "a", "version": "1.0.0", "license": null, "source": null});
        assert!(terms().objection(&none).is_some());
        let git = json!({"name": "a", "version": "1.0.0", "license": "MIT", "source": "git+https://example.org"});
        assert!(terms().objection(&git).is_some());
        let ours = json!({"name": "a", "version": "1.0.0", "license": "MIT", "source": null});
        assert_eq!(terms().objection(&ours), None);
    }
}
