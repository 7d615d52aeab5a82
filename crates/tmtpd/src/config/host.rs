//! The host name of this machine.

use super::ListenAddress;

/// The name of this machine, if it has one that others could look up.
#[must_use]
pub fn host_name() -> Option<String> {
    let name = rustix::system::uname().nodename().to_str().ok()?.to_owned();
    format!("{name}:0").parse::<ListenAddress>().ok().map(|_| name)
}
