//! `cargo xtask load`: the service under load, each figure beside what it should be.
//!
//! Everything goes through the release build of `tmtpd` in a directory of its own and the release
//! build of `tmtp-load`, which speaks revision 1 to any service; with `--compare` the same work is
//! done by another service in turn, in the same minutes of the same machine.
//!
//! - [`service`]: ours, started afresh for each piece of work, or the other one
//! - [`suite`]: the work, and which figures of it are wanted
//! - [`scale`]: many members, large groups, long queues
//! - [`figure`]: what was measured, beside its target, as a table

mod figure;
mod scale;
mod service;
mod suite;

use anyhow::{Context, Result, bail};

use crate::demo::workdir::Workdir;
use crate::run::{self, cargo};

/// What to do.
#[derive(Debug, Default)]
pub(crate) struct Options {
    /// Shorter, and so less exact.
    quick: bool,
    /// The large numbers instead of the table of targets.
    scale: bool,
    /// Only the work of this name.
    only: Option<String>,
    /// Another service that does the same work in turn.
    compare: Option<String>,
    /// Its process, if it runs on this machine.
    compare_pid: Option<u32>,
}

impl Options {
    /// From the command line.
    pub(crate) fn read(given: &[String]) -> Result<Self> {
        let mut options = Self::default();
        let mut given = given.iter();
        while let Some(flag) = given.next() {
            let mut value = || given.next().with_context(|| format!("{flag} needs a value"));
            match flag.as_str() {
                "--quick" => options.quick = true,
                "--scale" => options.scale = true,
                "--only" => options.only = Some(value()?.clone()),
                "--compare" => options.compare = Some(value()?.clone()),
                "--compare-pid" => options.compare_pid = Some(value()?.parse()?),
                _ => bail!("load has no option {flag:?}"),
            }
        }
        Ok(options)
    }

    fn wants(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only == name)
    }
}

/// Builds, measures and prints.
pub(crate) fn run(options: &Options) -> Result<()> {
    println!("building the service and the load generator (release) ...");
    run::loud(&mut cargo(["build", "--release", "--quiet", "-p", "tmtpd", "-p", "tmtp-load"]))?;
    let circumstances = figure::circumstances();
    let workdir = Workdir::new(run::built("release"))?;
    let figures =
        if options.scale { scale::run(options, &workdir)? } else { suite::run(options, &workdir)? };
    println!("\n{circumstances}, {} at the end", figure::load_average());
    figure::print(&figures, options.compare.is_some());
    Ok(())
}
