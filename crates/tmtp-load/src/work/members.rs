//! Load of inactive members and groups, and what they cost the active ones.

use std::path::Path;
use std::time::Instant;

use super::{Meter, Target};
use crate::cast::Cast;
use crate::fleet::Fleet;
use crate::report::{Cost, MembersReport};

/// Members that are on at a time.
const BATCH: usize = 2_000;

/// Registers members, makes groups of `group_size` of them, and lets all of them go.
///
/// # Errors
/// When the service refuses one.
pub fn run(
    target: &Target,
    count: usize,
    groups: usize,
    group_size: usize,
    file: Option<&Path>,
) -> anyhow::Result<MembersReport> {
    let mut fleet = Fleet::new(target.address, target.trust)?;
    let mut cast = Cast::new(target.at_once);
    let before = Meter::start(target)?;
    let started = Instant::now();
    let mut made = 0;
    while cast.members.len() < count {
        let first = cast.members.len();
        let batch = BATCH.min(count - first);
        cast.register(&mut fleet, batch, groups > 0)?;
        // As many groups as the part of the members that is there now.
        let wanted = groups * (first + batch) / count;
        while made < wanted {
            let size = group_size.clamp(2, batch);
            let nth = |n: usize| first + (made * group_size + n) % batch;
            let members: Vec<usize> = (0..size).map(nth).collect();
            let gid = format!("load-group-{:016x}-{made}", cast.run);
            cast.group(&mut fleet, &gid, &members)?;
            made += 1;
        }
        cast.quiet(&mut fleet)?;
        cast.cut(&mut fleet, &(first..first + batch).collect::<Vec<_>>());
    }
    let seconds = started.elapsed().as_secs_f64();
    let used = Meter::read(target)?.since(before);
    if let Some(file) = file {
        cast.write(file, Vec::new())?;
    }
    Ok(MembersReport {
        members: count,
        groups: made,
        seconds,
        service: used.service.map(|usage| Cost::of(usage, count as u64, seconds)),
    })
}
