//! The pages: npm packages as locked, types, and the build into `web/dist`.
//!
//! `crates/mnm` embeds `web/dist` when it is compiled, so the pages are built before it, and only
//! when one of their files is newer: an unchanged `web/dist` spares compiling the app again.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context, Result};

use crate::{install, run};

/// What is built or installed, or left behind by the tests: never a reason to build again.
const PRODUCTS: &[&str] = &[
    "node_modules",
    "dist",
    "tests",
    "unit",
    "bench",
    "screens",
    "gallery",
    "test-results",
    "playwright-report",
];

/// `cargo xtask web`: installs what is missing and builds what is out of date.
pub(crate) fn build() -> Result<()> {
    packages()?;
    if up_to_date()? {
        println!("web/dist is up to date");
        return Ok(());
    }
    run::captured(&mut npm(["run", "build"])).map(drop)
}

/// npm packages exactly as `package-lock.json` has them; nothing when they are already there.
pub(crate) fn packages() -> Result<()> {
    install::node()?;
    let wanted = changed(&run::root().join("web/package-lock.json"))?;
    let installed = changed(&run::root().join("web/node_modules/.package-lock.json")).ok();
    if installed.is_some_and(|installed| installed >= wanted) {
        return Ok(());
    }
    println!("installing the npm packages of web/package-lock.json");
    run::captured(&mut npm(["ci", "--no-audit", "--no-fund"])).map(drop)
}

/// Makes the types in `web/src/lib/types` anew: the tests that compare them do it when they are told to.
pub(crate) fn types() -> Result<()> {
    let mut tests = run::cargo(["test", "--quiet", "-p", "mnm-engine", "-p", "mnm"]);
    tests.args(["--lib", "--bins", "page_types"]).env("MNM_RENEW_TYPES", "1");
    run::loud(&mut tests)
}

/// Type checks of everything below `web/`.
pub(crate) fn check() -> Result<()> {
    run::loud(&mut npm(["run", "check"]))
}

/// The unit tests of the pages' logic.
pub(crate) fn unit_tests() -> Command {
    let mut command = npm(["run", "--silent", "unit"]);
    command.env("NO_COLOR", "1");
    command
}

/// The browser tests, which start the real service and apps themselves.
pub(crate) fn browser_tests(browser: &Path) -> Command {
    playwright(browser, &run::built("debug"))
}

/// The benchmark of the pages, with the programs in this folder.
pub(crate) fn benchmark(browser: &Path, programs: &Path) -> Command {
    let mut command = playwright(browser, programs);
    command.args(["--config", "playwright.bench.config.ts"]);
    command
}

/// The gallery of components, drawn anew with every change.
pub(crate) fn gallery() -> Command {
    run::program("npx", ["--no-install", "vite", "--config", "vite.gallery.config.ts"], "web")
}

/// The pictures of the gallery, taken anew.
pub(crate) fn gallery_pictures(browser: &Path) -> Command {
    let mut command = playwright(browser, &run::built("debug"));
    command.args(["gallery.spec.ts", "--update-snapshots"]);
    command
}

/// The pictures of the pages.
pub(crate) fn screens(browser: &Path) -> Command {
    let mut command = playwright(browser, &run::built("debug"));
    command.args(["--config", "playwright.screens.config.ts"]);
    command
}

fn playwright(browser: &Path, programs: &Path) -> Command {
    let mut command = run::program("npx", ["--no-install", "playwright", "test"], "web");
    command.env("CHROMIUM_BIN", browser);
    for (variable, program) in [("TMTPD_BIN", "tmtpd"), ("MNM_BIN", "mnm")] {
        command.env(variable, programs.join(program));
    }
    command
}

fn npm<const N: usize>(args: [&str; N]) -> Command {
    let mut command = run::program("npm", args, "web");
    // The browser comes from the system; Playwright's own would be a download of 150 MB.
    command.env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1");
    command
}

fn up_to_date() -> Result<bool> {
    let Ok(built) = changed(&run::root().join("web/dist/index.html")) else {
        return Ok(false);
    };
    Ok(newest(&run::root().join("web"))? <= built)
}

fn newest(folder: &Path) -> Result<SystemTime> {
    let mut newest = SystemTime::UNIX_EPOCH;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if PRODUCTS.iter().any(|product| entry.file_name() == OsStr::new(product)) {
            continue;
        }
        let age = if entry.file_type()?.is_dir() {
            self::newest(&entry.path())?
        } else {
            changed(&entry.path())?
        };
        newest = newest.max(age);
    }
    Ok(newest)
}

fn changed(file: &Path) -> Result<SystemTime> {
    std::fs::metadata(file)
        .and_then(|metadata| metadata.modified())
        .with_context(|| format!("could not read {}", file.display()))
}
