//! The table of targets: which work yields which of its rows.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use super::Options;
use super::figure::{Figure, Goal, at, bound, number};
use super::service::{Ours, Target, load};
use crate::demo::workdir::Workdir;
use crate::run::{self, cargo};

/// Times that the same work is done where services are compared; the middle one counts.
const ROUNDS: usize = 3;

/// A piece of work for the load generator, and what is read off its report.
struct Work {
    name: &'static str,
    arguments: String,
    reads: Vec<Read>,
}

/// One figure of a report.
struct Read {
    name: &'static str,
    /// Keys from the outside in.
    path: &'static str,
    /// What to multiply it with.
    factor: f64,
    goal: Goal,
    go: &'static str,
}

const fn read(
    name: &'static str,
    path: &'static str,
    factor: f64,
    goal: Goal,
    go: &'static str,
) -> Read {
    Read { name, path, factor, goal, go }
}

/// Does all of it.
pub(crate) fn run(options: &Options, workdir: &Workdir) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for work in works(options.quick).iter().filter(|work| options.wants(work.name)) {
        println!("{}: tmtp-load {}", work.name, work.arguments);
        figures.extend(measure(options, workdir, work)?);
    }
    if options.wants("raw") {
        println!("raw: posts of 1,024 senders beside a raw log");
        figures.extend(beside_raw_log(options, workdir)?);
    }
    if options.wants("start") {
        let count = if options.quick { 100_000 } else { 1_000_000 };
        println!("start: after SIGKILL with {count} deliveries waiting");
        // The rest of what that measures is a matter of scale.
        figures.extend(super::scale::start_after_kill(workdir, count)?.into_iter().take(1));
    }
    Ok(figures)
}

fn works(quick: bool) -> Vec<Work> {
    use Goal::{AtLeast, AtMost};
    let seconds = if quick { 3 } else { 15 };
    let (links, logins) = if quick { (1_000, 500) } else { (10_000, 4_000) };
    vec![
        Work {
            name: "r1",
            arguments: format!("post --senders 50 --to 1 --seconds {seconds}"),
            reads: vec![
                read(
                    "service CPU per delivery, R = 1, µs",
                    "service.cpu_us_each",
                    1.0,
                    AtMost(45.0),
                    "390-630",
                ),
                read(
                    "posts/s, R = 1, 50 closed-loop senders",
                    "posts_per_s",
                    1.0,
                    AtLeast(15_000.0),
                    "2,200",
                ),
                read("p99 post→ack of these, ms", "post_to_ack.p99_ms", 1.0, AtMost(20.0), "67"),
            ],
        },
        Work {
            name: "r10",
            arguments: format!("post --senders 50 --to 10 --seconds {seconds}"),
            reads: vec![
                read(
                    "service CPU per delivery, R = 10, µs",
                    "service.cpu_us_each",
                    1.0,
                    AtMost(15.0),
                    "165-205",
                ),
                read(
                    "deliveries/s, R = 10",
                    "deliveries_per_s",
                    1.0,
                    AtLeast(40_000.0),
                    "4,750-5,800",
                ),
            ],
        },
        Work {
            name: "group",
            arguments: format!("post --group 100 --senders 10 --seconds {seconds}"),
            reads: vec![
                read(
                    "service CPU per delivery, group of 100, µs",
                    "service.cpu_us_each",
                    1.0,
                    AtMost(15.0),
                    "165-205",
                ),
                read("deliveries/s, group of 100", "deliveries_per_s", 1.0, Goal::None, "–"),
            ],
        },
        Work {
            name: "latency",
            arguments: format!("post --senders 1 --recipients 1 --seconds {seconds}"),
            reads: vec![
                read(
                    "one sender, one recipient: post→delivery p50, ms",
                    "post_to_delivery.p50_ms",
                    1.0,
                    AtMost(0.5),
                    "0.76",
                ),
                read(
                    "one sender, one recipient: post→delivery p99, ms",
                    "post_to_delivery.p99_ms",
                    1.0,
                    AtMost(1.0),
                    "1.8",
                ),
            ],
        },
        Work {
            name: "login",
            arguments: format!("login --count {logins}"),
            reads: vec![
                read(
                    "login, service CPU, TLS handshake included, ms",
                    "service.cpu_us_each",
                    1e-3,
                    AtMost(0.6),
                    "9-11",
                ),
                read("logins/s, 64 at a time", "logins_per_s", 1.0, Goal::None, "–"),
            ],
        },
        Work {
            name: "idle",
            // The service gives memory back some seconds after it is free.
            arguments: format!("idle --count {links} --hold 20"),
            reads: vec![
                read("memory per idle link, KiB", "kib_each", 1.0, AtMost(10.0), "65-70"),
                read(
                    "of which not returned after close, KiB",
                    "kept_kib_each",
                    1.0,
                    Goal::None,
                    "all",
                ),
            ],
        },
    ]
}

