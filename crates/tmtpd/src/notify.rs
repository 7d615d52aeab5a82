//! Notifications to the service manager (`sd_notify`): ready, reloading, stopping, still alive.
//!
//! The protocol is systemd's `sd_notify(3)`: datagrams of `KEY=value` lines to the socket that
//! `$NOTIFY_SOCKET` names, a path or, with a leading `@`, an abstract name. Without that variable
//! nothing is sent; a failure is ignored.

use std::env;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::Path;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Members can join.
pub(crate) fn ready() {
    notify("READY=1");
}

/// The configuration is being read again; [`ready`] follows.
pub(crate) fn reloading() {
    let now = clock_gettime(ClockId::Monotonic);
    let now_us = now.tv_sec.saturating_mul(1_000_000).saturating_add(now.tv_nsec / 1_000);
    notify(&format!("RELOADING=1\nMONOTONIC_USEC={now_us}"));
}

/// Links are being closed.
pub(crate) fn stopping() {
    notify("STOPPING=1");
}

/// The watchdog's keep-alive; see [`watchdog_interval`].
pub(crate) fn alive() {
    notify("WATCHDOG=1");
}

/// How often [`alive`] is due, if the service manager has a watchdog: half of its timeout.
#[must_use]
pub(crate) fn watchdog_interval() -> Option<Duration> {
    let number = |name: &str| env::var(name).ok()?.parse::<u64>().ok();
    let is_for_us = number("WATCHDOG_PID").is_none_or(|pid| pid == u64::from(std::process::id()));
    let limit_us = number("WATCHDOG_USEC").filter(|limit_us| *limit_us > 0 && is_for_us)?;
    Some(Duration::from_micros(limit_us / 2))
}

fn notify(state: &str) {
    let Some(name) = env::var_os("NOTIFY_SOCKET") else { return };
    if let Err(error) = send(name.as_bytes(), state) {
        tracing::warn!(%error, "the service manager cannot be notified of {state:?}");
    }
}

fn send(name: &[u8], state: &str) -> io::Result<()> {
    let address = match name {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
        path => SocketAddr::from_pathname(Path::new(std::ffi::OsStr::from_bytes(path)))?,
    };
    UnixDatagram::unbound()?.send_to_addr(state.as_bytes(), &address).map(drop)
}
