//! Trace of a schedule, with the simulated time: a hash of it always, its lines on demand.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::Instant;

/// The trace of one run; clones write to the same.
#[derive(Debug, Clone)]
pub(crate) struct Trace {
    shared: Arc<Mutex<Lines>>,
    loud: bool,
}

#[derive(Debug)]
struct Lines {
    start: Instant,
    hash: DefaultHasher,
    count: u64,
}

impl Trace {
    /// A trace that begins now. A loud one prints its lines.
    pub(crate) fn start(loud: bool) -> Self {
        let lines = Lines { start: Instant::now(), hash: DefaultHasher::new(), count: 0 };
        Self { shared: Arc::new(Mutex::new(lines)), loud }
    }

    /// Notes what happens now. The words must follow from the seed alone.
    pub(crate) fn note(&self, words: impl FnOnce() -> String) {
        let mut lines = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let (ms, words) = (lines.start.elapsed().as_millis(), words());
        (ms, &words).hash(&mut lines.hash);
        lines.count += 1;
        if self.loud {
            println!("{:9.3} s  {words}", ms as f64 / 1_000.0);
        }
    }

    /// A number that two runs share only if the same happened in both.
    pub(crate) fn hash(&self) -> u64 {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner).hash.finish()
    }
}
