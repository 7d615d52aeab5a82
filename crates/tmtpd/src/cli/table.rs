//! Tables for people, printed as the rows come.
//!
//! Column widths are set by the first rows, so that a table of any length needs little memory. A
//! wider cell further down pushes its own line to the right.

use std::io::{self, Write};

/// Rows that are buffered to set the widths.
const BUFFERED_ROWS: usize = 512;

/// A table being written to `out`. Call [`Table::finish`] at its end.
pub(super) struct Table<W, const N: usize> {
    out: W,
    headings: [Heading; N],
    ahead: Vec<[String; N]>,
    widths: Option<[usize; N]>,
}

/// The title of a column, and the alignment of its cells.
#[derive(Debug, Clone, Copy)]
pub(super) enum Heading {
    /// Left-aligned: text.
    Left(&'static str),
    /// Right-aligned: numbers.
    Right(&'static str),
}

impl Heading {
    fn title(self) -> &'static str {
        match self {
            Self::Left(title) | Self::Right(title) => title,
        }
    }
}

impl<W: Write, const N: usize> Table<W, N> {
    pub(super) fn new(out: W, headings: [Heading; N]) -> Self {
        Self { out, headings, ahead: Vec::new(), widths: None }
    }

    pub(super) fn row(&mut self, cells: [String; N]) -> io::Result<()> {
        if let Some(widths) = self.widths {
            return self.line(&widths, cells.each_ref().map(String::as_str));
        }
        self.ahead.push(cells);
        if self.ahead.len() < BUFFERED_ROWS { Ok(()) } else { self.decide() }
    }

    /// Prints the remaining rows. A table without rows is only its headings.
    pub(super) fn finish(mut self) -> io::Result<()> {
        if self.widths.is_none() {
            self.decide()?;
        }
        self.out.flush()
    }

    fn decide(&mut self) -> io::Result<()> {
        let rows = std::mem::take(&mut self.ahead);
        let width = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            let cells = cells.map(|cell| cell.chars().count()).max().unwrap_or(0);
            cells.max(self.headings.get(column).map_or(0, |heading| heading.title().len()))
        };
        let widths = std::array::from_fn(width);
        self.widths = Some(widths);
        self.line(&widths, self.headings.map(Heading::title))?;
        rows.iter().try_for_each(|row| self.line(&widths, row.each_ref().map(String::as_str)))
    }

    fn line(&mut self, widths: &[usize; N], cells: [&str; N]) -> io::Result<()> {
        let mut line = String::new();
        for ((cell, width), heading) in cells.iter().zip(widths).zip(self.headings) {
            let padding = " ".repeat(width.saturating_sub(cell.chars().count()));
            match heading {
                Heading::Left(_) => line.extend([cell, padding.as_str(), "  "]),
                Heading::Right(_) => line.extend([padding.as_str(), cell, "  "]),
            }
        }
        writeln!(self.out, "{}", line.trim_end())
    }
}

/// A size for people: `64.0 MiB`.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let mut unit = "B";
    let mut amount = bytes as f64;
    for larger in UNITS {
        if amount < 1_024.0 {
            break;
        }
        amount /= 1_024.0;
        unit = larger;
    }
    if unit == "B" { format!("{bytes} B") } else { format!("{amount:.1} {unit}") }
}

/// A span of time for people: `12 s`, `5 min`, `3 h`, `12 days`.
pub(super) fn span(ms: i64) -> String {
    let seconds = ms.max(0) / 1_000;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// A number of things: `1 message`, `1,234 messages`.
pub(super) fn things(number: u64, one: &str) -> String {
    format!("{} {one}{}", count(number), if number == 1 { "" } else { "s" })
}

/// A number with thousands separators: `1,234,567`.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
