//! Start of a browser.

use std::process::{Command, Stdio};

/// Opens the address in the system's browser; false if none could be started. It passes through a
/// command line that others may be able to read; it works once, and [`crate::serve::peer`] says who
/// may use it.
pub(crate) fn open_browser(url: &str) -> bool {
    let mut command = if cfg!(target_os = "macos") {
        Command::new("open")
    } else if cfg!(windows) {
        let mut command = Command::new("rundll32");
        command.arg("url.dll,FileProtocolHandler");
        command
    } else {
        Command::new("xdg-open")
    };
    start(command.arg(url))
}

/// Opens the address in a window of its own, without tabs and address bar, by a browser that can;
/// false if there is none.
pub(crate) fn open_window(url: &str) -> bool {
    const BROWSERS: [&str; 7] = [
        "chromium",
        "chromium-browser",
        "google-chrome",
        "google-chrome-stable",
        "microsoft-edge",
        "brave-browser",
        "vivaldi",
    ];
    BROWSERS.iter().any(|browser| start(Command::new(browser).arg(format!("--app={url}"))))
}

fn start(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().is_ok()
}
