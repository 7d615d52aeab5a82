//! `cargo xtask wasm`: compiles the app's engine for browsers, without linking it, to keep its platform seam open.
//! With `--run`, what it has in place of a runtime there is linked and run in Node (`browser/`).
//!
//! That takes a standard library for `wasm32-unknown-unknown`. The compiler at hand may have one; otherwise
//! Debian's unstable release has one together with its own compiler, which needs no installation: their
//! packages (190 MB) are unpacked below `target/wasm`, once, and run with their own system library. Where
//! neither is to be had, `cargo xtask test` says that this is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::run;

const TARGET: &str = "wasm32-unknown-unknown";
const MIRROR: &str = "http://deb.debian.org/debian";
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
/// What is unpacked, with what it depends on.
const PACKAGES: [&str; 2] = ["rustc", "libstd-rust-dev-wasm32"];
/// What a compiler needs to link programs: nothing is linked for browsers, and for us the system does it.
const NOT_NEEDED: [&str; 3] = ["binutils", "gcc", "libc-gconv-modules-extra"];
/// Has SQLite's C code for browsers not compiled, which only linking needs.
const WITHOUT_SQLITE: &str = "target.wasm32-unknown-unknown.wsqlite3.rustc-link-lib=['wsqlite3']";

/// How a linker is named to Cargo, and of which kind it is.
const LINKER: (&str, &str) =
    ("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS");
const LINKER_FLAVOR: &str = "-Clinker-flavor=wasm-ld";

/// What Node runs. Where nothing more can happen it ends, whatever is still waited for.
const IN_NODE: &str =
    "process.exitCode = 1; require('./browser.js').run().then(() => { process.exitCode = 0; })";

/// Compiles the engine for browsers.
pub(crate) fn check() -> Result<()> {
    compile(compiler()?)
}

/// For `cargo xtask test`: left out where there is no compiler for it.
pub(crate) fn check_if_possible() -> Result<()> {
    match compiler() {
        Ok(compiler) => compile(compiler),
        Err(error) => {
            println!("left out: {error:#}");
            Ok(())
        }
    }
}

fn compile(compiler: Option<PathBuf>) -> Result<()> {
    let mut check = run::cargo(["check", "--quiet", "--package", "mnm-engine", "--lib"]);
    check.args(["--target", TARGET, "--config", WITHOUT_SQLITE]);
    if let Some(compiler) = compiler {
        check.env("RUSTC", compiler).env("CARGO_TARGET_DIR", place().join("build"));
    }
    run::loud(&mut check)
}

/// Runs the engine's time and tasks in Node.
pub(crate) fn run() -> Result<()> {
    let folder = place().join("browser");
    let mut build = run::cargo(["build", "--quiet", "--lib", "--locked"]);
    build.args(["--manifest-path", "browser/Cargo.toml", "--target", TARGET]);
    build.env("CARGO_TARGET_DIR", &folder).env(LINKER.0, linker()?).env(LINKER.1, LINKER_FLAVOR);
    if let Some(compiler) = compiler()? {
        build.env("RUSTC", compiler);
    }
    run::loud(&mut build)?;
    let built = folder.join(TARGET).join("debug/browser.wasm");
    let mut bind = run::cargo(["run", "--quiet", "--locked", "--manifest-path"]);
    bind.args(["browser/Cargo.toml", "--"]).args([&built, &folder.join("node")]);
    run::loud(bind.env("CARGO_TARGET_DIR", &folder))?;
    let mut node = run::program("node", ["--eval", IN_NODE], ".");
    run::loud(node.current_dir(folder.join("node")))
}

/// The linker that comes with the compiler at hand.
fn linker() -> Result<PathBuf> {
    let about = run::captured(&mut run::program("rustc", ["-vV"], "."))?;
    let host = about.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.context("rustc does not say for which machine it is")?;
    let sysroot = run::captured(&mut run::program("rustc", ["--print", "sysroot"], "."))?;
    Ok(Path::new(sysroot.trim()).join("lib/rustlib").join(host).join("bin/rust-lld"))
}

fn place() -> PathBuf {
    run::root().join("target/wasm")
}

/// A compiler other than the one at hand, if that has no library for browsers.
fn compiler() -> Result<Option<PathBuf>> {
    let mut ask = run::program("rustc", ["--print", "target-libdir", "--target", TARGET], ".");
    if run::captured(&mut ask).is_ok_and(|library| Path::new(library.trim()).is_dir()) {
        return Ok(None);
    }
    let compiler = place().join("rustc");
    if !compiler.is_file() {
        ensure!(cfg!(all(target_os = "linux", target_arch = "x86_64")), "no library for {TARGET}");
        unpack(&compiler).context("Debian's compiler for browsers could not be had")?;
    }
    Ok(Some(compiler))
}

