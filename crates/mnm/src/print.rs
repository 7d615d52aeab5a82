//! Output of commands: one JSON document, or text for people.
//!
//! Text of other members must not control the terminal or look like our own words: control
//! characters, bidirectional overrides and invisible characters are written as `\u{…}`, and
//! multi-line text is behind a bar that we draw.

use std::{
    io::{self, IsTerminal as _, Write as _},
    time::{SystemTime, UNIX_EPOCH},
};

use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::exit::{Exit, Failure};

mod closed;
#[cfg(test)]
mod print_tests;

pub(crate) use closed::output_closed;

/// The output of a command.
#[derive(Debug)]
pub(crate) struct Answer {
    document: String,
    text: String,
    exit: Exit,
}

impl Answer {
    /// The same thing for programs and for people.
    pub(crate) fn new<T: Serialize + ?Sized>(value: &T, text: impl Into<String>) -> Self {
        Self { document: json(value), text: text.into(), exit: Exit::Ok }
    }

    /// With another line for people.
    pub(crate) fn and(self, line: &str) -> Self {
        Self { text: format!("{}\n{line}", self.text.trim_end()), ..self }
    }

    /// With another exit code than 0.
    pub(crate) fn with_exit(self, exit: Exit) -> Self {
        Self { exit, ..self }
    }

    /// The exit code.
    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }

    /// Prints the document or the text, and returns the exit code.
    pub(crate) fn print(&self, as_json: bool) -> Result<Exit, Failure> {
        print(if as_json { &self.document } else { &self.text })?;
        Ok(self.exit)
    }
}

/// Prints a failure: a document on standard output, or a line on standard error.
pub(crate) fn print_failure(failure: &Failure, as_json: bool) {
    if as_json {
        let _ = print(&json(&serde_json::json!({ "error": failure })));
    } else {
        let _ = writeln!(io::stderr(), "mnm: {}", block(&failure.message, "  "));
    }
}

/// Prints a note for people to standard error.
pub(crate) fn warn(text: &str) {
    let _ = writeln!(io::stderr(), "mnm: {}", block(text, "  "));
}

/// Writes a line to standard output, and flushes it. False if nobody reads it any more (`mnm inbox |
/// head`), which is no failure.
pub(crate) fn print(text: &str) -> Result<bool, Failure> {
    let mut stdout = io::stdout().lock();
    let text = text.trim_end_matches('\n');
    if text.is_empty() {
        return Ok(true);
    }
    match writeln!(stdout, "{text}").and_then(|()| stdout.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Failure::io("Can't write the answer", &error)),
    }
}

/// One line of JSON. Characters that could control a terminal are written as `\uXXXX`, which means
/// the same to every reader.
pub(crate) fn json<T: Serialize + ?Sized>(value: &T) -> String {
    let mut bytes = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut bytes, SafeJson(CompactFormatter));
    match value.serialize(&mut serializer) {
        Ok(()) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => {
            tracing::error!(%error, "an answer can't be written as JSON");
            r#"{"error":{"code":"internal","message":"The answer can't be written as JSON."}}"#
                .into()
        }
    }
}

struct SafeJson(CompactFormatter);

impl Formatter for SafeJson {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut plain = 0;
        for (at, c) in fragment.char_indices().filter(|(_, c)| is_unsafe(*c)) {
            self.0.write_string_fragment(writer, &fragment[plain..at])?;
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                write!(writer, "\\u{unit:04x}")?;
            }
            plain = at + c.len_utf8();
        }
        self.0.write_string_fragment(writer, &fragment[plain..])
    }
}

/// A sender's text for one line.
pub(crate) fn inline(text: &str) -> String {
    escape(&text.replace(['\n', '\t'], " "))
}

/// Width of a cell with others' text, which must not push the rest out of sight.
const CELL_COLUMNS: usize = 60;

/// What stands before the rest of a line of ours that was wrapped.
const HANGING: &str = "      ";

/// Minimum width of a text behind a margin.
const ROOM_COLUMNS_MIN: usize = 10;

