//! Command line of `cargo xtask`: the list of its tasks, and their options.
//!
//! Each entry lives in a file of its own name; this one only reads the command line. Everything
//! else the tasks need is found or installed by [`install`], so that a fresh clone needs nothing
//! but Rust and Node.

#![warn(clippy::wildcard_enum_match_arm)]

mod acme;
mod advisories;
mod bench;
mod demo;
mod fuzz;
mod gallery;
mod install;
mod keep_vault;
mod licence;
mod load;
mod mutants;
mod package;
mod run;
mod screens;
mod simulate;
mod skew;
mod step;
mod test;
mod tidy;
mod wasm;
mod web;

use std::process::ExitCode;

use anyhow::{Result, bail};

const MENU: &str = "\
cargo xtask TASK [OPTION]...

  demo      build, start a service with three members' apps, introduce them, print the pages
              --open       also open the pages in the browser
              --headless   play the whole story without anybody, check it, exit 0 or 1
              --keep       leave the temporary directory (data, logs) where it is
  test      everything that has to hold: form, licences, lints, types, Rust and browser tests
              --rust-only  without npm, the pages and the browser tests
              --web-only   only the pages and their browser tests
              --fast       without documentation, doc tests, browser tests and Pebble
  web       build the pages into web/dist, where the app takes them from
  types     make the pages' types anew from the Rust types (web/src/lib/types)
  screens   take pictures of the pages for docs/screens
  gallery   every component of the pages in its states, at an address that is printed
              --renew  take anew the pictures that the browser tests compare it with
  wasm      compile the app's engine for browsers, with Debian's compiler if need be
              --run   also run its time and tasks in Node
  acme      the service orders and renews certificates from a real authority's test server
  bench     measure and print the figures: codec, sizes, memory, time to the first message
              --pages  the pages instead, on a home of a million messages
  load      the service under load, each figure beside its target
              --quick      shorter, less exact
              --only NAME  only r1, r10, group, latency, login, idle, raw or start
              --scale      many members, large groups, long queues instead
              --compare HOST:PORT   another service does the same work in turn
              --compare-pid PID     its process, to see its CPU and memory
  simulate  service and apps in one process, on simulated time, network and disk, from seeds
              --seeds N    so many schedules (300), one after the other
              --first S    beginning with this seed (1)
              --seed S     only this one, with everything that happens in it
              --optimised  our crates compiled anew and optimised: for thousands of schedules
  crash     real service and apps under load, killed at random moments
              --rounds N   so often (10)
              --seed S     the same dice again; the moments are the machine's
  skew      the demo's story with the released service and these apps, the other way round, and
            upgraded in the middle
              --from COMMIT    the version to compare with instead of the released one
  keep-vault  make the vault of today that later versions open in their tests
  package   make the Debian package of the service, and try it, its unit and its image
  fuzz      looks for inputs that make the code fail
              --seconds N  for each target, 60 unless told
              --merge      adds what goes new ways to fuzz/corpus
              TARGET...    only these: frame, head, session, link, invitation, letter, config, admin, store
  mutants   changes the code of protocol and engine in small ways, and lists what no test notices
              NAME...      only these: tmtp, mnm-engine, or modules of it: markdown, inbox/unpack, ...
  licence   only the licence check of `test`
  advisories  known weaknesses of the crates and npm packages in use, where they can be asked for
              --all        fails also where they can't
  tidy      only the repository's own rules of `test`
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nxtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(args: &[String]) -> Result<()> {
    let Some((task, given)) = args.split_first() else {
        print!("{MENU}");
        return Ok(());
    };
    if given.iter().any(|flag| flag == "-h" || flag == "--help")
        && let Some(about) = about(task)
    {
        print!("cargo xtask {about}");
        return Ok(());
    }
    match task.as_str() {
        "demo" => {
            let flags = Flags::of(given, &["--open", "--headless", "--keep"])?;
            demo::run(&demo::Options {
                open: flags.has("--open"),
                headless: flags.has("--headless"),
                keep: flags.has("--keep"),
            })
        }
        "test" => {
            let flags = Flags::of(given, &["--rust-only", "--web-only", "--fast"])?;
            test::run(&test::Options {
                rust: !flags.has("--web-only"),
                web: !flags.has("--rust-only"),
                thorough: !flags.has("--fast"),
            })
        }
        "web" => Flags::of(given, &[]).and_then(|_| web::build()),
        "wasm" => {
            let flags = Flags::of(given, &["--run"])?;
            wasm::check()?;
            if flags.has("--run") { wasm::run() } else { Ok(()) }
        }
        "gallery" => {
            let flags = Flags::of(given, &["--renew"])?;
            if flags.has("--renew") { gallery::renew() } else { gallery::show() }
        }
        "screens" => Flags::of(given, &[]).and_then(|_| screens::run()),
        "types" => Flags::of(given, &[]).and_then(|_| web::types()),
        "acme" => Flags::of(given, &[]).and_then(|_| acme::run()),
        "bench" => {
            let flags = Flags::of(given, &["--pages"])?;
            if flags.has("--pages") { bench::pages::run() } else { bench::run() }
        }
        "load" => load::Options::read(given).and_then(|options| load::run(&options)),
        "simulate" => {
            simulate::Simulation::read(given).and_then(|options| simulate::simulate(&options))
        }
        "crash" => simulate::Crashes::read(given).and_then(|options| simulate::crash(&options)),
        "skew" => match given {
            [] => skew::run(None),
            [flag, commit] if flag == "--from" => skew::run(Some(commit)),
            _ => bail!("skew takes --from COMMIT, or nothing\n\n{MENU}"),
        },
        "keep-vault" => Flags::of(given, &[]).and_then(|_| keep_vault::run()),
        "package" => Flags::of(given, &[]).and_then(|_| package::run()),
        "fuzz" => fuzz::Options::read(given).and_then(|options| fuzz::run(&options)),
        "mutants" => mutants::run(given),
        "advisories" => {
            let flags = Flags::of(given, &["--all"])?;
            advisories::run(flags.has("--all"))
        }
        "licence" => Flags::of(given, &[]).and_then(|_| licence::check()),
        "tidy" => Flags::of(given, &[]).and_then(|_| tidy::check()),
        "help" | "-h" | "--help" => {
            print!("{MENU}");
            Ok(())
        }
        _ => bail!("no task is called {task:?}\n\n{MENU}"),
    }
}

