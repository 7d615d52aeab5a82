//! `mnm chat` on a terminal: what arrives does not garble the line that is being typed, and the terminal
//! is afterwards as it was.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Mutex};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};
use tmtp_testkit::process::{AppProcess, ServiceProcess};

use crate::letters::{ADA, BJORN, acquainted, thread, until};

/// A terminal with a program on it.
struct Terminal {
    program: Child,
    keyboard: File,
    line: File,
    screen: Arc<Mutex<Vec<u8>>>,
}

impl Terminal {
    fn start(app: &AppProcess, arguments: &[&str]) -> Self {
        let keyboard = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&keyboard).unwrap();
        unlockpt(&keyboard).unwrap();
        let name = ptsname(&keyboard, Vec::new()).unwrap();
        let name = std::ffi::OsStr::from_bytes(name.as_bytes());
        let line = File::options().read(true).write(true).open(name).unwrap();
        let size = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&line, size).unwrap();
        let end = || line.try_clone().unwrap();
        let mut command = app.command().unwrap();
        command.args(arguments).env("TERM", "xterm").stdin(end()).stdout(end()).stderr(end());
        let program = command.spawn().unwrap();
        let keyboard = File::from(keyboard);
        let screen = Arc::<Mutex<Vec<u8>>>::default();
        let (mut shown, kept) = (keyboard.try_clone().unwrap(), Arc::clone(&screen));
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = shown.read(&mut bytes) {
                kept.lock().unwrap().extend_from_slice(&bytes[..count]);
            }
        });
        Self { program, keyboard, line, screen }
    }

    fn shown(&self) -> String {
        String::from_utf8_lossy(&self.screen.lock().unwrap()).into_owned()
    }

    /// Waits until it has shown these, one after the other.
    fn await_all(&self, texts: &[&str]) {
        until(&format!("{texts:?}"), || {
            let shown = self.shown();
            let mut rest = shown.as_str();
            texts
                .iter()
                .all(|text| match rest.split_once(text) {
                    Some((_, after)) => {
                        rest = after;
                        true
                    }
                    None => false,
                })
                .then_some(())
        });
    }

    fn type_in(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    fn modes(&self) -> LocalModes {
        tcgetattr(&self.line).unwrap().local_modes
    }

    fn end(&mut self) -> ExitStatus {
        until("the end", || self.program.try_wait().unwrap())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

#[test]
fn what_arrives_is_shown_above_the_line_that_is_typed() {
    let service = ServiceProcess::start_plain().unwrap();
    let (ada, mut bjorn) = acquainted(&service);
    bjorn.start().unwrap();
    ada.ok(&["send", "--to", BJORN, "Lunch?"]).unwrap();
    let id = thread(&ada, "");
    thread(&bjorn, "");
    let mut terminal = Terminal::start(&bjorn, &["chat", ADA]);
    terminal.await_all(&["Ctrl-D or /quit ends.", "│ Lunch?", "> "]);
    let at_prompt = terminal.modes();
    assert!(!at_prompt.contains(LocalModes::ECHO), "the editor has it");
    terminal.type_in("Hel");
    terminal.await_all(&["> ", "Hel"]);
    ada.ok(&["reply", &id, "while you type"]).unwrap();
    terminal.await_all(&["Hel", "│ while you type", "> Hel"]);
    terminal.type_in("lo\r");
    until("the line", || {
        ada.ok(&["inbox"])
            .and_then(|_| ada.ok(&["read", &id]))
            .unwrap()
            .contains("│ Hello")
            .then_some(())
    });
    terminal.type_in("\u{4}");
    assert!(terminal.end().success(), "{}", terminal.shown());
    assert!(terminal.modes().contains(LocalModes::ECHO | LocalModes::ICANON));

    // It ends while a line is typed.
    let mut terminal = Terminal::start(&bjorn, &["chat", ADA]);
    terminal.await_all(&["│ Hello", "> "]);
    terminal.type_in("unfinished");
    terminal.await_all(&["unfinished"]);
    bjorn.stop().unwrap();
    assert_eq!(terminal.end().code(), Some(7));
    terminal.await_all(&["unfinished", "The running app has ended"]);
    assert!(terminal.modes().contains(LocalModes::ECHO | LocalModes::ICANON));
}