/// Text for a cell, truncated if long.
pub(crate) fn short(text: &str) -> String {
    if text.width() <= CELL_COLUMNS {
        return text.to_owned();
    }
    let mut cut = String::new();
    for c in text.chars() {
        if cut.width() + c.width().unwrap_or(0) >= CELL_COLUMNS {
            break;
        }
        cut.push(c);
    }
    cut + "…"
}

/// A sender's text of several lines, each after the first behind `margin`.
pub(crate) fn block(text: &str, margin: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\t', "    ");
    let lines: Vec<String> = text.trim_end_matches('\n').split('\n').map(escape).collect();
    lines.join(&format!("\n{margin}"))
}

/// A line in chunks of at most this width.
fn pieces(line: &str, columns: usize) -> Vec<String> {
    let (mut pieces, mut piece, mut taken) = (Vec::new(), String::new(), 0);
    for c in line.chars() {
        let wide = c.width().unwrap_or(0);
        if taken + wide > columns {
            pieces.push(std::mem::take(&mut piece));
            taken = 0;
        }
        piece.push(c);
        taken += wide;
    }
    pieces.push(piece);
    pieces
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if is_unsafe(c) {
            escaped.extend(c.escape_unicode());
        } else {
            escaped.push(c);
        }
    }
    escaped
}

/// Characters that control a terminal, reorder others, or are invisible: whatever is drawn otherwise than it
/// is measured could pass the margin. The joiners U+200C and U+200D and the selectors of variants stay: whole
/// scripts, names and emoji need them.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e00ff}' | '\u{e01f0}'..='\u{e0fff}')
}

/// Milliseconds after which a command's start counts as the past.
const MOMENT_MS: i64 = 60_000;

/// Terminal settings for text.
#[derive(Debug, Clone)]
pub(crate) struct Look {
    colour: bool,
    /// Width of the terminal; none if unknown.
    columns: Option<usize>,
    now_ms: i64,
    zone: TimeZone,
}

impl Look {
    /// Colours on a terminal unless disabled; this machine's clock and time zone.
    pub(crate) fn here() -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let size = rustix::termios::tcgetwinsize(io::stdout()).ok();
        Self {
            colour: !plain && io::stdout().is_terminal(),
            columns: size.map(|size| usize::from(size.ws_col)).filter(|&columns| columns > 0),
            now_ms: i64::try_from(now.as_millis()).unwrap_or(i64::MAX),
            zone: TimeZone::system(),
        }
    }

    /// A sender's text of several lines, each behind `margin`, also where the terminal would wrap a
    /// long one, as if the next line were ours.
    pub(crate) fn block(&self, text: &str, margin: &str) -> String {
        let text = block(text, "");
        let Some(columns) = self.columns else { return text.replace('\n', &format!("\n{margin}")) };
        let room = columns.saturating_sub(margin.width()).max(ROOM_COLUMNS_MIN);
        let lines: Vec<String> = text.split('\n').flat_map(|line| pieces(line, room)).collect();
        lines.join(&format!("\n{margin}"))
    }

    /// A line of ours with names and subjects of others in it, behind `taken` columns: where the terminal
    /// would wrap it, what follows stands behind a margin, or it could pass for another line of ours.
    pub(crate) fn line(&self, taken: usize, text: &str) -> String {
        let Some(columns) = self.columns else { return text.to_owned() };
        let taken = taken.min(columns);
        let room = columns.saturating_sub(HANGING.width()).max(ROOM_COLUMNS_MIN);
        // The first one begins behind what is taken.
        let all =
            pieces(&format!("{}{text}", " ".repeat(taken)), room).join(&format!("\n{HANGING}"));
        all.get(taken.min(room)..).unwrap_or_default().to_owned()
    }

    /// Now, Unix milliseconds.
    pub(crate) fn now_ms(&self) -> i64 {
        self.now_ms
    }

    /// Highlighted.
    pub(crate) fn bold(&self, text: impl Into<String>) -> String {
        self.paint("1", text.into())
    }

    /// Dimmed.
    pub(crate) fn dim(&self, text: impl Into<String>) -> String {
        self.paint("2", text.into())
    }

    fn paint(&self, code: &str, text: String) -> String {
        if self.colour && !text.is_empty() { format!("\x1b[{code}m{text}\x1b[0m") } else { text }
    }

    /// A time without saying how long ago: `2026-11-22 05:01`.
    pub(crate) fn minute(&self, at_ms: i64) -> String {
        let Ok(at) = Timestamp::from_millisecond(at_ms) else {
            return "an unknown time".to_owned();
        };
        at.to_zoned(self.zone.clone()).strftime("%Y-%m-%d %H:%M").to_string()
    }

    /// A time in the past, as `2026-11-22 05:01 (3 min ago)`. A time after the start of the command
    /// is `just now`.
    pub(crate) fn time(&self, at_ms: i64) -> String {
        let since = (self.now_ms..self.now_ms.saturating_add(MOMENT_MS)).contains(&at_ms);
        self.moment(at_ms, if since { 0 } else { self.now_ms.saturating_sub(at_ms) })
    }

    /// A time in the future, as `2026-11-22 05:01 (in 3 min)`.
    pub(crate) fn time_to_come(&self, at_ms: i64) -> String {
        self.moment(at_ms, self.now_ms.saturating_sub(at_ms))
    }

    fn moment(&self, at_ms: i64, ago_ms: i64) -> String {
        let absolute = self.minute(at_ms);
        match relative(ago_ms) {
            Some(relative) => format!("{absolute} ({relative})"),
            None => absolute,
        }
    }
}

