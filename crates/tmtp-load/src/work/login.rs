//! Load of logins: many devices at once, as after a restart of the service or of a network.

use std::path::Path;
use std::time::Instant;

use super::{Meter, TIDY_UP, Target};
use crate::cast::Cast;
use crate::fleet::Fleet;
use crate::report::{Cost, LoginReport, Stopwatch};

/// Registers so many members, or takes those of a file; lets them go; logs all of them in.
///
/// # Errors
/// When the service refuses one.
pub fn run(target: &Target, count: usize, file: Option<&Path>) -> anyhow::Result<LoginReport> {
    let mut fleet = Fleet::new(target.address, target.trust)?;
    let mut cast = Cast::new(target.at_once);
    match file {
        Some(file) => drop(cast.read(file)?),
        None => cast.register(&mut fleet, count, false)?,
    }
    let devices: Vec<_> = (0..cast.devices.len()).take(count).collect();
    cast.cut(&mut fleet, &devices);
    // The service is to be done with the old links.
    std::thread::sleep(TIDY_UP);
    let mut times = Stopwatch::new()?;
    let before = Meter::start(target)?;
    let started = Instant::now();
    cast.log_in_timed(&mut fleet, &devices, Some(&mut times))?;
    let seconds = started.elapsed().as_secs_f64();
    cast.quiet(&mut fleet)?;
    let used = Meter::read(target)?.since(before);
    let logins = devices.len();
    Ok(LoginReport {
        logins,
        seconds,
        logins_per_s: logins as f64 / seconds,
        connect_to_on: times.times(),
        service: used.service.map(|usage| Cost::of(usage, logins as u64, seconds)),
        generator: Cost::of(used.generator, logins as u64, seconds),
    })
}
