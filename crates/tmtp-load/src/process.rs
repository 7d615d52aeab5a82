//! CPU, memory and disk use of a process, as Linux counts it in `/proc`.

use std::fs;

use anyhow::Context as _;
use serde::Serialize;

/// Resources that a process has used.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Usage {
    /// Seconds of processor time, user and system, of all threads that ever were.
    pub cpu_s: f64,
    /// Resident memory, KiB.
    pub memory_kib: u64,
    /// Highest resident memory since [`reset_peak`], KiB.
    pub peak_kib: u64,
    /// Bytes that it caused to be written to a disk.
    pub written_bytes: u64,
}

impl Usage {
    /// Usage of the process with this id.
    ///
    /// # Errors
    /// When it is not there, or not ours to look at.
    pub fn of(pid: u32) -> anyhow::Result<Self> {
        Self::read(&pid.to_string())
    }

    /// Usage of this program.
    ///
    /// # Errors
    /// Without `/proc`.
    pub fn own() -> anyhow::Result<Self> {
        Self::read("self")
    }

    fn read(process: &str) -> anyhow::Result<Self> {
        let file = |name: &str| {
            let path = format!("/proc/{process}/{name}");
            fs::read_to_string(&path).with_context(|| format!("{path} cannot be read"))
        };
        let status = file("status")?;
        Ok(Self {
            cpu_s: cpu_seconds(&file("stat")?).context("/proc/PID/stat has another form")?,
            memory_kib: counter(&status, "VmRSS:"),
            peak_kib: counter(&status, "VmHWM:"),
            written_bytes: counter(&file("io")?, "write_bytes:"),
        })
    }

    /// What was used since `before`; memory as it is now.
    #[must_use]
    pub fn since(self, before: Self) -> Self {
        Self {
            cpu_s: self.cpu_s - before.cpu_s,
            written_bytes: self.written_bytes.saturating_sub(before.written_bytes),
            ..self
        }
    }
}

/// Lets the peak of a process's memory begin anew; where that is not allowed it does not.
pub fn reset_peak(pid: u32) {
    let _ = fs::write(format!("/proc/{pid}/clear_refs"), "5");
}

/// User and system time of `/proc/PID/stat`, whose second field, the name, may hold spaces.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<f64>().ok();
    let all = ticks()? + ticks()?;
    let per_second = u32::try_from(rustix::param::clock_ticks_per_second()).ok()?;
    Some(all / f64::from(per_second))
}

fn counter(text: &str, name: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("0");
    line.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{Usage, cpu_seconds};

    #[test]
    fn process_name_with_spaces_and_brackets_is_parsed() {
        let stat = "7 (a ) b) S 1 7 7 0 -1 4194560 1 0 0 0 150 50 0 0 20 0 1 0 1 1 1";
        let ticks = cpu_seconds(stat).unwrap() * rustix::param::clock_ticks_per_second() as f64;
        assert!((ticks - 200.0).abs() < 1e-6);
    }

    #[test]
    fn this_process_uses_memory() {
        assert!(Usage::own().unwrap().memory_kib > 0);
    }
}
