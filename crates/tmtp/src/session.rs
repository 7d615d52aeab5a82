//! Sessions: the two sides of a link as state machines, bytes in, typed events out.
//!
//! - [`service::ServiceSession`]: what a service does with one link, from the first byte
//! - [`app::AppSession`]: what an app does with one link
//!
//! Time is an argument, [`Millis`]; nothing here waits. `handle_*` takes input, `poll_*` and
//! `deadline` tell what is wanted next.

pub mod app;
pub mod service;

/// A moment: milliseconds since a start that the caller chose, rising.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Millis(pub u64);

impl Millis {
    /// The moment so many milliseconds later.
    #[must_use]
    pub fn plus_ms(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms))
    }
}
