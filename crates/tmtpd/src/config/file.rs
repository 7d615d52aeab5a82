//! Reader of a TOML file key by key, so that each error names line, key and what is allowed.
//!
//! [`Document::section`] hands out a [`Section`]. Each of its methods takes one key out of it and,
//! when the file holds a valid value, writes it over the default. Asking for a key also makes it
//! known: keys that nobody asked for are reported by [`Document::finish`], and
//! [`Document::into_keys`] lists the known ones. A section may occur once or, where the caller
//! allows it, as a list (`[[name]]`), and may have subsections.

use std::net::SocketAddr;
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
    /// The sections there are, in the order in which they are documented.
    sections: &'static [&'static str],
    found: Found,
}

/// Problems and known keys so far.
#[derive(Default)]
struct Found {
    keys: Vec<Key>,
    /// Subsections, by their full names.
    inner: Vec<&'static str>,
    unknown: Vec<Unknown>,
    problems: Vec<Problem>,
}

/// An unknown key or section.
struct Unknown {
    line: usize,
    section: &'static str,
    name: String,
    is_section: bool,
}

/// One section of a file being read.
pub(super) struct Section<'d, 'i> {
    name: &'static str,
    text: &'i str,
    line: usize,
    table: DeTable<'i>,
    lines: Vec<(&'static str, usize)>,
    found: &'d mut Found,
}

impl<'i> Document<'i> {
    /// Parses the text; what is not TOML becomes a problem. `sections` are all that are allowed.
    pub(super) fn parse(text: &'i str, sections: &'static [&'static str]) -> Self {
        let (root, errors) = DeTable::parse_recoverable(text);
        let problem = |error: &toml::de::Error| Problem {
            line: line_of(text, error.span().map_or(0, |span| span.start)),
            key: String::new(),
            what: format!("this is not TOML: {}", error.message()),
        };
        // Later errors may only follow from the first.
        let problems: Vec<_> = errors.first().map(problem).into_iter().collect();
        let root = if problems.is_empty() { root.into_inner() } else { DeTable::new() };
        Self { text, root, sections, found: Found { problems, ..Found::default() } }
    }

    /// Has `take` read the keys of one section.
    pub(super) fn section(&mut self, name: &'static str, take: impl FnOnce(&mut Section<'_, 'i>)) {
        let (line, table) = match self.root.remove_entry(name) {
            None => (1, DeTable::new()),
            Some((key, value)) => {
                let line = line_of(self.text, key.span().start);
                (line, self.found.table(name, line, value.into_inner()))
            }
        };
        Section::take_all(name, self.text, line, table, &mut self.found, take);
    }

    /// Has `take` read each occurrence of a section that may be a list.
    pub(super) fn list(&mut self, name: &'static str, mut take: impl FnMut(&mut Section<'_, 'i>)) {
        let is_list = matches!(self.root.get(name).map(|value| value.get_ref()),
            Some(DeValue::Array(list)) if !list.is_empty());
        let Some((_, value)) = is_list.then(|| self.root.remove_entry(name)).flatten() else {
            return self.section(name, take);
        };
        let DeValue::Array(list) = value.into_inner() else { return };
        for value in list {
            let line = line_of(self.text, value.span().start);
            let table = self.found.table(name, line, value.into_inner());
            Section::take_all(name, self.text, line, table, &mut self.found, &mut take);
        }
    }

    /// Reports unknown keys. Call it after everything known was asked for.
    pub(super) fn finish(&mut self) {
        for unknown in std::mem::take(&mut self.found.unknown) {
            let what = match unknown.is_section {
                true => self.found.unknown_inner(&unknown),
                false => self.found.unknown_key(&unknown),
            };
            let key = format!("{}.{}", unknown.section, unknown.name);
            self.found.problems.push(Problem { line: unknown.line, key, what });
        }
        for (key, value) in std::mem::take(&mut self.root) {
            let line = line_of(self.text, key.span().start);
            let key = key.into_inner().into_owned();
            let what = if let DeValue::Table(_) = value.get_ref() {
                unknown_section(&key, self.sections)
            } else {
                self.outside_sections(&key)
            };
            self.found.problems.push(Problem { line, key, what });
        }
    }

    fn outside_sections(&self, name: &str) -> String {
        let place = match self.found.keys.iter().find(|key| key.name == name) {
            Some(key) => format!("it belongs under [{}]", key.section),
            None => format!("keys stand under one of [{}]", self.sections.join("], [")),
        };
        format!("stands outside the sections; {place}")
    }

    /// Adds problems that were found by comparing sections.
    pub(super) fn add_problems(&mut self, problems: Vec<Problem>) {
        self.found.problems.extend(problems);
    }

    /// All problems, in the order of the lines.
    pub(super) fn into_problems(mut self) -> Vec<Problem> {
        self.found.problems.sort();
        self.found.problems
    }

    /// All known keys, in the order of the sections.
    pub(super) fn into_keys(mut self) -> Vec<Key> {
        let place = |key: &Key| self.sections.iter().position(|name| *name == key.section);
        self.found.keys.sort_by_key(place);
        self.found.keys
    }
}

impl Found {
    /// The table that `value` must be.
    fn table<'i>(&mut self, name: &str, line: usize, value: DeValue<'i>) -> DeTable<'i> {
        if let DeValue::Table(table) = value {
            return table;
        }
        let what = format!("is a section: write [{name}] on a line of its own");
        self.problems.push(Problem { line, key: name.to_owned(), what });
        DeTable::new()
    }

