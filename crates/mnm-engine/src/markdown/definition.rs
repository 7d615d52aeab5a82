//! Definitions of links, `[label]: address`, of which Markdown shows nothing: only those that a link uses
//! are taken as such. A line like `[Ada]: yes` is a text like any other.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use pulldown_cmark::{Event, LinkType, RefDefs, Tag, TagEnd};

use super::source::parser;

/// Times that a text is looked through. What follows a definition may be read otherwise once that is text.
const ROUNDS_MAX: usize = 3;

/// The text with all other definitions escaped, so that they are shown as they were typed.
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

/// Where the definitions begin that no link uses, and those whose label another has taken.
fn unused(text: &str) -> Vec<usize> {
    let mut events = parser(text);
    if events.reference_definitions().iter().next().is_none() {
        return Vec::new();
    }
    let (mut used, mut starts, mut covered) = (HashSet::new(), Vec::new(), 0);
    while let Some((event, range)) = events.next() {
        used.extend(used_by(&event, events.reference_definitions()));
        if !contains_blocks(&event) {
            // Definitions stand where nothing comes of the text.
            starts.extend(brackets(text, covered..range.start));
            covered = covered.max(range.end);
        }
    }
    starts.extend(brackets(text, covered..text.len()));
    starts.retain(|at| !used.contains(at));
    starts
}

/// Where the definition begins that a link or an image uses.
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

/// Whether definitions can stand inside.
fn contains_blocks(event: &Event<'_>) -> bool {
    matches!(
        event,
        Event::Start(Tag::BlockQuote(_) | Tag::List(_) | Tag::Item)
            | Event::End(TagEnd::BlockQuote(_) | TagEnd::List(_) | TagEnd::Item)
    )
}

/// The brackets in a part of the text that open a line, behind the marks of quotes and lists.
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
