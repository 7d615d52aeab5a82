//! Lexer of queries: words as they are typed, and their tokens in the index.

use super::token::{Role, Token, tokens};
use crate::view::Phrase;

/// A word as it was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// Up to the colon, in lower case, where there is one before any quote.
    pub(super) key: Option<String>,
    /// The rest, without quotes.
    pub(super) value: String,
    /// All of it, without quotes.
    pub(super) text: String,
    /// Whether it stands in quotes.
    pub(super) quoted: bool,
}

/// Parts words at spaces outside of quotes.
pub(super) fn split(words: &str) -> Vec<Word> {
    let (mut all, mut in_quotes, mut begun) = (Vec::new(), false, false);
    let (mut text, mut key, mut quoted) = (String::new(), None, false);
    for c in words.chars().chain([' ']) {
        match c {
            '"' => {
                in_quotes = !in_quotes;
                quoted |= !begun;
                begun = true;
            }
            _ if c.is_whitespace() && !in_quotes => {
                if begun {
                    let value =
                        text.get(key.map_or(0, |at| at + 1)..).unwrap_or_default().to_owned();
                    let key = key.and_then(|at| text.get(..at)).map(str::to_lowercase);
                    all.push(Word { key, value, text: std::mem::take(&mut text), quoted });
                }
                (key, quoted, begun) = (None, false, false);
                text.clear();
            }
            _ => {
                if c == ':' && !in_quotes && key.is_none() && !quoted {
                    key = Some(text.len());
                }
                text.push(c);
                begun = true;
            }
        }
    }
    // A quote that is not closed goes to the end.
    if in_quotes && !text.trim().is_empty() {
        let value = text.get(key.map_or(0, |at| at + 1)..).unwrap_or_default().trim().to_owned();
        let key = key.and_then(|at| text.get(..at)).map(str::to_lowercase);
        all.push(Word { key, value, text: text.trim().to_owned(), quoted });
    }
    all
}

/// The phrase of a word; none if the index has nothing of it.
pub(super) fn phrase(word: &str, is_last: bool) -> Option<Phrase> {
    let mut found = tokens(word);
    // A run may go on in the text.
    if found.last().is_some_and(|last| last.role == Role::Closing) {
        found.pop();
    }
    let is_open = is_last || found.last().is_some_and(|last| last.role == Role::Alone);
    let tokens: Vec<String> = found.into_iter().map(|Token { text, .. }| text).collect();
    (!tokens.is_empty()).then_some(Phrase { tokens, is_open })
}
