//! Link definitions, `[label]: address`, which Markdown hides: only those that a link uses are
//! taken as such. Any other line like `[Ada]: yes` is shown as text.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use pulldown_cmark::{Event, LinkType, RefDefs, Tag, TagEnd};

use super::parser::parser;

/// Passes over a text. Escaping a definition may change how the following lines are parsed.
const ROUNDS_MAX: usize = 3;

/// The text with all unused definitions escaped, so that they are shown as typed.
pub(super) fn only_used(text: &str) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(text);
    for _ in 0..ROUNDS_MAX {
        let unused = if text.contains("]:") { unused(&text) } else { Vec::new() };
        if unused.is_empty() {
            break;
        }
        let mut escaped = String::with_capacity(text.len() + unused.len());
        let mut done = 0;
        for at in unused {
            escaped.push_str(text.get(done..at).unwrap_or_default());
            escaped.push('\\');
            done = at;
        }
        escaped.push_str(text.get(done..).unwrap_or_default());
        text = Cow::Owned(escaped);
    }
    text
}

/// Positions of the definitions that no link uses, and of those with a duplicate label.
fn unused(text: &str) -> Vec<usize> {
    let mut events = parser(text);
    if events.reference_definitions().iter().next().is_none() {
        return Vec::new();
    }
    let (mut used, mut starts, mut covered) = (HashSet::new(), Vec::new(), 0);
    while let Some((event, range)) = events.next() {
        used.extend(used_by(&event, events.reference_definitions()));
        if !contains_blocks(&event) {
            // Definitions lie where the parser emits nothing.
            starts.extend(brackets(text, covered..range.start));
            covered = covered.max(range.end);
        }
    }
    starts.extend(brackets(text, covered..text.len()));
    starts.retain(|at| !used.contains(at));
    starts
}

/// Position of the definition that a link or an image uses.
fn used_by(event: &Event<'_>, definitions: &RefDefs<'_>) -> Option<usize> {
    let Event::Start(Tag::Link { link_type, id, .. } | Tag::Image { link_type, id, .. }) = event
    else {
        return None;
    };
    match link_type {
        LinkType::Reference | LinkType::Collapsed | LinkType::Shortcut => {
            definitions.get(id).map(|definition| definition.span.start)
        }
        LinkType::Inline
        | LinkType::ReferenceUnknown
        | LinkType::CollapsedUnknown
        | LinkType::ShortcutUnknown
        | LinkType::Autolink
        | LinkType::Email
        | LinkType::WikiLink { .. } => None,
    }
}

/// Whether it can contain definitions.
fn contains_blocks(event: &Event<'_>) -> bool {
    matches!(
        event,
        Event::Start(Tag::BlockQuote(_) | Tag::List(_) | Tag::Item)
            | Event::End(TagEnd::BlockQuote(_) | TagEnd::List(_) | TagEnd::Item)
    )
}

/// Brackets that open a line in a part of the text, after the marks of quotes and lists.
fn brackets(text: &str, part: Range<usize>) -> Vec<usize> {
    let is_mark = |c: char| c.is_ascii_digit() || " \t>*+-.)".contains(c);
    let mut at = part.start;
    let mut brackets = Vec::new();
    for line in text.get(part).unwrap_or_default().split_inclusive(['\n', '\r']) {
        let rest = line.trim_start_matches(is_mark);
        if rest.starts_with('[') {
            brackets.push(at + line.len() - rest.len());
        }
        at += line.len();
    }
    brackets
}
