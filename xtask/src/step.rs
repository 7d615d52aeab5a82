//! Report of steps: one line each with its time, and the reason of the one that failed.
//!
//! Both `test` and `demo` are a list of steps; the first that fails ends the list.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// Whether a step's own output comes between its name and its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Output {
    /// The step prints, so its name is announced before it.
    Loud,
    /// The step is silent: one line in all.
    Quiet,
}

/// Prints steps as they are taken.
#[derive(Debug)]
pub(crate) struct Steps {
    output: Output,
    started: Instant,
    taken: u32,
}

impl Steps {
    /// Starts the clock.
    pub(crate) fn new(output: Output) -> Self {
        Self { output, started: Instant::now(), taken: 0 }
    }

    /// Takes one step and prints how long it took. An error names the step.
    pub(crate) fn take<T>(&mut self, name: &str, step: impl FnOnce() -> Result<T>) -> Result<T> {
        self.announce_and_take(name, || Ok((step()?, String::new())))
    }

    /// The same for a step that may take minutes, such as a build: it is announced in any case.
    pub(crate) fn take_long<T>(
        &mut self,
        name: &str,
        step: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        if self.output == Output::Quiet {
            println!("begun              {name}, which may take minutes");
        }
        self.take(name, step)
    }

    /// The same for a step that has something to tell, which is printed with it.
    pub(crate) fn tell(&mut self, name: &str, step: impl FnOnce() -> Result<String>) -> Result<()> {
        self.announce_and_take(name, || Ok(((), format!(": {}", step()?))))
    }

    fn announce_and_take<T>(
        &mut self,
        name: &str,
        step: impl FnOnce() -> Result<(T, String)>,
    ) -> Result<T> {
        self.taken += 1;
        if self.output == Output::Loud {
            println!("\n== {name}");
        }
        let started = Instant::now();
        let result = step();
        let spent = seconds(started.elapsed());
        match &result {
            Ok((_, told)) => println!("ok      {spent:>9}  {name}{told}"),
            Err(_) => println!("FAILED  {spent:>9}  {name}"),
        }
        result
            .map(|(value, _)| value)
            .with_context(|| format!("step {} failed: {name}", self.taken))
    }

    /// How long all steps took together, for people.
    pub(crate) fn total(&self) -> String {
        seconds(self.started.elapsed())
    }
}

/// A duration for people: `0.04 s`, `12.3 s`, `4 min 05 s`.
pub(crate) fn seconds(spent: Duration) -> String {
    let seconds = spent.as_secs_f64();
    if seconds < 1.0 {
        format!("{seconds:.2} s")
    } else if seconds < 100.0 {
        format!("{seconds:.1} s")
    } else {
        format!("{} min {:02} s", spent.as_secs() / 60, spent.as_secs() % 60)
    }
}
