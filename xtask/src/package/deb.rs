//! The Debian package: made by cargo-deb, then unpacked and looked at.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::machine::{has, text};
use crate::run::{self, cargo};

/// The tool, and the version that the package was tried with.
const TOOL: (&str, &str) = ("cargo-deb", "3.8.0");

/// What must be in the package, and with which mode.
const FILES: &[(&str, u32)] = &[
    ("usr/bin/tmtpd", 0o755),
    ("etc/tmtpd/tmtpd.toml", 0o644),
    ("usr/lib/systemd/system/tmtpd.service", 0o644),
    ("usr/share/doc/tmtpd/copyright", 0o644),
    ("usr/share/doc/tmtpd/admin.md", 0o644),
    ("usr/share/doc/tmtpd/tmtpd.example.toml", 0o644),
];

/// Makes the package of what was built for release; gives its path.
pub(super) fn make() -> Result<PathBuf> {
    let tool = tool()?;
    let folder = run::root().join("target/debian");
    fs::create_dir_all(&folder)?;
    let mut command = Command::new(tool);
    // Called as cargo calls it.
    command.args(["deb", "--package", "tmtpd", "--no-build", "--no-strip", "--output"]);
    let printed = run::captured(command.arg(&folder).current_dir(run::root()))?;
    let path = printed.lines().last().context("cargo-deb names no package")?;
    Ok(PathBuf::from(path))
}

/// cargo-deb, of the version above: installed beside the build if it is not there.
fn tool() -> Result<PathBuf> {
    let (name, version) = TOOL;
    let root = run::root().join("target/tools");
    let path = root.join("bin").join(name);
    if path.is_file() {
        return Ok(path);
    }
    let mut install = cargo(["install", name, "--locked", "--no-default-features", "--debug"]);
    run::loud(install.args(["--version", version, "--root"]).arg(&root))?;
    Ok(path)
}

/// Unpacks the package into `root` and checks what it would do to a system.
pub(super) fn look_at(package: &Path, root: &Path) -> Result<String> {
    if !has("dpkg-deb") {
        return Ok("not tried, dpkg-deb is not here".to_owned());
    }
    let dpkg = |option: &str| {
        let mut command = Command::new("dpkg-deb");
        command.arg(option).arg(package);
        command
    };
    run::captured(dpkg("--extract").arg(root))?;
    let control = root.join("DEBIAN");
    run::captured(dpkg("--control").arg(&control))?;
    for (file, mode) in FILES {
        let path = root.join(file);
        let found = fs::metadata(&path).with_context(|| format!("{file} is not in the package"))?;
        let found = found.permissions().mode() & 0o777;
        ensure!(found == *mode, "{file} has mode {found:o} and not {mode:o}");
    }
    let conffiles = text(&control.join("conffiles"))?;
    ensure!(conffiles.contains("/etc/tmtpd/tmtpd.toml"), "the configuration is not a conffile");
    for script in ["postinst", "postrm"] {
        let path = control.join(script);
        run::captured(Command::new("sh").arg("-n").arg(&path))?;
        ensure!(!text(&path)?.contains("#DEBHELPER#"), "{script} has no systemd part");
    }
    let depends = run::captured(dpkg("--field").arg("Depends"))?;
    ensure!(depends.contains("libc6"), "the package depends on {depends}");
    let kib = fs::metadata(package)?.len() / 1_024;
    Ok(format!("{kib} KiB, depends on {}", depends.trim()))
}
