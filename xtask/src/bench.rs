//! `cargo xtask bench`: the figures that the documents quote, measured on this machine.
//!
//! Everything is measured on the release build and through the real programs. Each figure stands
//! beside the command or the place it came from, so that anybody can measure it again.

pub(crate) mod pages;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::demo::app::App;
use crate::demo::cast::accept;
use crate::demo::letter;
use crate::demo::member::Member;
use crate::demo::poll::until;
use crate::demo::process::Process;
use crate::demo::service::Service;
use crate::demo::workdir::Workdir;
use crate::run::{self, cargo};
use crate::step::{Output, Steps};
use crate::{install, web};

/// Links whose memory is measured.
const LINKS: &str = "1000";
/// Services whose memory is measured.
const SERVICES: u32 = 100;
/// After the last link the service may still be freeing what the handshakes needed.
const QUIET: Duration = Duration::from_secs(2);
/// Rounds of the way from nothing to the first message; the middle one is told.
const ROUNDS: usize = 5;

/// Measures and prints.
pub(crate) fn run() -> Result<()> {
    let mut figures = Vec::new();
    let mut steps = Steps::new(Output::Loud);
    steps.take("what building needs", install::to_build)?;
    steps.take("pages", web::build)?;
    steps.take("release build of the service and the app", || {
        run::loud(&mut cargo(["build", "--release", "--quiet", "-p", "tmtpd", "-p", "mnm"]))
    })?;
    steps.take("codec", || codec(&mut figures))?;
    steps.take("size of the programs", || sizes(&mut figures))?;
    steps.take("memory of the service", || memory(&mut figures))?;
    steps.take("one more service in a process", || one_more_service(&mut figures))?;
    steps.take("from nothing to the first message", || first_message(&mut figures))?;
    println!("\n{}", machine());
    for (what, figure) in figures {
        println!("  {what:<62} {figure}");
    }
    Ok(())
}

type Figures = Vec<(String, String)>;

/// What Criterion reports per benchmark: a line with the name and the time, or the name alone and
/// the time below it; then the throughput, and perhaps its change in per cent since the last time.
fn codec(figures: &mut Figures) -> Result<()> {
    let printed = run::captured(&mut cargo(["bench", "-p", "tmtp", "--bench", "codec"]))?;
    let mut name = String::new();
    for line in printed.lines() {
        if let Some((before, _)) = line.split_once("time:") {
            if !before.trim().is_empty() {
                name = before.trim().to_owned();
            }
        } else if let Some((_, throughput)) = line.split_once("thrpt:") {
            // [low unit middle unit high unit]
            if let [_, _, middle, unit, ..] = throughput.split_whitespace().collect::<Vec<_>>()[..]
                && !throughput.contains('%')
            {
                let frames = unit.replace("elem/s", " frames/s");
                figures
                    .push((format!("{name} (cargo bench -p tmtp)"), format!("{middle} {frames}")));
            }
        } else if !line.starts_with(' ') && !line.is_empty() {
            name = line.trim().to_owned();
        }
    }
    ensure!(!figures.is_empty(), "the benchmark of the codec printed no throughput");
    Ok(())
}

fn sizes(figures: &mut Figures) -> Result<()> {
    for name in ["tmtpd", "mnm"] {
        let program = run::built("release").join(name);
        let bytes = std::fs::metadata(&program)?.len();
        figures.push((format!("size of target/release/{name}, stripped"), mebibytes(bytes)));
    }
    Ok(())
}

fn memory(figures: &mut Figures) -> Result<()> {
    run::loud(&mut cargo(["build", "--quiet", "-p", "tmtp-testkit", "--example", "links"]))?;
    let workdir = Workdir::new(run::built("release"))?;
    let service = Service::start(&workdir)?;
    let idle = service_memory(&service)?;
    let mut links = Command::new(run::built("debug").join("examples/links"));
    links.args([service.host_and_port(), LINKS]);
    let log = workdir.folder("logs")?.join("links.log");
    let (links, _) = Process::start("links", &mut links, &log, "links: ")?;
    std::thread::sleep(QUIET);
    let busy = service_memory(&service)?;
    drop(links);
    let what = "memory of tmtpd (Pss in /proc/PID/smaps_rollup)";
    figures.push((format!("{what}, no link"), mebibytes(idle)));
    figures.push((format!("{what}, {LINKS} links"), mebibytes(busy)));
    Ok(())
}