/// The lines of the menu about a task: what it does, and its options.
fn about(task: &str) -> Option<String> {
    let mut lines = MENU.lines().skip_while(|line| !is_of(task, line));
    let first = lines.next()?.trim_start();
    let options = lines.take_while(|line| line.starts_with("   "));
    Some(std::iter::once(first).chain(options).map(|line| format!("{line}\n")).collect())
}

/// Whether a task's lines begin with this one.
fn is_of(task: &str, line: &str) -> bool {
    let rest = line.strip_prefix("  ").and_then(|line| line.strip_prefix(task));
    rest.is_some_and(|rest| rest.starts_with("  "))
}

/// The options given to a task, all of them known to it.
struct Flags<'a>(&'a [String]);

impl<'a> Flags<'a> {
    fn of(given: &'a [String], known: &[&str]) -> Result<Self> {
        match given.iter().find(|flag| !known.contains(&flag.as_str())) {
            Some(flag) => bail!("this task has no option {flag:?}\n\n{MENU}"),
            None => Ok(Self(given)),
        }
    }

    fn has(&self, flag: &str) -> bool {
        self.0.iter().any(|given| given == flag)
    }
}

#[cfg(test)]
mod tests {
    use super::{MENU, about, dispatch};

    #[test]
    fn every_task_says_what_it_does_and_its_options_and_does_nothing_then() {
        let entries = MENU.lines().skip(1).filter(|line| line.starts_with("  "));
        let tasks = entries.filter(|line| !line.starts_with("   "));
        let tasks: Vec<&str> = tasks.filter_map(|line| line.split_whitespace().next()).collect();
        assert!(tasks.contains(&"demo") && tasks.contains(&"tidy"), "{tasks:?}");
        for task in tasks {
            assert!(about(task).is_some_and(|text| text.starts_with(task)), "{task}");
            for flag in ["--help", "-h"] {
                dispatch(&[task, flag].map(str::to_owned)).unwrap();
            }
        }
        let web = "web       build the pages into web/dist, where the app takes them from\n";
        assert_eq!(about("web").as_deref(), Some(web));
        let demo = about("demo").unwrap();
        assert!(demo.contains("--keep") && !demo.contains("--rust-only"), "{demo}");
        assert_eq!(about("dem"), None);
        assert!(dispatch(&["dem", "--help"].map(str::to_owned)).is_err());
    }
}
