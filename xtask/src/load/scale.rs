//! Scale tests: many members, large groups, long queues; what grows, and what must not.

use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use super::Options;
use super::figure::{Figure, Goal, at, bound, number};
use super::service::{Ours, load};
use crate::demo::workdir::Workdir;
use crate::run::{self, cargo};

/// Times that each of two loads is run, in turn; the better of each counts, since others on the
/// machine only add.
const ROUNDS: usize = 2;
/// The group that `people` makes first.
const GROUP: &str = "group-of-people-000000";

/// Does all of it.
pub(crate) fn run(options: &Options, workdir: &Workdir) -> Result<Vec<Figure>> {
    run::loud(&mut cargo([
        "build",
        "--release",
        "--quiet",
        "-p",
        "tmtp-load",
        "--example",
        "people",
    ]))?;
    let less = if options.quick { 10 } else { 1 };
    let mut figures = Vec::new();
    let mut part = |name: &str, measure: &dyn Fn() -> Result<Vec<Figure>>| -> Result<()> {
        if options.wants(name) {
            println!("{name}");
            figures.extend(measure()?);
        }
        Ok(())
    };
    part("members", &|| uninvolved(workdir, 100_000 / less, 10_000 / less))?;
    part("group", &|| large_group(workdir, 10_000 / less))?;
    part("queue", &|| start_after_kill(workdir, 1_000_000 / u64::from(less)))?;
    part("linear", &|| linear(workdir, 50_000 / less))?;
    Ok(figures)
}

/// The same load beside ten members, and beside very many who have nothing to do with it.
fn uninvolved(workdir: &Workdir, members: u32, groups: u32) -> Result<Vec<Figure>> {
    let work = words("post --senders 50 --to 1 --seconds 8");
    let (mut few, mut many) = (f64::MAX, f64::MAX);
    let (mut start_s, mut memory_mib, mut note) = (0.0, 0.0, String::new());
    for round in 0..ROUNDS {
        for (members, groups, best) in [(10, 0, &mut few), (members, groups, &mut many)] {
            let mut service = Ours::prepare(workdir, &format!("members-{members}-{round}"))?;
            people(&service, [members, groups, 10])?;
            let took = service.run()?;
            let pid = service.target().pid.context("it runs")?;
            memory_mib = resident_mib(pid);
            let report = load(workdir, &service.target(), &work)?;
            *best = best.min(read(&report, "service.cpu_us_each")?);
            (start_s, note) = (took.as_secs_f64(), bound(&report));
        }
    }
    let shown =
        format!("{} other members and {} groups", number(members.into()), number(groups.into()));
    Ok(vec![
        figure("CPU per delivery beside 10 other members, µs", few, Goal::None, &note),
        figure(&format!("CPU per delivery beside {shown}, µs"), many, Goal::None, &note),
        figure("the second ÷ the first", many / few, Goal::AtMost(1.1), "nobody else may cost"),
        figure(&format!("start-up with {shown}, s"), start_s, Goal::None, ""),
        figure(&format!("memory with {shown}, MiB"), memory_mib, Goal::None, "before any link"),
    ])
}

/// Posts to a group in which everybody is online.
fn large_group(workdir: &Workdir, size: u32) -> Result<Vec<Figure>> {
    let mut service = Ours::prepare(workdir, "large-group")?;
    people(&service, [size, 1, size])?;
    service.run()?;
    let cast = cast_of(&service)?;
    let work = format!("post --gid {GROUP} --cast {cast} --senders 2 --seconds 8");
    let report = load(workdir, &service.target(), &words(&work))?;
    let note = bound(&report);
    let of = format!("group of {}, all online", number(size.into()));
    Ok(vec![
        figure(
            &format!("{of}: deliveries/s"),
            read(&report, "deliveries_per_s")?,
            Goal::None,
            &note,
        ),
        figure(
            &format!("{of}: service CPU per delivery, µs"),
            read(&report, "service.cpu_us_each")?,
            Goal::AtMost(15.0),
            &note,
        ),
        figure(
            &format!("{of}: post→delivery p99, ms"),
            read(&report, "post_to_delivery.p99_ms")?,
            Goal::None,
            &note,
        ),
        figure(
            &format!("{of}: peak memory of the service, MiB"),
            read(&report, "service.peak_kib")? / 1024.0,
            Goal::None,
            &note,
        ),
    ])
}

