//! `cargo xtask skew`: the main job with the version before at one end, and in the middle of an upgrade.
//!
//! The version before is built from this repository's own history, once, below `target/skew`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::demo::workdir::Workdir;
use crate::demo::{build, story};
use crate::run;
use crate::step::{Output, Steps};

/// The commit of the last release: 0.2.0. A release that follows is compared with this one until
/// it is out, and then named here.
const RELEASED: &str = "b83145709d648d4de07fe4ebbb76645603877ffb";

/// Who is of which version.
struct Leg {
    name: &'static str,
    service: Version,
    apps: Version,
    /// Whether all but one go on with this version in the middle.
    upgrade: bool,
}

#[derive(Clone, Copy)]
enum Version {
    Released,
    This,
}

const LEGS: [Leg; 3] = [
    Leg {
        name: "the released service, apps of this version",
        service: Version::Released,
        apps: Version::This,
        upgrade: false,
    },
    Leg {
        name: "the service of this version, released apps",
        service: Version::This,
        apps: Version::Released,
        upgrade: false,
    },
    Leg {
        name: "everything released, then upgraded in the middle but for one member",
        service: Version::Released,
        apps: Version::Released,
        upgrade: true,
    },
];

/// Plays the demo's story in each of the three ways. `from` is another commit to be compared with.
pub(crate) fn run(from: Option<&str>) -> Result<()> {
    let mut steps = Steps::new(Output::Quiet);
    build(&mut steps)?;
    let this = run::built("debug");
    let mut released = PathBuf::new();
    steps.take("the version before is built", || {
        released = build_commit(from.unwrap_or(RELEASED))?;
        Ok(())
    })?;
    for leg in &LEGS {
        println!("\n{}", leg.name);
        let folder = |version| match version {
            Version::Released => released.clone(),
            Version::This => this.clone(),
        };
        let mut workdir = Workdir::skewed(folder(leg.service), folder(leg.apps))?;
        let played = story::play(&mut steps, &workdir, leg.upgrade.then_some(this.as_path()));
        if played.is_err() {
            println!("data and logs are in {}", workdir.path().display());
            workdir.keep();
        }
        played?;
    }
    println!("\nall three held in {}", steps.total());
    Ok(())
}

/// Builds the programs of a commit; gives the folder they are in.
fn build_commit(commit: &str) -> Result<PathBuf> {
    let skew = run::built("skew");
    let source = skew.join(commit);
    if !source.join("Cargo.toml").is_file() {
        check_out(commit, &source)?;
    }
    let target = skew.join("target");
    let mut cargo = run::cargo(["build", "--quiet", "-p", "tmtpd", "-p", "mnm"]);
    run::loud(cargo.current_dir(&source).env("CARGO_TARGET_DIR", &target))?;
    Ok(target.join("debug"))
}

fn check_out(commit: &str, source: &Path) -> Result<()> {
    let git = |folder: &Path| {
        let mut git = Command::new("git");
        git.arg("-C").arg(folder);
        git
    };
    let has = git(&run::root()).args(["cat-file", "-e", &format!("{commit}^{{commit}}")]).status();
    if !has.is_ok_and(|status| status.success()) {
        bail!("this clone does not hold commit {commit}; fetch the whole history first");
    }
    if source.exists() {
        std::fs::remove_dir_all(source)?;
    }
    let clone = git(&run::root())
        .args(["clone", "--quiet", "--shared", "--no-checkout", "."])
        .arg(source)
        .status()?;
    if !clone.success() {
        bail!("the repository could not be cloned into {}", source.display());
    }
    run::captured(git(source).args(["checkout", "--quiet", "--detach", commit])).map(drop)
}
