//! Many members, large groups, long queues: what grows, and what must not.

use anyhow::{Context, Result};

use super::Options;
use super::figure::{Figure, Goal, number};
use super::service::{Ours, load};
use super::suite::{at, bound};
use crate::demo::place::Place;

/// Does all of it.
pub(crate) fn run(options: &Options, place: &Place) -> Result<Vec<Figure>> {
    let _ = (options, place);
    Ok(Vec::new())
}

/// Fills a queue, kills the service, and takes the time until it takes links again; then drains.
pub(crate) fn start_after_kill(place: &Place, count: u64) -> Result<Vec<Figure>> {
    let mut service = Ours::start(place, "start")?;
    let cast = service.folder().join("cast.json");
    let cast = cast.to_str().context("a path in UTF-8")?.to_owned();
    let fill =
        format!("fill --messages {count} --recipients 1 --senders 64 --depth 8 --save {cast}");
    let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let filled = load(place, &service.target(), &words(&fill))?;
    service.kill()?;
    let took = service.run()?.as_secs_f64();
    let taken = load(place, &service.target(), &words(&format!("take --cast {cast}")))?;
    let figure = |name: String, ours: f64, goal: Goal, note: String| Figure {
        name,
        goal,
        go: "–",
        ours,
        other: None,
        note,
    };
    let read = |path: &str| at(&taken, path).with_context(|| format!("no {path}"));
    let owed = number(count as f64);
    Ok(vec![
        figure(
            format!("start-up with {owed} owed after SIGKILL, s"),
            took,
            Goal::AtMost(2.0),
            format!("filled at {} posts/s", number(at(&filled, "posts_per_s").unwrap_or(0.0))),
        ),
        figure(
            format!("one device takes the {owed} that waited, deliveries/s"),
            read("deliveries_per_s")?,
            Goal::None,
            bound(&taken),
        ),
        figure(
            "service CPU per delivery of these, µs".into(),
            read("service.cpu_us_each")?,
            Goal::None,
            bound(&taken),
        ),
        figure(
            "peak memory of the service meanwhile, MiB".into(),
            read("service.peak_kib")? / 1024.0,
            Goal::None,
            bound(&taken),
        ),
    ])
}
