//! Load of idle links: the memory of each, and whether it is freed again.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use super::{Meter, Target};
use crate::cast::Cast;
use crate::fleet::Fleet;
use crate::link::LinkEvent;
use crate::process::Usage;
use crate::report::IdleReport;

/// Registers so many members, or logs in those of a file; holds their links for `hold`; lets them
/// go, and gives the service as long to give back what they took.
///
/// # Errors
/// Without the service's process, when it refuses one, or ends a link.
pub fn run(
    target: &Target,
    count: usize,
    file: Option<&Path>,
    hold: Duration,
) -> anyhow::Result<IdleReport> {
    let service = || -> anyhow::Result<Usage> {
        Usage::of(target.pid.context("idle links are measured in the service: name its --pid")?)
    };
    let mut fleet = Fleet::new(target.address, target.trust)?;
    let mut cast = Cast::new(target.at_once);
    let saved = file.map(|file| cast.read(file)).transpose()?;
    let (before, own_before) = (service()?, Usage::own()?);
    if saved.is_some() {
        let devices: Vec<_> = (0..cast.devices.len()).take(count).collect();
        cast.log_in(&mut fleet, &devices)?;
    } else {
        cast.register(&mut fleet, count, false)?;
    }
    cast.quiet(&mut fleet)?;
    let links = fleet.len();
    let idle = Meter::read(target)?;
    keep(&mut fleet, hold)?;
    let idle = Meter::read(target)?.since(idle);
    let (holding, own) = (service()?, Usage::own()?);
    cast.cut(&mut fleet, &(0..cast.devices.len()).collect::<Vec<_>>());
    std::thread::sleep(hold);
    let after = service()?;
    let each = |more: u64, less: u64| (more as f64 - less as f64) / links.max(1) as f64;
    Ok(IdleReport {
        links,
        before_kib: before.memory_kib,
        holding_kib: holding.memory_kib,
        after_kib: after.memory_kib,
        kib_each: each(holding.memory_kib, before.memory_kib),
        kept_kib_each: each(after.memory_kib, before.memory_kib),
        idle_cpu_s: idle.service.map_or(0.0, |usage| usage.cpu_s),
        idle_s: hold.as_secs_f64(),
        generator_kib_each: each(own.memory_kib, own_before.memory_kib),
    })
}

/// Does nothing but what keeps links alive.
fn keep(fleet: &mut Fleet, hold: Duration) -> anyhow::Result<()> {
    let until = Instant::now() + hold;
    let mut events = Vec::new();
    while Instant::now() < until {
        fleet.turn(until, &mut events)?;
        for event in events.drain(..) {
            if let LinkEvent::Ended { why, .. } = event {
                bail!("an idle link ended: {why}");
            }
        }
    }
    Ok(())
}
