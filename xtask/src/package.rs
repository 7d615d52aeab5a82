//! `cargo xtask package`: what an administrator installs, made and tried as far as this machine can.
//!
//! The Debian package is made by cargo-deb, unpacked into a folder, and the service in it run
//! through its life. The systemd unit is looked at by systemd itself. Of the container image, whose
//! making needs an engine, the last stage is put together in a folder and run with nothing else
//! around it. What could not be tried here is said at the end.

mod deb;
mod image;
mod life;
mod machine;
mod unit;

use std::env;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::run::{self, cargo};
use crate::step::{Output, Steps};

/// Makes and tries everything.
pub(crate) fn run() -> Result<()> {
    let mut steps = Steps::new(Output::Loud);
    let scratch = Scratch::new()?;
    steps.take("release build", || {
        run::loud(&mut cargo(["build", "--release", "--locked", "--package", "tmtpd"]))
    })?;
    let package = steps.take("Debian package", deb::make)?;
    let root = scratch.folder("deb")?;
    steps.tell("Debian package: what is in it", || deb::look_at(&package, &root))?;
    steps.tell("Debian package: the service's life", || {
        life::of(&root.join("usr/bin/tmtpd"), &scratch.folder("life")?)
    })?;
    steps.tell("systemd unit", || unit::check(&scratch.folder("unit")?))?;
    steps.tell("Dockerfile", image::read)?;
    steps.tell("image: its last stage, alone", || image::try_alone(&scratch.folder("image")?))?;
    println!("\n{}", package.display());
    println!("packaged and tried in {}", steps.total());
    Ok(())
}

/// A temporary folder that goes with the task.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self> {
        let path = env::temp_dir().join(format!("tmtpd-package-{}", std::process::id()));
        fs::create_dir(&path).with_context(|| path.display().to_string())?;
        Ok(Self(path))
    }

    fn folder(&self, name: &str) -> Result<PathBuf> {
        let path = self.0.join(name);
        fs::create_dir(&path).with_context(|| path.display().to_string())?;
        Ok(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What stays is in the system's folder for such things.
        let _ = fs::remove_dir_all(&self.0);
    }
}