/// Downloads and unpacks Debian's compiler, and makes a program `compiler` that runs it.
fn unpack(compiler: &Path) -> Result<()> {
    let (place, packages) = (place(), place().join("packages"));
    for folder in ["packages", "root", "apt/lists/partial", "apt/cache/archives/partial"] {
        fs::create_dir_all(place.join(folder))?;
    }
    let apt = place.join("apt");
    fs::write(apt.join("status"), "")?;
    fs::write(apt.join("sources.list"), format!("deb [signed-by={KEYRING}] {MIRROR} sid main\n"))?;
    let settings = format!(
        "Dir::State \"{0}\";\nDir::State::status \"{0}/status\";\nDir::Cache \"{0}/cache\";\n\
         Dir::Etc::sourcelist \"{0}/sources.list\";\nDir::Etc::sourceparts \"-\";\n\
         APT::Architecture \"amd64\";\nAPT::Sandbox::User \"root\";\n",
        apt.display()
    );
    fs::write(apt.join("apt.conf"), settings)?;
    let apt_tool = |name: &str, args: &[&str]| {
        let mut tool = run::program(name, [], ".");
        tool.args(args).env("APT_CONFIG", apt.join("apt.conf")).current_dir(&packages);
        run::captured(&mut tool)
    };
    apt_tool("apt-get", &["update", "--quiet"])?;
    let mut ask = vec!["depends", "--recurse", "--important"];
    ask.extend(PACKAGES);
    let told = apt_tool("apt-cache", &ask)?;
    let mut download = vec!["download", "--quiet"];
    download.extend(needed(&told));
    apt_tool("apt-get", &download)?;
    for package in fs::read_dir(&packages)? {
        let mut unpacking = run::program("dpkg", ["--extract"], ".");
        run::captured(unpacking.arg(package?.path()).arg(place.join("root")))?;
    }
    fs::remove_dir_all(&packages)?;
    let usr = place.join("root/usr");
    let libraries = usr.join("lib/x86_64-linux-gnu");
    ensure!(usr.join("lib/rustlib").join(TARGET).is_dir(), "the packages hold no library");
    let script = format!(
        "#!/bin/sh\nexec \"{0}/ld-linux-x86-64.so.2\" --library-path \"{0}\" \"{1}/bin/rustc\" \
         --sysroot \"{1}\" \"$@\"\n",
        libraries.display(),
        usr.display()
    );
    let draft = compiler.with_extension("new");
    fs::write(&draft, script)?;
    run::captured(run::program("chmod", ["755"], ".").arg(&draft))?;
    run::captured(run::program("sh", [], ".").arg(&draft).arg("--version"))?;
    Ok(fs::rename(&draft, compiler)?)
}

/// What the compiler needs to run, by what `apt-cache depends --recurse` says: the name of each package, and
/// below it, indented, what it depends on.
fn needed(told: &str) -> BTreeSet<&str> {
    let mut edges: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut package = "";
    for line in told.lines() {
        if let Some(other) = line.trim_start().strip_prefix("Depends: ") {
            edges.entry(package).or_default().push(other);
        } else if !line.starts_with(' ') {
            package = line;
        }
    }
    let (mut needed, mut open) = (BTreeSet::new(), Vec::from(PACKAGES));
    while let Some(package) = open.pop() {
        // What others stand for is in brackets.
        let real = !package.starts_with('<') && !NOT_NEEDED.contains(&package);
        if real && needed.insert(package) {
            open.extend(edges.get(package).into_iter().flatten());
        }
    }
    needed
}

#[cfg(test)]
mod tests {
    use super::needed;

    #[test]
    fn packages_of_the_compiler_are_taken_without_a_linker() {
        let told = "rustc\n  Depends: libc6\n  Depends: gcc\n  Depends: <libc-dev>\n    libc6-dev\n\
                    libc6\n  Depends: libgcc-s1\ngcc\n  Depends: cpp\nlibstd-rust-dev-wasm32\nlibgcc-s1\n";
        let taken: Vec<_> = needed(told).into_iter().collect();
        assert_eq!(taken, ["libc6", "libgcc-s1", "libstd-rust-dev-wasm32", "rustc"]);
    }
}
