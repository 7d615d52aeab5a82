//! Reading a TOML file key by key, so that each error names line, key and what is allowed.
//!
//! [`Document::section`] hands out a [`Section`]; each of its methods takes one key out of it and,
//! when the file holds it and it is in order, writes the value over the default. Asking for a key is
//! also what makes it known: what nobody asked for is reported by [`Document::finish`], and
//! [`Document::into_keys`] tells what was asked for.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::de::{DeTable, DeValue};

use super::{ListenAddress, Problem, address, size};

/// A key that a configuration file may hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The section it stands in.
    pub section: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What its value may be, in words.
    pub allowed: String,
    /// Its default as TOML, where it has one.
    pub default: Option<String>,
}

/// A file being read.
pub(super) struct Document<'i> {
    text: &'i str,
    root: DeTable<'i>,
    sections: Vec<&'static str>,
    keys: Vec<Key>,
    unknown: Vec<(usize, &'static str, String)>,
    problems: Vec<Problem>,
}

/// One section of a file being read.
pub(super) struct Section<'d, 'i> {
    name: &'static str,
    text: &'i str,
    line: usize,
    table: DeTable<'i>,
    lines: Vec<(&'static str, usize)>,
    keys: &'d mut Vec<Key>,
    problems: &'d mut Vec<Problem>,
}

impl<'i> Document<'i> {
    /// Parses as much as is TOML; what is not becomes a problem.
    pub(super) fn parse(text: &'i str) -> Self {
        let (root, errors) = DeTable::parse_recoverable(text);
        let problem = |error: &toml::de::Error| Problem {
            line: line_of(text, error.span().map_or(0, |span| span.start)),
            key: String::new(),
            what: format!("this is not TOML: {}", error.message()),
        };
        // What follows the first error may only follow from it.
        let problems: Vec<_> = errors.first().map(problem).into_iter().collect();
        let root = if problems.is_empty() { root.into_inner() } else { DeTable::new() };
        Self { text, root, sections: Vec::new(), keys: Vec::new(), unknown: Vec::new(), problems }
    }

    /// A file that says nothing.
    pub(super) fn empty() -> Self {
        Self::parse("")
    }

    /// Lets `take` ask for the keys of one section.
    pub(super) fn section(&mut self, name: &'static str, take: impl FnOnce(&mut Section<'_, 'i>)) {
        self.sections.push(name);
        let (line, table) = self.remove_table(name);
        let mut section = Section {
            name,
            text: self.text,
            line,
            table,
            lines: Vec::new(),
            keys: &mut self.keys,
            problems: &mut self.problems,
        };
        take(&mut section);
        for (key, _) in &section.table {
            let line = line_of(self.text, key.span().start);
            self.unknown.push((line, name, key.get_ref().to_string()));
        }
    }

    fn remove_table(&mut self, name: &str) -> (usize, DeTable<'i>) {
        let Some((key, value)) = self.root.remove_entry(name) else {
            return (1, DeTable::new());
        };
        let line = line_of(self.text, key.span().start);
        let DeValue::Table(table) = value.into_inner() else {
            let what = format!("is a section: write [{name}] on a line of its own");
            self.problems.push(Problem { line, key: name.to_owned(), what });
            return (line, DeTable::new());
        };
        (line, table)
    }

    /// Reports what nobody asked for. Call it when everything that is known was asked for.
    pub(super) fn finish(&mut self) {
        for (line, section, name) in std::mem::take(&mut self.unknown) {
            let what = self.unknown_key(section, &name);
            self.problems.push(Problem { line, key: format!("{section}.{name}"), what });
        }
        for (key, value) in std::mem::take(&mut self.root) {
            let line = line_of(self.text, key.span().start);
            let key = key.into_inner().into_owned();
            let what = match value.get_ref() {
                DeValue::Table(_) => self.unknown_section(&key),
                _ => self.outside_sections(&key),
            };
            self.problems.push(Problem { line, key, what });
        }
    }

