//! The container image: its Dockerfile read, and its last stage put together in a folder and run.
//!
//! Making the image itself needs an engine and a registry, which neither this task nor a build
//! machine need have. What can go wrong in ours is little, and is tried: a file that is not there, a
//! library that the base image does not have, a folder that its user may not write.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use super::life::Running;
use super::machine::{is_root, text};
use crate::run;

const DOCKERFILE: &str = "packaging/Dockerfile";

/// The user of the image.
const USER: u32 = 65_532;

/// Libraries that the base image, distroless cc, brings.
const LIBRARIES: &[&str] = &[
    "ld-linux-x86-64.so.2",
    "ld-linux-aarch64.so.1",
    "libc.so.6",
    "libdl.so.2",
    "libgcc_s.so.1",
    "libm.so.6",
    "libpthread.so.0",
    "librt.so.1",
];

const KNOWN: &[&str] = &[
    "FROM",
    "WORKDIR",
    "COPY",
    "RUN",
    "USER",
    "VOLUME",
    "EXPOSE",
    "STOPSIGNAL",
    "HEALTHCHECK",
    "ENTRYPOINT",
    "CMD",
];

/// The last stage, as far as it is tried.
#[derive(Debug, Default)]
struct Stage {
    user: String,
    entrypoint: Vec<String>,
    command: Vec<String>,
    health: Vec<String>,
}

/// Reads the Dockerfile: only what is known here may be in it.
pub(super) fn read() -> Result<String> {
    let stage = last_stage()?;
    ensure!(stage.user.starts_with(&USER.to_string()), "the image runs as {:?}", stage.user);
    ensure!(!stage.health.is_empty(), "the image does not look after its health");
    let engine = match run::captured(Command::new("docker").args([
        "version",
        "--format",
        "{{.Server.Version}}",
    ])) {
        Ok(_) => "`docker build` would make it",
        Err(_) => "not made, there is no container engine here",
    };
    Ok(format!("every instruction is understood; {engine}"))
}

fn last_stage() -> Result<Stage> {
    let file = text(&run::root().join(DOCKERFILE))?.replace("\\\n", " ");
    let mut stages: Vec<String> = Vec::new();
    let mut stage = Stage::default();
    for line in file.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()) {
        let (instruction, rest) = line.split_once(' ').with_context(|| format!("{line:?}"))?;
        ensure!(KNOWN.contains(&instruction), "{DOCKERFILE}: what is {instruction}?");
        match instruction {
            "FROM" => {
                stage = Stage::default();
                stages.push(rest.split(" AS ").nth(1).unwrap_or_default().to_owned());
            }
            "COPY" => {
                if let Some(from) = rest.split_whitespace().find_map(|w| w.strip_prefix("--from="))
                {
                    ensure!(stages.iter().any(|name| name == from), "there is no stage {from}");
                }
            }
            "USER" => stage.user = rest.to_owned(),
            "ENTRYPOINT" => stage.entrypoint = words(rest)?,
            "CMD" => stage.command = words(rest)?,
            "HEALTHCHECK" => {
                let (_, command) = rest.split_once("CMD").context("no CMD in HEALTHCHECK")?;
                stage.health = words(command.trim())?;
            }
            _ => {}
        }
    }
    Ok(stage)
}

/// The form without a shell, which the image does not have.
fn words(list: &str) -> Result<Vec<String>> {
    serde_json::from_str(list).with_context(|| format!("{list} is not a list of words"))
}

/// Puts the last stage together in `root`, and runs in it what the image would run.
pub(super) fn try_alone(root: &Path) -> Result<String> {
    let stage = last_stage()?;
    let program = run::built("release").join("tmtpd");
    let libraries = libraries(&program)?;
    let Some(chroot) = run::on_path("chroot").filter(|_| is_root()) else {
        return Ok(format!("it has its {} libraries; not run, that needs root", libraries.len()));
    };
    put(&program, root, Path::new("/usr/bin/tmtpd"))?;
    put(&run::root().join("packaging/tmtpd.toml"), root, Path::new("/etc/tmtpd/tmtpd.toml"))?;
    for library in &libraries {
        put(library, root, library)?;
    }
    let data = root.join("var/lib/tmtpd");
    fs::create_dir_all(&data)?;
    fs::set_permissions(&data, fs::Permissions::from_mode(0o700))?;
    chown(&data, Some(USER), Some(USER))?;
    fs::set_permissions(root, fs::Permissions::from_mode(0o755))?;

    let inside = |words: &[String]| {
        let mut command = Command::new(&chroot);
        command.arg(format!("--userspec={USER}:{USER}")).arg(root).args(words).env_clear();
        command
    };
    let mut serve = inside(&[stage.entrypoint.clone(), stage.command].concat());
    // Any port is as good as the one that somebody may be using here.
    let mut service = Running::start(serve.args(["--listen", "127.0.0.1:0"]))?;
    run::captured(&mut inside(&stage.health))?;
    let stop = ["shutdown", "--data", "/var/lib/tmtpd"].map(str::to_owned);
    run::captured(&mut inside(&[stage.entrypoint, stop.to_vec()].concat()))?;
    service.ended()?;
    let kib = fs::metadata(&program)?.len() / 1_024;
    Ok(format!(
        "a program of {kib} KiB and {} libraries run, are healthy and stop, as user {USER}",
        libraries.len()
    ))
}

/// The libraries that the program loads, all of which the base image must have.
fn libraries(program: &Path) -> Result<Vec<PathBuf>> {
    let printed = run::captured(Command::new("ldd").arg(program))?;
    let mut found = Vec::new();
    for line in printed.lines().filter(|line| line.contains('/')) {
        let path = line.split_whitespace().find(|word| word.starts_with('/'));
        let path = PathBuf::from(path.with_context(|| line.to_owned())?);
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if !LIBRARIES.contains(&name) {
            bail!("{name} is not in the base image");
        }
        found.push(path);
    }
    Ok(found)
}

fn put(from: &Path, root: &Path, to: &Path) -> Result<()> {
    let to = root.join(to.strip_prefix("/")?);
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::copy(from, &to).with_context(|| from.display().to_string())?;
    Ok(())
}