/// How long ago, if that is more useful than the date.
fn relative(ago_ms: i64) -> Option<String> {
    let minutes = ago_ms.unsigned_abs() / 60_000;
    let amount = match minutes {
        0 if ago_ms < 0 => return Some("in a moment".to_owned()),
        0 => return Some("just now".to_owned()),
        1..60 => format!("{minutes} min"),
        60..1_440 => format!("{} h", minutes / 60),
        1_440..2_880 => "1 day".to_owned(),
        2_880..43_200 => format!("{} days", minutes / 1_440),
        _ => return None,
    };
    Some(if ago_ms < 0 { format!("in {amount}") } else { format!("{amount} ago") })
}

/// A number of things: `1 letter`, `2 letters`.
pub(crate) fn plural(count: u64, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

/// A size as the pages show it: `64 MB`, `3.4 kB`.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    #[expect(clippy::cast_precision_loss, reason = "two digits are shown")]
    let mut amount = bytes as f64 / 1000.0;
    let mut unit = 0;
    while amount >= 1000.0 && unit + 1 < UNITS.len() {
        amount /= 1000.0;
        unit += 1;
    }
    let digits = usize::from(amount < 10.0);
    format!("{amount:.digits$} {}", UNITS[unit])
}

/// A table with aligned columns; colours have no width.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// With a line of headings.
    pub(crate) fn new<const N: usize>(look: &Look, headings: [&str; N]) -> Self {
        Self { rows: vec![headings.map(|heading| look.dim(heading)).to_vec()] }
    }

    /// Adds a row of cells that are safe to print.
    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.to_vec());
    }

    /// The lines; only `empty` if there is no row.
    pub(crate) fn text(&self, empty: &str) -> String {
        if self.rows.len() <= 1 {
            return empty.to_owned();
        }
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let widest = |column: usize| {
            self.rows.iter().filter_map(|row| row.get(column)).map(|cell| width(cell)).max()
        };
        let widths: Vec<usize> = (0..columns).map(|column| widest(column).unwrap_or(0)).collect();
        let mut text = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for (cell, wanted) in row.iter().zip(&widths) {
                line.push_str(cell);
                line.push_str(&" ".repeat(wanted - width(cell) + 2));
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

/// Width of a cell: our own colour sequences have none, and it contains no others.
fn width(cell: &str) -> usize {
    let mut plain = String::with_capacity(cell.len());
    let mut rest = cell;
    while let Some((before, after)) = rest.split_once("\x1b[") {
        plain.push_str(before);
        rest = after.split_once('m').map_or("", |(_, after)| after);
    }
    plain.push_str(rest);
    plain.width()
}