    fn unknown_key(&self, section: &str, name: &str) -> String {
        if let Some(other) = self.keys.iter().find(|key| key.name == name) {
            return format!("there is no such key here; it belongs under [{}]", other.section);
        }
        let names = self.keys.iter().filter(|key| key.section == section).map(|key| key.name);
        let names: Vec<_> = names.collect();
        let hint = nearest(name, &names).map(|near| format!("; did you mean \"{near}\"?"));
        let hint = hint.unwrap_or_else(|| ".".to_owned());
        format!("there is no such key{hint} Allowed in [{section}]: {}", names.join(", "))
    }

    fn unknown_section(&self, name: &str) -> String {
        let near = nearest(name, &self.sections).map(|near| format!("; did you mean [{near}]?"));
        let hint = near.unwrap_or_else(|| ".".to_owned());
        format!("there is no such section{hint} Allowed: [{}]", self.sections.join("], ["))
    }

    fn outside_sections(&self, name: &str) -> String {
        let place = match self.keys.iter().find(|key| key.name == name) {
            Some(key) => format!("it belongs under [{}]", key.section),
            None => format!("keys stand under one of [{}]", self.sections.join("], [")),
        };
        format!("stands outside the sections; {place}")
    }

    /// What is wrong, in the order of the lines.
    pub(super) fn into_problems(mut self) -> Vec<Problem> {
        self.problems.sort();
        self.problems
    }

    /// What was asked for.
    pub(super) fn into_keys(self) -> Vec<Key> {
        self.keys
    }
}

impl<'i> Section<'_, 'i> {
    /// A whole number of things.
    pub(super) fn count(
        &mut self,
        name: &'static str,
        field: &mut usize,
        range: RangeInclusive<usize>,
    ) {
        let allowed = format!("a whole number from {} to {}", range.start(), range.end());
        let default = Some(field.to_string());
        self.take(name, allowed, default, field, |value| {
            let number = integer(value).and_then(|number| usize::try_from(number).ok());
            number.filter(|number| range.contains(number)).ok_or_else(|| shown(value))
        });
    }

    /// A whole number of seconds.
    pub(super) fn seconds(
        &mut self,
        name: &'static str,
        field: &mut Duration,
        range: RangeInclusive<u64>,
    ) {
        let (least, most) = (range.start(), range.end());
        let allowed = format!("a whole number of seconds from {least} to {most}");
        let default = Some(field.as_secs().to_string());
        self.take(name, allowed, default, field, |value| {
            let number = integer(value).and_then(|number| u64::try_from(number).ok());
            let number = number.filter(|number| range.contains(number));
            number.map(Duration::from_secs).ok_or_else(|| shown(value))
        });
    }