/// Fills a queue, kills the service, and takes the time until it takes links again; then drains.
pub(crate) fn start_after_kill(workdir: &Workdir, count: u64) -> Result<Vec<Figure>> {
    let mut service = Ours::start(workdir, "start")?;
    let filled = fill(workdir, &service, count)?;
    service.kill()?;
    let took = service.run()?.as_secs_f64();
    let pid = service.target().pid.context("it runs")?;
    let memory_mib = resident_mib(pid);
    let taken = load(workdir, &service.target(), &take(&service)?)?;
    let deliveries = number(count as f64);
    let at_rate = format!("filled at {} posts/s", number(read(&filled, "posts_per_s")?));
    let note = bound(&taken);
    Ok(vec![
        figure(
            &format!("start-up with {deliveries} deliveries waiting after SIGKILL, s"),
            took,
            Goal::AtMost(2.0),
            &at_rate,
        ),
        figure("memory of the service then, MiB", memory_mib, Goal::None, ""),
        figure(
            &format!("one device takes the {deliveries} that waited, deliveries/s"),
            read(&taken, "deliveries_per_s")?,
            Goal::None,
            &note,
        ),
        figure(
            "service CPU per delivery of these, µs",
            read(&taken, "service.cpu_us_each")?,
            Goal::None,
            &note,
        ),
        figure(
            "peak memory of the service meanwhile, MiB",
            read(&taken, "service.peak_kib")? / 1024.0,
            Goal::None,
            &note,
        ),
    ])
}

/// A queue once, twice and four times as long: what each message costs on its way in and out.
fn linear(workdir: &Workdir, count: u32) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    let mut first = 0.0;
    for times in [1, 2, 4] {
        let service = Ours::start(workdir, &format!("linear-{times}"))?;
        let filled = fill(workdir, &service, u64::from(count * times))?;
        let taken = load(workdir, &service.target(), &take(&service)?)?;
        let cost = |report: &Value| read(report, "service.cpu_us_each");
        let (cost_in, cost_out) = (cost(&filled)?, cost(&taken)?);
        let both = cost_in + cost_out;
        if times == 1 {
            first = both;
        }
        let shown = number((count * times).into());
        figures.push(figure(
            &format!("{shown} messages wait and are taken: service CPU each, µs"),
            both,
            Goal::AtMost(first * 1.15),
            &format!("in {}, out {}; {}", number(cost_in), number(cost_out), bound(&taken)),
        ));
    }
    Ok(figures)
}

fn fill(workdir: &Workdir, service: &Ours, count: u64) -> Result<Value> {
    let cast = cast_of(service)?;
    let work =
        format!("fill --messages {count} --recipients 1 --senders 64 --depth 4 --save {cast}");
    load(workdir, &service.target(), &words(&work))
}

fn take(service: &Ours) -> Result<Vec<String>> {
    Ok(words(&format!("take --cast {}", cast_of(service)?)))
}

/// Writes members, groups and their size into the store of a service that does not run.
fn people(service: &Ours, numbers: [u32; 3]) -> Result<()> {
    let mut people = Command::new(run::built("release").join("examples/people"));
    people.arg(service.data()).args(numbers.map(|number| number.to_string()));
    run::captured(people.arg(cast_of(service)?)).map(drop)
}

fn cast_of(service: &Ours) -> Result<String> {
    let path = service.folder().join("cast.json");
    Ok(path.to_str().context("the temporary directory has no name in UTF-8")?.to_owned())
}

fn resident_mib(pid: u32) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or(0.0) / 1024.0
}

fn read(report: &Value, path: &str) -> Result<f64> {
    at(report, path).with_context(|| format!("tmtp-load reported no {path}"))
}

fn words(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}

fn figure(name: &str, ours: f64, goal: Goal, note: &str) -> Figure {
    Figure { name: name.to_owned(), goal, go: "–", ours, other: None, note: note.to_owned() }
}
