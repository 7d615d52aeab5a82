//! Tools the tasks need beside Rust: found, installed when we may, otherwise named exactly.
//!
//! Debian packages are installed only when running as root on a Debian-like system (a container,
//! a build machine); on anybody's own machine the command to type is printed instead.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail, ensure};

use crate::run;

/// A program that something here needs, and where Debian has it.
struct Need {
    /// Any of these names on the PATH will do.
    programs: &'static [&'static str],
    /// Debian packages that bring it.
    packages: &'static [&'static str],
    /// For what, for people.
    purpose: &'static str,
}

const TO_BUILD: &[Need] = &[
    Need {
        programs: &["cc", "gcc", "clang"],
        packages: &["gcc", "libc6-dev"],
        purpose: "compiling SQLCipher and the TLS library",
    },
    Need { programs: &["make"], packages: &["make"], purpose: "building OpenSSL for SQLCipher" },
    Need { programs: &["perl"], packages: &["perl"], purpose: "configuring OpenSSL for SQLCipher" },
];

const NODE: Need =
    Need { programs: &["npm"], packages: &["nodejs", "npm"], purpose: "building the pages" };

const AUTHORITY: Need = Need {
    programs: &["pebble"],
    packages: &["pebble"],
    purpose: "the tests that order certificates from a real authority",
};

const BUS: Need = Need {
    programs: &["dbus-daemon"],
    packages: &["dbus"],
    purpose: "the tests of the desktop's notices",
};

/// What Vite asks for.
const NODE_MIN: (u32, u32) = (20, 19);

/// Names under which systems have the browser of the tests.
const BROWSERS: &[&str] =
    &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

const BROWSER: Need = Need {
    programs: BROWSERS,
    // The fonts are for the screenshots: letters, symbols and emoji instead of boxes.
    packages: &["chromium", "fonts-dejavu-core", "fonts-noto-color-emoji"],
    purpose: "the browser tests",
};

/// What the compiler needs beside Rust.
pub(crate) fn to_build() -> Result<()> {
    satisfy(&TO_BUILD.iter().collect::<Vec<_>>())
}

/// Node with npm, new enough for the tools that build the pages.
pub(crate) fn node() -> Result<()> {
    satisfy(&[&NODE])?;
    let found = run::captured(Command::new("node").arg("--version"))?;
    let found = found.trim();
    ensure!(
        node_version(found).is_some_and(|version| version >= NODE_MIN),
        "Node {found} is too old to build the pages: they need {}.{} or newer (https://nodejs.org)",
        NODE_MIN.0,
        NODE_MIN.1
    );
    Ok(())
}

/// Whether Node is there and new enough, without installing it.
pub(crate) fn has_node() -> bool {
    found(&NODE).is_some() && node().is_ok()
}

/// Major and minor of what `node --version` prints: `v20.19.4`.
fn node_version(printed: &str) -> Option<(u32, u32)> {
    let mut numbers = printed.strip_prefix('v')?.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

/// Pebble, the test server of Let's Encrypt, and its server of names.
pub(crate) fn authority() -> Result<()> {
    satisfy(&[&AUTHORITY])
}

/// The session bus of the tests.
pub(crate) fn bus() -> Result<()> {
    satisfy(&[&BUS])
}

/// The browser of the tests.
pub(crate) fn browser() -> Result<PathBuf> {
    satisfy(&[&BROWSER])?;
    match found(&BROWSER) {
        Some(browser) => Ok(browser),
        None => bail!("Chromium was installed, but none of {BROWSERS:?} is on the PATH"),
    }
}

fn found(need: &Need) -> Option<PathBuf> {
    need.programs.iter().find_map(|name| run::on_path(name))
}

fn satisfy(needs: &[&Need]) -> Result<()> {
    let missing: Vec<&&Need> = needs.iter().filter(|need| found(need).is_none()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<&str> = missing.iter().flat_map(|need| need.packages).copied().collect();
    if !may_install() {
        let lacks: Vec<String> = missing
            .iter()
            .map(|need| format!("  {} (for {})", need.programs.join(" or "), need.purpose))
            .collect();
        bail!(
            "missing on this machine:\n{}\nOn Debian or Ubuntu: sudo apt-get install {}",
            lacks.join("\n"),
            packages.join(" ")
        );
    }
    apt(&packages)
}

fn apt(packages: &[&str]) -> Result<()> {
    println!("installing with apt-get: {}", packages.join(" "));
    run::captured(apt_get().args(["update"]))?;
    let install = ["install", "-y", "--no-install-recommends"];
    run::captured(apt_get().args(install).args(packages))?;
    Ok(())
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command.arg("-q").env("DEBIAN_FRONTEND", "noninteractive");
    command
}

fn may_install() -> bool {
    Path::new("/etc/debian_version").exists() && run::on_path("apt-get").is_some() && is_root()
}

fn is_root() -> bool {
    run::captured(Command::new("id").arg("-u")).is_ok_and(|uid| uid.trim() == "0")
}

#[cfg(test)]
mod tests {
    use super::{NODE_MIN, node_version};

    #[test]
    fn versions_of_node_are_compared_as_numbers() {
        assert!(node_version("v20.19.0") >= Some(NODE_MIN));
        assert!(node_version("v22.1.0") >= Some(NODE_MIN));
        assert!(node_version("v20.9.0") < Some(NODE_MIN));
        assert!(node_version("v18.20.4") < Some(NODE_MIN));
        assert_eq!(node_version("nonsense"), None);
    }
}
