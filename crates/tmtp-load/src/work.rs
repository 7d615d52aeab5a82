//! The loads themselves.
//!
//! - [`posting`]: what all loads with posts share
//! - [`post`]: senders post, recipients take
//! - [`drain`]: posts for devices that are not there, which then come and take them
//! - [`login`]: many devices log in at once
//! - [`idle`]: links that do nothing
//! - [`members`]: members and groups who only exist

pub mod drain;
pub mod idle;
pub mod login;
pub mod members;
pub mod post;
pub mod posting;

use std::net::SocketAddr;
use std::time::Duration;

use crate::process::{Usage, reset_peak};
use crate::tls::Trust;

/// Time that the service gets to erase delivered messages; the cost of that is counted.
const TIDY_UP: Duration = Duration::from_secs(1);

/// The service under load.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Where it listens.
    pub address: SocketAddr,
    /// How it is known.
    pub trust: Trust,
    /// Its process, if it runs on this machine and is to be measured.
    pub pid: Option<u32>,
    /// Links that are opened at a time.
    pub at_once: usize,
    /// How long it may make no progress with what is queued.
    pub patience: Duration,
}

/// Both processes at one moment.
#[derive(Debug, Clone, Copy)]
struct Meter {
    service: Option<Usage>,
    generator: Usage,
}

impl Meter {
    fn read(target: &Target) -> anyhow::Result<Self> {
        let service = target.pid.map(Usage::of).transpose()?;
        Ok(Self { service, generator: Usage::own()? })
    }

    /// As [`Self::read`]; peaks of memory begin anew.
    fn start(target: &Target) -> anyhow::Result<Self> {
        target.pid.into_iter().for_each(reset_peak);
        Self::read(target)
    }

    fn since(self, before: Self) -> Self {
        let service = self.service.zip(before.service).map(|(now, before)| now.since(before));
        Self { service, generator: self.generator.since(before.generator) }
    }
}
