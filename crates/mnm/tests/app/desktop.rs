//! A desktop for the tests: a session bus, and a command in place of the browser.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A session bus, ended when dropped.
pub(crate) struct Bus {
    daemon: Child,
    pub(crate) address: String,
}

impl Bus {
    pub(crate) fn start(directory: &Path) -> Self {
        let address = format!("--address=unix:path={}", directory.join("bus").display());
        let mut command = Command::new("dbus-daemon");
        command.args(["--session", "--nofork", "--nopidfile", "--print-address", &address]);
        let mut daemon = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut address = String::new();
        BufReader::new(daemon.stdout.take().unwrap()).read_line(&mut address).unwrap();
        Self { daemon, address: address.trim().to_owned() }
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

/// A command in place of the system's browser that notes the address.
pub(crate) fn browser(directory: &Path) -> String {
    let tools = directory.join("tools");
    fs::create_dir(&tools).unwrap();
    let opened = directory.join("opened");
    let script =
        format!("#!/bin/sh\necho \"$1\" > '{0}.new'; mv '{0}.new' '{0}'\n", opened.display());
    fs::write(tools.join("xdg-open"), script).unwrap();
    fs::set_permissions(tools.join("xdg-open"), fs::Permissions::from_mode(0o755)).unwrap();
    format!("{}:/usr/bin:/bin", tools.display())
}