    /// A size in bytes: a number, or a text with a unit.
    pub(super) fn size(&mut self, name: &'static str, field: &mut u64, range: RangeInclusive<u64>) {
        let (least, most) = (size::format(*range.start()), size::format(*range.end()));
        let allowed = format!("a size from {least} to {most}, in bytes or as \"64 MiB\"");
        let default = Some(format!("\"{}\"", size::format(*field)));
        self.take(name, allowed, default, field, |value| {
            let bytes = match value {
                DeValue::String(text) => size::parse(text),
                _ => integer(value).and_then(|number| u64::try_from(number).ok()),
            };
            bytes.filter(|bytes| range.contains(bytes)).ok_or_else(|| shown(value))
        });
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy + PartialEq>(
        &mut self,
        name: &'static str,
        field: &mut T,
        choices: &[(&str, T)],
    ) {
        let words: Vec<_> = choices.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        let chosen = choices.iter().position(|(_, value)| value == field);
        let default = chosen.and_then(|index| words.get(index).cloned());
        self.take(name, format!("one of {}", words.join(", ")), default, field, |value| {
            let word = value.as_str();
            let found = choices.iter().find(|(choice, _)| Some(*choice) == word);
            found.map(|(_, value)| *value).ok_or_else(|| shown(value))
        });
    }

    /// A text that `parse` accepts; `allowed` says what that is.
    pub(super) fn text(
        &mut self,
        name: &'static str,
        field: &mut Option<String>,
        allowed: &str,
        parse: fn(&str) -> Result<String, String>,
    ) {
        self.take(name, allowed.to_owned(), None, field, |value| {
            let text = value.as_str().and_then(|text| parse(text).ok());
            text.map(Some).ok_or_else(|| shown(value))
        });
    }

    /// A path; a relative one starts at `folder`.
    pub(super) fn path(&mut self, name: &'static str, field: &mut Option<PathBuf>, folder: &Path) {
        let allowed = "a path, relative to this file's folder unless it starts with /";
        self.take(name, allowed.to_owned(), None, field, |value| match value.as_str() {
            None | Some("") => Err(shown(value)),
            Some(path) => Ok(Some(folder.join(path))),
        });
    }

    /// One address to listen on or a list of them.
    pub(super) fn addresses(
        &mut self,
        name: &'static str,
        field: &mut Vec<ListenAddress>,
        default: &str,
    ) {
        let allowed = format!("{}, or a list of them", address::ALLOWED);
        let read = |value: &DeValue<'_>| {
            let address = value.as_str().and_then(|text| text.parse().ok());
            address.ok_or_else(|| shown(value))
        };
        self.take(name, allowed, Some(format!("[\"{default}\"]")), field, |value| match value {
            DeValue::Array(list) if list.is_empty() => Err("an empty list".to_owned()),
            DeValue::Array(list) => list.iter().map(|one| read(one.get_ref())).collect(),
            one => Ok(vec![read(one)?]),
        });
    }

    /// Says that something is wrong with a key that may well be in order by itself.
    pub(super) fn problem(&mut self, name: &'static str, what: &str) {
        let found = self.lines.iter().find(|(key, _)| *key == name);
        let line = found.map_or(self.line, |(_, line)| *line);
        let key = format!("{}.{name}", self.name);
        self.problems.push(Problem { line, key, what: what.to_owned() });
    }

    /// Makes a key known and, if the file holds it, writes what `read` makes of it to `field`.
    /// `read` fails with a description of what it got.
    fn take<T>(
        &mut self,
        name: &'static str,
        allowed: String,
        default: Option<String>,
        field: &mut T,
        read: impl FnOnce(&DeValue<'i>) -> Result<T, String>,
    ) {
        let key = Key { section: self.name, name, allowed, default };
        if let Some((spanned, value)) = self.table.remove_entry(name) {
            self.lines.push((name, line_of(self.text, spanned.span().start)));
            match read(value.get_ref()) {
                Ok(value) => *field = value,
                Err(got) => self.problem(name, &format!("expected {}, got {got}", key.allowed)),
            }
        }
        self.keys.push(key);
    }
}

/// The number a value is, if it is one that fits; TOML also knows 0x, 0o, 0b and `_`.
fn integer(value: &DeValue<'_>) -> Option<i64> {
    let integer = value.as_integer()?;
    i64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

/// A value in an error: itself when it is short, else its kind.
fn shown(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) if text.chars().count() <= 80 => format!("{text:?}"),
        DeValue::String(_) => "a long text".to_owned(),
        DeValue::Integer(number) => number.to_string(),
        DeValue::Float(number) => number.as_str().to_owned(),
        DeValue::Boolean(truth) => truth.to_string(),
        DeValue::Datetime(time) => time.to_string(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a section".to_owned(),
    }
}

/// The known name that was probably meant.
fn nearest<'n>(name: &str, known: &[&'n str]) -> Option<&'n str> {
    let distance = |other: &&'n str| (strsim::damerau_levenshtein(name, other), *other);
    let (distance, near) = known.iter().map(distance).min()?;
    (distance <= near.len().min(name.len()).div_ceil(3)).then_some(near)
}

fn line_of(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().get(..offset).unwrap_or(text.as_bytes());
    before.iter().filter(|byte| **byte == b'\n').count() + 1
}