    fn unknown_key(&self, unknown: &Unknown) -> String {
        let (section, name) = (unknown.section, unknown.name.as_str());
        if let Some(other) = self.keys.iter().find(|key| key.name == name) {
            return format!("there is no such key here; it belongs under [{}]", other.section);
        }
        let names = self.keys.iter().filter(|key| key.section == section).map(|key| key.name);
        let names: Vec<_> = names.collect();
        let hint = nearest(name, &names).map(|near| format!("; did you mean \"{near}\"?"));
        let hint = hint.unwrap_or_else(|| ".".to_owned());
        format!("there is no such key{hint} Allowed in [{section}]: {}", names.join(", "))
    }

    fn unknown_inner(&self, unknown: &Unknown) -> String {
        let parent = format!("{}.", unknown.section);
        let inner = self.inner.iter().copied().filter(|name| name.starts_with(&parent));
        let inner: Vec<_> = inner.collect();
        match inner.is_empty() {
            true => format!("there is no such key, and no section inside of [{}]", unknown.section),
            false => unknown_section(&format!("{parent}{}", unknown.name), &inner),
        }
    }
}

fn unknown_section(name: &str, known: &[&str]) -> String {
    let near = nearest(name, known).map(|near| format!("; did you mean [{near}]?"));
    let hint = near.unwrap_or_else(|| ".".to_owned());
    format!("there is no such section{hint} Allowed: [{}]", known.join("], ["))
}

