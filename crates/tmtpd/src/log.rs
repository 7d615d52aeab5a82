//! The log on stderr, and the rule about what it may hold.
//!
//! **Never in the log:** the content of messages, pings, subjects and names of attachments;
//! aliases; device secrets, keys and tokens; whole uids, group ids or message heads. A member,
//! device or group appears only as a [`ShortId`], enough to follow one through the log and too
//! little to write to it. Addresses of links appear at level `debug`, and at `warn` only of links
//! that were refused. Check every new field of a log line against this list.

#[cfg(test)]
mod log_tests;

use std::fmt::{self, Debug, Display, Formatter};
use std::io::IsTerminal;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{Log, LogFormat, LogLevel};

/// The first 8 characters of an id: all that a log may hold of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ShortId<'a>(&'a str);

impl<'a> ShortId<'a> {
    /// Shortens `id`.
    #[must_use]
    pub fn new(id: &'a str) -> Self {
        Self(id.char_indices().nth(8).map_or(id, |(end, _)| id.get(..end).unwrap_or("")))
    }
}

impl Display for ShortId<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// As `Display`: a `?id` in a log line must not reveal more than a `%id`.
impl Debug for ShortId<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

pub(crate) use tmtp_telemetry::{
    Throttle, Throttles, chain, error_limited, info_limited, suppressed, warn_limited,
};

/// Starts the log. A second call in one process changes nothing.
///
/// Libraries log from `warn` up whatever the level: at lower levels some of them write what the
/// rule above forbids. rustls does not log at all: its warnings repeat what strangers send, as
/// often as they like. A failed handshake is logged at level `debug`.
pub fn start(log: Log) {
    let level = LevelFilter::from(log.level);
    let ours = Targets::new()
        .with_default(level.min(LevelFilter::WARN))
        .with_target("rustls", LevelFilter::OFF)
        .with_target("tmtpd", level)
        .with_target("tmtp_store", level)
        .with_target("tmtp", level);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = match log.format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    // Fails only if there is a log already.
    let _ = tracing_subscriber::registry().with(lines.with_filter(ours)).try_init();
}

impl From<LogLevel> for LevelFilter {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Error => Self::ERROR,
            LogLevel::Warn => Self::WARN,
            LogLevel::Info => Self::INFO,
            LogLevel::Debug => Self::DEBUG,
            LogLevel::Trace => Self::TRACE,
        }
    }
}
