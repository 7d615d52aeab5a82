//! Search text: the words a person types become a query of the full-text index, and its marked excerpt becomes
//! HTML that may be shown.

use std::collections::HashSet;

/// Stands before a found word in an excerpt: private-use characters, which mean nothing in a text.
pub(crate) const OPEN: char = '\u{e000}';
/// Stands after a found word.
pub(crate) const CLOSE: char = '\u{e001}';

/// Bytes of a word of a query at most; a longer one is passed over.
const WORD_BYTES_MAX: usize = 100;
/// Parts of all words of a query together that are looked for: what a message costs grows with their
/// number and with the places where they occur.
const PARTS_MAX: usize = 16;

/// What is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Each word as a literal phrase, all must occur, the last may be a beginning.
    pub phrases: String,
    /// Each part of each word for itself. Whatever fits the phrases fits this as well, and the index
    /// answers it without looking at the places in a message.
    pub parts: String,
    /// How many parts the phrases have.
    pub count: usize,
    /// How many of the phrases have several parts: their places may overlap.
    pub composed: usize,
}

/// The query for `words`. What stands there twice counts once, and of many words the first that have
/// `PARTS_MAX` parts. None when there is nothing to look for.
pub fn query(words: &str) -> Option<Query> {
    let (mut phrases, mut parts) = (Vec::<Vec<&str>>::new(), Vec::<&str>::new());
    let mut seen = HashSet::new();
    let mut count = 0;
    for word in words.split_whitespace().filter(|word| word.len() <= WORD_BYTES_MAX) {
        let mut end = count;
        let phrase: Vec<&str> = split(word)
            .take_while(|part| {
                end += weight(part);
                end <= PARTS_MAX
            })
            .collect();
        let folded: Vec<String> = phrase.iter().map(|part| part.to_lowercase()).collect();
        if !phrase.is_empty() && seen.insert(folded) {
            count += phrase.iter().map(|part| weight(part)).sum::<usize>();
            parts.extend(&phrase);
            phrases.push(phrase);
        }
        if end > PARTS_MAX {
            break;
        }
    }
    let last = *parts.last()?;
    let mut known = HashSet::new();
    parts.retain(|part| *part != last && known.insert(*part));
    let composed = phrases.iter().filter(|phrase| phrase.len() > 1).count();
    let phrases: Vec<String> = phrases.iter().map(|phrase| quoted(&phrase.join(" "))).collect();
    let parts: Vec<String> = parts.into_iter().chain([last]).map(quoted).collect();
    let open = |all: Vec<String>| format!("{}*", all.join(" "));
    Some(Query { phrases: open(phrases), parts: open(parts), count, composed })
}

/// A word where the index parts it for certain. It may part it at rarer characters too: then a part is
/// a phrase.
fn split(word: &str) -> impl Iterator<Item = &str> {
    let parts = |c: char| {
        (c.is_ascii() && !c.is_ascii_alphanumeric()) || ('\u{2010}'..='\u{205e}').contains(&c)
    };
    // One of punctuation only has no entry in the index.
    word.split(parts).filter(|part| part.chars().any(char::is_alphanumeric))
}

/// Parts that the index may make of one of ours, at most.
fn weight(part: &str) -> usize {
    let inside = |c: char| {
        c.is_alphanumeric() || matches!(c, '\u{300}'..='\u{36f}' | '\u{e000}'..='\u{f8ff}')
    };
    part.split(|c| !inside(c)).filter(|run| !run.is_empty()).count()
}

/// In quotes, in which no operator of the query language has a meaning; there are none in a part.
fn quoted(part: &str) -> String {
    format!("\"{part}\"")
}

/// HTML of an excerpt: everything escaped, found words between `<mark>` and `</mark>`. Marks that a
/// text brought along itself can make no other tag and leave none open.
pub fn mark(excerpt: &str) -> String {
    let mut html = String::with_capacity(excerpt.len() + 32);
    let mut open = false;
    for c in excerpt.chars() {
        match c {
            OPEN if !open => {
                html.push_str("<mark>");
                open = true;
            }
            CLOSE if open => {
                html.push_str("</mark>");
                open = false;
            }
            OPEN | CLOSE => {}
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            _ => html.push(c),
        }
    }
    if open {
        html.push_str("</mark>");
    }
    html
}

#[cfg(test)]
#[path = "search/search_tests.rs"]
mod tests;
