//! Screen of a chat: a terminal with a line to type in, below what comes; or plain lines.
//!
//! On a terminal rustyline edits the line, and redraws it below what is shown meanwhile. Where input or output
//! is no terminal, or one that can't move its cursor, lines are read and written as they are.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use rustyline::error::ReadlineError;
use rustyline::{DefaultEditor, ExternalPrinter};
use tokio::sync::mpsc;

use super::input::{self, Line};
use crate::exit::{Exit, Failure};
use crate::print::print;

const PROMPT: &str = "> ";
/// Lines that may wait to be sent.
const LINES_WAITING: usize = 16;
/// What a terminal needs to end bracketed paste, and the line that was being typed.
const AFTER_PROMPT: &[u8] = b"\x1b[?2004l\n";

/// Where a chat is shown. A terminal is as it was before once this is dropped.
pub(super) enum Screen {
    /// Lines.
    Plain,
    /// A terminal on which somebody types.
    Terminal(Terminal),
}

/// A terminal on which somebody types.
pub(super) struct Terminal {
    printer: Box<dyn ExternalPrinter + Send>,
    before: Termios,
    /// Whether the editor has the terminal.
    editing: Arc<AtomicBool>,
}

/// The screen, and the lines that are typed.
pub(super) fn open(plain: bool) -> Result<(Screen, mpsc::Receiver<Line>), Failure> {
    if !plain
        && io::stdin().is_terminal()
        && io::stdout().is_terminal()
        && let Ok(before) = tcgetattr(io::stdin())
        && let Ok(mut editor) = DefaultEditor::new()
        && let Ok(printer) = editor.create_external_printer()
    {
        let editing = Arc::new(AtomicBool::new(false));
        let lines = typed(editor, Arc::clone(&editing));
        let terminal = Terminal { printer: Box::new(printer), before, editing };
        return Ok((Screen::Terminal(terminal), lines));
    }
    Ok((Screen::Plain, input::from_pipe()))
}

impl Screen {
    /// Whether it is lines only.
    pub(super) fn is_plain(&self) -> bool {
        matches!(self, Self::Plain)
    }

    /// Shows text that is safe to print.
    pub(super) fn show(&mut self, text: &str) -> Result<(), Failure> {
        match self {
            // If nobody reads it, the feed ends by itself.
            Self::Plain => print(text).map(drop),
            Self::Terminal(terminal) => {
                let text = format!("{}\n", text.trim_end_matches('\n'));
                terminal.printer.print(text).map_err(|error| broken(&error))
            }
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if self.editing.load(Ordering::SeqCst) {
            // The editor waits for a key, and would leave the terminal as it is.
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
            let _ = io::stdout().write_all(AFTER_PROMPT).and_then(|()| io::stdout().flush());
        }
    }
}

/// Lines that are typed until Ctrl-C, Ctrl-D or `/quit`. They are kept for the arrow keys, in memory only.
fn typed(mut editor: DefaultEditor, editing: Arc<AtomicBool>) -> mpsc::Receiver<Line> {
    let (give, lines) = mpsc::channel(LINES_WAITING);
    // Ends with the process.
    std::thread::spawn(move || {
        loop {
            editing.store(true, Ordering::SeqCst);
            let line = editor.readline(PROMPT);
            editing.store(false, Ordering::SeqCst);
            let line = match line {
                Ok(line) if line.trim().is_empty() => continue,
                Ok(line) => {
                    // For the arrow keys only.
                    let _ = editor.add_history_entry(line.as_str());
                    match Line::read(line) {
                        Some(line) => line,
                        None => return,
                    }
                }
                Err(ReadlineError::Eof | ReadlineError::Interrupted) => return,
                Err(error) => Line::Failed(broken(&error)),
            };
            let is_last = matches!(line, Line::Failed(_));
            if give.blocking_send(line).is_err() || is_last {
                return;
            }
        }
    });
    lines
}

fn broken(error: &ReadlineError) -> Failure {
    let why = format!("The terminal can't be used any more: {error}. Nothing is lost; try again.");
    Failure::new(Exit::Failed, "io", why)
}
