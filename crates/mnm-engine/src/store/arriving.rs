//! Counter of messages being received, on all links of an engine.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The counter.
#[derive(Debug, Default)]
pub(crate) struct Arriving(Arc<AtomicUsize>);

/// A message being received, until this is dropped.
#[derive(Debug)]
pub(crate) struct ArrivingGuard(Arc<AtomicUsize>);

impl Arriving {
    pub(crate) fn begin(&self) -> ArrivingGuard {
        self.0.fetch_add(1, Ordering::Relaxed);
        ArrivingGuard(Arc::clone(&self.0))
    }

    pub(crate) fn any(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }
}

impl Drop for ArrivingGuard {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
