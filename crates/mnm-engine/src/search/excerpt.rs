//! Excerpt of a text around the matches, which are highlighted.

use super::query::Query;
use super::token::{Token, is_pair, tokens};
use crate::view::Phrase;

/// Precedes a found word in an excerpt: private-use characters, which mean nothing in a text.
pub(crate) const OPEN: char = '\u{e000}';
/// Follows a found word.
pub(crate) const CLOSE: char = '\u{e001}';

/// Bytes in which as many of the words as possible are to stand, and bytes that are shown, of them
/// before the first word.
const NEAR_BYTES: usize = 160;
const SHOWN_BYTES: usize = 240;
const SHOWN_BEFORE: usize = 60;

/// A place in a text where a phrase stands.
#[derive(Debug, Clone, Copy)]
struct Hit {
    start: usize,
    end: usize,
    phrase: usize,
}

/// The passage of a text in which most of the words of a query stand near each other, with marks.
/// None if none of them stands in it.
pub(crate) fn passage(text: &str, query: &Query) -> Option<String> {
    let hits = hits(text, query);
    let best = best(&hits)?;
    let begin = text.floor_char_boundary(best.start.saturating_sub(SHOWN_BEFORE));
    let end = text.floor_char_boundary((begin + SHOWN_BYTES).max(best.end).min(text.len()));
    let mut passage = String::from(if begin > 0 { "…" } else { "" });
    let mut at = begin;
    for hit in hits.iter().filter(|hit| hit.start >= begin && hit.end <= end) {
        if hit.end <= at {
            continue;
        }
        // Overlapping matches are one mark.
        let start = hit.start.max(at);
        let continues = start == at && passage.ends_with(CLOSE);
        if continues {
            passage.pop();
        } else {
            passage.push_str(text.get(at..start).unwrap_or_default());
            passage.push(OPEN);
        }
        passage.push_str(text.get(start..hit.end).unwrap_or_default());
        passage.push(CLOSE);
        at = hit.end;
    }
    passage.push_str(text.get(at..end).unwrap_or_default());
    if end < text.len() {
        passage.push('…');
    }
    Some(passage)
}

/// Whether a phrase stands in a text.
pub(crate) fn has(text: &str, phrase: &Phrase) -> bool {
    let tokens = tokens(text);
    (0..tokens.len()).any(|at| stands_at(&tokens, at, phrase).is_some())
}

/// Where the phrases of a query stand, in order.
fn hits(text: &str, query: &Query) -> Vec<Hit> {
    let tokens = tokens(text);
    let mut hits = Vec::new();
    for at in 0..tokens.len() {
        for (number, phrase) in query.phrases.iter().enumerate() {
            if let Some((start, end)) = stands_at(&tokens, at, phrase) {
                hits.push(Hit { start, end, phrase: number });
            }
        }
    }
    hits
}

/// Where a phrase begins and ends that begins with this token.
pub(super) fn stands_at(tokens: &[Token], at: usize, phrase: &Phrase) -> Option<(usize, usize)> {
    let (last, rest) = phrase.tokens.split_last()?;
    let found = tokens.get(at..at + phrase.tokens.len())?;
    let (found_last, found_rest) = found.split_last()?;
    let same = found_rest.iter().zip(rest).all(|(found, token)| found.text == *token);
    let ends = match phrase.is_open {
        true => found_last.text.starts_with(last.as_str()),
        false => found_last.text == *last,
    };
    if !same || !ends {
        return None;
    }
    let start = found.first()?.start;
    // The last token is a bigram, and the query has only its first character: mark that one.
    let is_half = found_last.text.len() > last.len() && found_last.text.starts_with(is_pair);
    let end = if is_half { found_last.start + found_last.first_bytes } else { found_last.end };
    Some((start, end))
}

/// The first of those hits that have most others near them.
fn best(hits: &[Hit]) -> Option<Hit> {
    let mut best = None;
    let mut most = 0;
    for (at, first) in hits.iter().enumerate() {
        let mut seen = 0_u32;
        for hit in hits[at..].iter().take_while(|hit| hit.end <= first.start + NEAR_BYTES).take(64)
        {
            seen |= 1 << (hit.phrase % 32);
        }
        if seen.count_ones() > most || best.is_none() {
            (best, most) = (Some(*first), seen.count_ones());
        }
    }
    best
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
#[path = "excerpt_tests.rs"]
mod tests;
