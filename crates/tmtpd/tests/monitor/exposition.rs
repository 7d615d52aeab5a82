//! A strict reader of the text format, written from its description: whatever it does not know is
//! a mistake.

use std::collections::{BTreeMap, BTreeSet};

/// Every value of a page, by name and labels as they are written: `name{a="b"}`.
#[derive(Debug)]
pub(crate) struct Page {
    values: BTreeMap<String, f64>,
    /// The type of each family.
    pub(crate) kinds: BTreeMap<String, String>,
}

impl Page {
    pub(crate) fn parse(text: &str) -> Self {
        assert!(text.ends_with('\n'), "the last line has no end");
        let mut page = Self { values: BTreeMap::new(), kinds: BTreeMap::new() };
        let mut family = String::new();
        let mut helped = BTreeSet::new();
        for line in text.lines() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                let (name, words) = help.split_once(' ').unwrap();
                assert!(words.ends_with('.'), "help is a sentence: {line}");
                assert!(helped.insert(name.to_owned()), "two families {name}");
            } else if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (name, kind) = kind.split_once(' ').unwrap();
                assert!(helped.contains(name) && is_name(name), "{line}");
                assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
                assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
                page.kinds.insert(name.to_owned(), kind.to_owned());
                family = name.to_owned();
            } else {
                page.value(&family, line);
            }
        }
        page.check_histograms();
        page
    }

    fn value(&mut self, family: &str, line: &str) {
        let (key, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = key.split_once('{').unwrap_or((key, "}"));
        let suffix = name.strip_prefix(family).unwrap_or_else(|| panic!("outside: {line}"));
        let suffixes: &[&str] = match self.kinds[family].as_str() {
            "histogram" => &["_bucket", "_sum", "_count"],
            _ => &[""],
        };
        assert!(suffixes.contains(&suffix), "{line}");
        let mut rest = labels.strip_suffix('}').unwrap();
        while !rest.is_empty() {
            let (label, after) = rest.split_once("=\"").unwrap();
            assert!(is_name(label), "{line}");
            let end = end_of_value(after);
            rest = after[end + 1..].strip_prefix(',').unwrap_or(&after[end + 1..]);
        }
        let value = value.parse().unwrap_or_else(|_| panic!("no number: {line}"));
        assert!(self.values.insert(key.to_owned(), value).is_none(), "twice: {line}");
    }

    /// Steps rise up to the count.
    fn check_histograms(&self) {
        for (name, _) in self.kinds.iter().filter(|(_, kind)| *kind == "histogram") {
            let steps = format!("{name}_bucket{{");
            let mut by_service: BTreeMap<&str, Vec<(f64, f64)>> = BTreeMap::new();
            for (key, count) in self.values.iter().filter(|(key, _)| key.starts_with(&steps)) {
                let (service, bound) = key[steps.len()..].split_once(",le=\"").unwrap();
                let bound = bound.trim_end_matches("\"}");
                let bound = if bound == "+Inf" { f64::INFINITY } else { bound.parse().unwrap() };
                by_service.entry(service).or_default().push((bound, *count));
            }
            for (service, mut steps) in by_service {
                steps.sort_by(|a, b| a.0.total_cmp(&b.0));
                assert!(steps.is_sorted_by_key(|(_, count)| *count), "{name} {steps:?}");
                let count = self.of(&format!("{name}_count{{{service}}}"));
                assert_eq!(steps.last(), Some(&(f64::INFINITY, count)), "{name}");
            }
        }
    }

    /// The value of `name{labels}`.
    pub(crate) fn of(&self, key: &str) -> f64 {
        *self.values.get(key).unwrap_or_else(|| panic!("no {key} in {:#?}", self.values))
    }
}

/// Where the value of a label ends, its escapes passed over.
fn end_of_value(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, character) in text.char_indices() {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return at,
            _ => {}
        }
    }
    panic!("a label's value does not end: {text}")
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}
