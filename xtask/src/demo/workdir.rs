//! Working directory of a demo: data of the service, homes of the apps, logs; and where the programs
//! are that run in it.

use std::fs::DirBuilder;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

/// A temporary directory, removed with everything in it when dropped unless it is to be kept.
#[derive(Debug)]
pub(crate) struct Workdir {
    path: PathBuf,
    /// Where all programs but the app are.
    programs: PathBuf,
    /// Where `mnm` is.
    apps: PathBuf,
    keep: bool,
}

impl Workdir {
    /// A new directory that only this user can enter. `programs` is where `tmtpd` and `mnm` are.
    pub(crate) fn new(programs: PathBuf) -> Result<Self> {
        Self::skewed(programs.clone(), programs)
    }

    /// The same where the service and the apps are of two versions.
    pub(crate) fn skewed(programs: PathBuf, apps: PathBuf) -> Result<Self> {
        let path = std::env::temp_dir().join(format!("mnm-demo-{}", std::process::id()));
        private_folder(&path)?;
        Ok(Self { path, programs, apps, keep: false })
    }

    /// One of the programs.
    pub(crate) fn program(&self, name: &str) -> Result<PathBuf> {
        program(if name == "mnm" { &self.apps } else { &self.programs }, name)
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A folder inside, made when missing.
    pub(crate) fn folder(&self, name: &str) -> Result<PathBuf> {
        let path = self.path.join(name);
        if !path.is_dir() {
            private_folder(&path)?;
        }
        Ok(path)
    }

    /// Leaves it where it is.
    pub(crate) fn keep(&mut self) {
        self.keep = true;
    }
}

/// A program that was built into `folder`.
pub(crate) fn program(folder: &Path, name: &str) -> Result<PathBuf> {
    let program = folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    ensure!(program.is_file(), "{} was not built", program.display());
    Ok(program)
}

impl Drop for Workdir {
    fn drop(&mut self) {
        if !self.keep
            && let Err(error) = std::fs::remove_dir_all(&self.path)
        {
            eprintln!("could not remove {}: {error}", self.path.display());
        }
    }
}

fn private_folder(path: &Path) -> Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).with_context(|| format!("could not make the directory {}", path.display()))
}