impl<'i> Section<'_, 'i> {
    /// Has `take` read keys, and records those it did not ask for.
    fn take_all(
        name: &'static str,
        text: &'i str,
        line: usize,
        table: DeTable<'i>,
        found: &mut Found,
        take: impl FnOnce(&mut Section<'_, 'i>),
    ) {
        let mut section = Section { name, text, line, table, lines: Vec::new(), found };
        take(&mut section);
        for (key, value) in std::mem::take(&mut section.table) {
            section.found.unknown.push(Unknown {
                line: line_of(text, key.span().start),
                section: name,
                name: key.get_ref().to_string(),
                is_section: matches!(value.get_ref(), DeValue::Table(_)),
            });
        }
    }

    /// Has `take` read a subsection, if the file has it.
    pub(super) fn inner(
        &mut self,
        name: &'static str,
        whole_name: &'static str,
        take: impl FnOnce(&mut Section<'_, 'i>),
    ) {
        if !self.found.inner.contains(&whole_name) {
            self.found.inner.push(whole_name);
        }
        let Some((key, value)) = self.table.remove_entry(name) else { return };
        let line = line_of(self.text, key.span().start);
        let table = self.found.table(whole_name, line, value.into_inner());
        Section::take_all(whole_name, self.text, line, table, self.found, take);
    }

    /// As [`Section::inner`], but makes its keys known even when the file does not have it.
    pub(super) fn inner_always(
        &mut self,
        name: &'static str,
        whole_name: &'static str,
        take: impl FnOnce(&mut Section<'_, 'i>),
    ) {
        if !self.table.contains_key(name) {
            Section::take_all(whole_name, self.text, self.line, DeTable::new(), self.found, take);
        } else {
            self.inner(name, whole_name, take);
        }
    }

    /// The line of the key `name`, or of the section if the file does not have it.
    pub(super) fn line(&self, name: &str) -> usize {
        let found = self.lines.iter().find(|(key, _)| *key == name);
        found.map_or(self.line, |(_, line)| *line)
    }

    /// An integer.
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

    /// An integer number of seconds.
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

    /// A size in bytes: an integer, or a string with a unit.
    pub(super) fn size(&mut self, name: &'static str, field: &mut u64, range: RangeInclusive<u64>) {
        let (least, most) = (size::format(*range.start()), size::format(*range.end()));
        let allowed = format!("a size from {least} to {most}, in bytes or as \"64 MiB\"");
        let default = Some(format!("\"{}\"", size::format(*field)));
        self.take(name, allowed, default, field, |value| {
            let bytes = if let DeValue::String(text) = value {
                size::parse(text)
            } else {
                integer(value).and_then(|number| u64::try_from(number).ok())
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

    /// A string that `parse` accepts; `allowed` describes it.
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

    /// A path, relative to `folder`.
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
        self.take(name, allowed, Some(format!("[\"{default}\"]")), field, |value| {
            let DeValue::Array(list) = value else { return Ok(vec![read(value)?]) };
            if list.is_empty() {
                return Err("an empty list".to_owned());
            }
            list.iter().map(|one| read(one.get_ref())).collect()
        });
    }

    /// One address.
    pub(super) fn address(&mut self, name: &'static str, field: &mut Option<ListenAddress>) {
        self.take(name, address::PUBLIC.to_owned(), None, field, |value| {
            let address = value.as_str().and_then(|text| text.parse::<ListenAddress>().ok());
            address.filter(|address| address.port() != 0).map(Some).ok_or_else(|| shown(value))
        });
    }

    /// An optional IP address and port.
    pub(super) fn socket_address(&mut self, name: &'static str, field: &mut Option<SocketAddr>) {
        let allowed = "IP:PORT, such as 127.0.0.1:9464 or [::1]:9464";
        self.take(name, allowed.to_owned(), None, field, |value| {
            let address = value.as_str().and_then(|text| text.parse().ok());
            address.map(Some).ok_or_else(|| shown(value))
        });
    }

    /// One string that `parse` accepts, or a list of them; `allowed` describes one.
    pub(super) fn texts(
        &mut self,
        name: &'static str,
        field: &mut Vec<String>,
        allowed: &str,
        parse: fn(&str) -> Option<String>,
    ) {
        let allowed = format!("{allowed}, or a list of them");
        let read = |value: &DeValue<'_>| value.as_str().and_then(parse).ok_or_else(|| shown(value));
        self.take(name, allowed, None, field, |value| {
            let DeValue::Array(list) = value else { return Ok(vec![read(value)?]) };
            list.iter().map(|one| read(one.get_ref())).collect()
        });
    }

    /// An `https://` URL.
    pub(super) fn url(&mut self, name: &'static str, field: &mut String) {
        let default = Some(format!("\"{field}\""));
        self.take(name, "an https:// address".to_owned(), default, field, |value| {
            let url = value.as_str().filter(|url| {
                url.strip_prefix("https://").is_some_and(|rest| !rest.is_empty())
                    && url.bytes().all(|byte| byte.is_ascii_graphic())
            });
            url.map(str::to_owned).ok_or_else(|| shown(value))
        });
    }

    /// A boolean.
    pub(super) fn flag(&mut self, name: &'static str, field: &mut bool) {
        let default = Some(field.to_string());
        self.take(name, "true or false".to_owned(), default, field, |value| {
            value.as_bool().ok_or_else(|| shown(value))
        });
    }

    /// Reports a problem with a key whose value may be valid by itself.
    pub(super) fn problem(&mut self, name: &'static str, what: &str) {
        let key = format!("{}.{name}", self.name);
        self.found.problems.push(Problem { line: self.line(name), key, what: what.to_owned() });
    }

    /// Makes a key known and, if the file holds it, writes the result of `read` to `field`. `read`
    /// fails with a description of the value.
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
        // Known already from the same section of another service.
        if !self.found.keys.iter().any(|known| known.section == key.section && known.name == name) {
            self.found.keys.push(key);
        }
    }
}

/// An integer value; TOML also has 0x, 0o, 0b and `_`.
fn integer(value: &DeValue<'_>) -> Option<i64> {
    let integer = value.as_integer()?;
    i64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

/// A value in an error message: itself if short, else its type.
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
