//! The host name of this machine.

use super::ListenAddress;

/// The name of this machine, if others could resolve it.
#[must_use]
pub fn host_name() -> Option<String> {
    let name = rustix::system::uname().nodename().to_str().ok()?.to_owned();
    format!("{name}:0").parse::<ListenAddress>().ok().map(|_| name)
}