/// Ours, and the other in turn if there is one.
fn measure(options: &Options, workdir: &Workdir, work: &Work) -> Result<Vec<Figure>> {
    let arguments: Vec<String> = work.arguments.split(' ').map(str::to_owned).collect();
    let other = options.compare.as_ref();
    let other = other.map(|address| Target { address: address.clone(), pid: options.compare_pid });
    let rounds = if other.is_some() && !options.quick { ROUNDS } else { 1 };
    let (mut ours, mut others) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        let service = Ours::start(workdir, &format!("{}-{round}", work.name))?;
        ours.push(load(workdir, &service.target(), &arguments)?);
        drop(service);
        match &other {
            // Memory cannot be looked at from outside.
            Some(target) if target.pid.is_some() || work.name != "idle" => {
                others.push(load(workdir, target, &arguments)?);
            }
            _ => {}
        }
    }
    let note = bound(ours.first().context("there is a round")?);
    let figures = work.reads.iter().map(|read| {
        Ok(Figure {
            name: read.name.to_owned(),
            goal: read.goal,
            go: read.go,
            ours: middle(&ours, read).with_context(|| format!("no {}", read.path))?,
            other: middle(&others, read),
            note: note.clone(),
        })
    });
    figures.collect()
}

/// The middle of what the reports say.
fn middle(reports: &[Value], read: &Read) -> Option<f64> {
    let mut values: Vec<f64> = reports.iter().filter_map(|report| at(report, read.path)).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).map(|value| value * read.factor)
}

/// The store by itself and the whole service, each beside an append-only log with group commit on
/// the same disk in the same minute.
fn beside_raw_log(options: &Options, workdir: &Workdir) -> Result<Vec<Figure>> {
    let folder = workdir.folder("raw")?;
    let bench = store_bench(&folder)?;
    let seconds = if options.quick { "3" } else { "10" };
    let service = Ours::start(workdir, "raw-service")?;
    let work = ["post", "--senders", "1024", "--recipients", "1024", "--seconds", seconds];
    let report = load(workdir, &service.target(), &work.map(str::to_owned))?;
    let log = bench_line(&bench, "raw append log")?;
    let store = bench_line(&bench, "store, R=1")?;
    let whole = at(&report, "posts_per_s").context("no posts_per_s")?;
    let figure = |name: &str, ours: f64, goal: Goal, note: String| Figure {
        name: name.to_owned(),
        goal,
        go: "–",
        ours,
        other: None,
        note,
    };
    let note = format!("store {} posts/s, log {}", number(store), number(log));
    Ok(vec![
        figure(
            "store by itself, 1,024 in flight: % of the raw log",
            100.0 * store / log,
            Goal::AtLeast(60.0),
            note,
        ),
        figure("posts/s through TLS, 1,024 senders", whole, Goal::None, bound(&report)),
        figure("the same as % of the raw log", 100.0 * whole / log, Goal::None, bound(&report)),
    ])
}

fn store_bench(folder: &Path) -> Result<String> {
    let mut bench = cargo(["bench", "--quiet", "-p", "tmtp-store", "--bench", "store"]);
    bench.env("STORE_BENCH_DIR", folder);
    // What it does beside that is wanted elsewhere, not here.
    bench.env("STORE_BENCH_QUEUED", "1000").env("STORE_BENCH_MIB", "1");
    run::captured(&mut bench)
}

/// Posts/s with 1,024 in flight, out of the table that the bench prints.
fn bench_line(printed: &str, name: &str) -> Result<f64> {
    let mut lines = printed.lines().filter_map(|line| line.trim().strip_prefix(name));
    let line = lines.find(|rest| rest.split_whitespace().next() == Some("1024"));
    let number = line.and_then(|rest| rest.split_whitespace().nth(1)?.parse().ok());
    number.with_context(|| format!("the bench of the store printed no {name:?} with 1024"))
}
