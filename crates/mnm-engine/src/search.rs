//! Search text: a person's words become a query of the full-text index, and a marked excerpt
//! becomes safe HTML.

use std::collections::HashSet;

/// Precedes a found word in an excerpt: private-use characters, which mean nothing in a text.
pub(crate) const OPEN: char = '\u{e000}';
/// Follows a found word.
pub(crate) const CLOSE: char = '\u{e001}';

/// Longest word of a query, bytes; longer ones are ignored.
const WORD_BYTES_MAX: usize = 100;
/// Most parts of all words of a query: the cost per message grows with their number and
/// occurrences.
const PARTS_MAX: usize = 16;

/// A query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Each word as a literal phrase; all must occur, the last as a prefix.
    pub phrases: String,
    /// Each part of each word by itself. Whatever matches the phrases matches this too, and the
    /// index answers it without comparing positions.
    pub parts: String,
    /// Number of parts in the phrases.
    pub count: usize,
    /// Number of phrases with several parts: their positions may overlap.
    pub composed: usize,
}

/// The query for `words`. Repeated words count once; words after the first `PARTS_MAX` parts are
/// ignored. None if nothing is left.
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

/// A word split where the index certainly splits it. It may split at rarer characters too: then a
/// part is a phrase.
fn split(word: &str) -> impl Iterator<Item = &str> {
    let parts = |c: char| {
        (c.is_ascii() && !c.is_ascii_alphanumeric()) || ('\u{2010}'..='\u{205e}').contains(&c)
    };
    // A part of punctuation only has no entry in the index.
    word.split(parts).filter(|part| part.chars().any(char::is_alphanumeric))
}

/// Most parts that the index may make of one of ours.
fn weight(part: &str) -> usize {
    let inside = |c: char| {
        c.is_alphanumeric() || matches!(c, '\u{300}'..='\u{36f}' | '\u{e000}'..='\u{f8ff}')
    };
    part.split(|c| !inside(c)).filter(|run| !run.is_empty()).count()
}

/// In quotes, where operators of the query language have no meaning; a part contains none.
fn quoted(part: &str) -> String {
    format!("\"{part}\"")
}

/// HTML of an excerpt: everything escaped, found words between `<mark>` and `</mark>`. Private-use
/// characters in the text itself can produce no other tag and leave none open.
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
