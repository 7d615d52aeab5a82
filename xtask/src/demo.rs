//! `cargo xtask demo`: a service and three members' apps in a temporary directory.
//!
//! ```text
//! Harbour Rowing Club (tmtpd) ── Ada's laptop, Ada's phone   (mnm, two devices of one member)
//!                             ── Björn
//!                             ── Carmen
//! ```
//!
//! Everything goes through the real binaries and their command lines, as a member would use them.
//! [`cast`] makes them known to each other; then either a person plays with the pages until
//! Ctrl-C, or [`story`] plays by itself and checks what came of it.

pub(crate) mod app;
pub(crate) mod cast;
mod check;
pub(crate) mod letter;
pub(crate) mod member;
pub(crate) mod poll;
pub(crate) mod process;
mod residue;
pub(crate) mod service;
pub(crate) mod story;
pub(crate) mod workdir;

use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::step::{Output, Steps};
use crate::{install, run, web};
use cast::Cast;
use workdir::Workdir;

/// How the demo is played.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    /// Open the pages in the browser.
    pub(crate) open: bool,
    /// Play the whole story without anybody and check it.
    pub(crate) headless: bool,
    /// Leave the temporary directory where it is.
    pub(crate) keep: bool,
}

/// Plays it. The temporary directory stays when asked for, and after a failure.
pub(crate) fn run(options: &Options) -> Result<()> {
    // Taken before anything is started: from here on Ctrl-C reaches the programs we started, as
    // members of our process group, and lets us clean up after them.
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let mut steps = Steps::new(Output::Quiet);
    build(&mut steps)?;
    let mut workdir = Workdir::new(run::built("debug"))?;
    let played = if options.headless {
        story::play(&mut steps, &workdir, None)
    } else {
        show(&mut steps, &workdir, &mut signals, options.open)
    };
    let interrupted = played.is_err() && signals.pending().next().is_some();
    let failed = played.is_err() && !interrupted;
    if options.keep || failed {
        println!("data and logs are in {}", workdir.path().display());
        workdir.keep();
    }
    drop(workdir);
    if interrupted {
        bail!("interrupted; everything is stopped");
    }
    played?;
    if options.headless {
        println!("the story held in {}", steps.total());
    }
    Ok(())
}

pub(crate) fn build(steps: &mut Steps) -> Result<()> {
    install::to_build()?;
    if install::has_node() {
        steps.take_long("the pages are built", web::build)?;
    } else {
        println!(
            "no Node new enough was found: the app will have no pages (see https://nodejs.org)"
        );
    }
    steps.take_long("the service and the app are built", || {
        run::loud(&mut run::cargo(["build", "--quiet", "--workspace", "--bins"]))
    })
}

fn show(steps: &mut Steps, workdir: &Workdir, signals: &mut Signals, open: bool) -> Result<()> {
    let cast = Cast::assemble(steps, workdir)?;
    cast.introduce(steps)?;
    let letter = letter::welcome(workdir)?;
    steps.take("Ada writes the first letter", || cast.ada.send(&letter).map(drop))?;

    println!("\nThe {} is open. Its members' pages:\n", service::NAME);
    for app in cast.all() {
        println!("  {:<14}{}", app.label, app.url());
        if open {
            open_in_browser(app.url());
        }
    }
    println!("\nEach address opens once, within ten minutes. The command line gives new ones, and");
    println!("does all that the pages do:\n");
    for hint in [cast.bjorn.command(["url"]), cast.bjorn.command(["inbox"])] {
        println!("  {}", run::whole_line(&hint));
    }
    println!();
    println!("Ctrl-C stops everything and removes {}.", workdir.path().display());
    signals.forever().next().context("no signal can come any more")?;
    println!();
    cast.stop()
}

fn open_in_browser(url: &str) {
    let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let started = Command::new(opener).arg(url).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    if let Err(error) = started {
        println!("  (could not be opened with {opener}: {error})");
    }
}