/// Bytes of memory that the service has for itself, and its share of what it shares.
/// What an idle service adds to a process that has one.
fn one_more_service(figures: &mut Figures) -> Result<()> {
    let (one, many) = (memory_of_services(1)?, memory_of_services(1 + SERVICES)?);
    let each = many.saturating_sub(one) / u64::from(SERVICES);
    let what = format!("memory of one more idle service, of {SERVICES} in one tmtpd");
    figures.push((what, format!("{} KiB", each / 1024)));
    Ok(())
}

/// The memory of a process with so many services, in bytes.
fn memory_of_services(count: u32) -> Result<u64> {
    let workdir = Workdir::new(run::built("release"))?;
    let service =
        |n| format!("[[service]]\nname = \"{n}\"\ndata = \"{n}\"\nlisten = \"127.0.0.1:0\"\n");
    let file = workdir.path().join("services.toml");
    std::fs::write(&file, (0..count).map(service).collect::<String>())?;
    let mut command = Command::new(workdir.program("tmtpd")?);
    command.args(["serve", "--config"]).arg(&file);
    let log = workdir.folder("logs")?.join("services.log");
    // It says so of the first when all are open.
    let (process, _) = Process::start("tmtpd", &mut command, &log, "ready: ")?;
    std::thread::sleep(QUIET);
    memory_of(process.id())
}

fn service_memory(service: &Service) -> Result<u64> {
    memory_of(service.id().context("the service runs")?)
}

/// Memory in use by a process and nobody else, in bytes.
fn memory_of(id: u32) -> Result<u64> {
    let text = std::fs::read_to_string(format!("/proc/{id}/smaps_rollup"))
        .context("memory can be measured on Linux only")?;
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
    let kib = line.and_then(|line| line.split_whitespace().next()).context("no Pss")?;
    Ok(kib.parse::<u64>()? * 1024)
}

fn first_message(figures: &mut Figures) -> Result<()> {
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        times.push(way_to_first_message()?);
    }
    times.sort();
    let (fastest, middle) = (times[0], times[ROUNDS / 2]);
    let what = "from `tmtpd serve` on nothing to the first message read";
    let figure = format!("{} ms (fastest {} ms)", middle.as_millis(), fastest.as_millis());
    figures.push((format!("{what}, of {ROUNDS}"), figure));
    Ok(())
}

/// Service, two apps, two joins, ping, answer, letter, read: by the commands of the README.
fn way_to_first_message() -> Result<Duration> {
    let workdir = Workdir::new(run::built("release"))?;
    let letter = letter::welcome(&workdir)?;
    let started = Instant::now();
    let mut service = Service::start(&workdir)?;
    let mut ada = App::start(&workdir, "ada", "Ada", Member::Ada)?;
    let mut bjorn = App::start(&workdir, "bjorn", "Björn", Member::Bjorn)?;
    for app in [&ada, &bjorn] {
        app.ask(["join", service.address(), "--alias", app.member.alias()])?;
    }
    ada.ask(["ping", Member::Bjorn.alias(), "Hello!"])?;
    accept(&bjorn, 1)?;
    let soon = Duration::from_secs(10);
    until("the ping is answered", soon, || {
        let pings = ada.list(["pings"])?;
        Ok(pings.iter().any(|ping| ping["state"]["state"] == "accepted").then_some(()))
    })?;
    let letter = letter::Letter { to: vec![Member::Bjorn.alias()], ..letter };
    ada.send(&letter)?;
    let thread = until("the letter arrives", soon, || bjorn.thread(&letter.subject))?;
    let read = bjorn.ask(["read", &thread.to_string()])?;
    let spent = started.elapsed();
    ensure!(read["messages"][0]["text"] == letter.text.as_str(), "another letter came");
    ada.stop()?;
    bjorn.stop()?;
    service.stop()?;
    Ok(spent)
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let rustc = run::captured(Command::new("rustc").arg("--version")).unwrap_or_default();
    let info = std::fs::read_to_string(Path::new("/proc/cpuinfo")).unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name"));
    let model =
        model.map_or("unknown processor", |model| model.trim_start_matches([' ', '\t', ':']));
    format!("{cores} cores, {model}, {}", rustc.trim())
}
