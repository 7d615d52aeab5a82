//! Query of a search: what a person types becomes phrases for the full-text index, and conditions.

use std::collections::HashSet;

use super::operator::{self, Condition};
use super::word::{phrase, split};
use crate::view::Phrase;

/// Most tokens of a query: the cost per message grows with their number and occurrences.
const TOKENS_MAX: usize = 16;
/// Most conditions of a query.
const CONDITIONS_MAX: usize = 8;

/// A query.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Query {
    /// Phrases that all have to occur.
    pub(crate) phrases: Vec<Phrase>,
    /// Conditions that all have to hold.
    pub(crate) conditions: Vec<Condition>,
}

impl Query {
    /// The query that these words mean. Words in quotes are one phrase; the last word may be a
    /// beginning; `from:`, `in:`, `has:`, `before:` and `after:` are conditions. Repeated words
    /// count once, and those after [`TOKENS_MAX`] tokens are ignored. None if nothing is left.
    pub(crate) fn new(words: &str) -> Option<Self> {
        let (mut query, mut seen, mut count) = (Self::default(), HashSet::new(), 0);
        let words = split(words);
        let last = words.iter().rposition(|word| operator::parse(word).is_none());
        for (at, word) in words.iter().enumerate() {
            if let Some(condition) = operator::parse(word) {
                if query.conditions.len() < CONDITIONS_MAX {
                    query.conditions.push(condition);
                }
                continue;
            }
            let is_last = Some(at) == last && !word.quoted;
            let Some(mut phrase) = phrase(&word.text, is_last) else { continue };
            let room = TOKENS_MAX - count;
            if phrase.tokens.len() > room {
                phrase.tokens.truncate(room);
                phrase.is_open = false;
            }
            if !phrase.tokens.is_empty() && seen.insert(phrase.clone()) {
                count += phrase.tokens.len();
                query.phrases.push(phrase);
            }
        }
        (!query.phrases.is_empty() || !query.conditions.is_empty()).then_some(query)
    }

    /// Each word as a literal phrase, for the index.
    pub(crate) fn phrases(&self) -> String {
        let phrase = |phrase: &Phrase| {
            let open = if phrase.is_open { "*" } else { "" };
            format!("\"{}\"{open}", phrase.tokens.join(" "))
        };
        self.phrases.iter().map(phrase).collect::<Vec<_>>().join(" ")
    }

    /// Each token by itself. Whatever matches the phrases matches this too, and the index answers
    /// it without comparing positions.
    pub(crate) fn parts(&self) -> String {
        let (mut parts, mut seen) = (Vec::new(), HashSet::new());
        for phrase in &self.phrases {
            for (at, token) in phrase.tokens.iter().enumerate() {
                let is_open = phrase.is_open && at + 1 == phrase.tokens.len();
                let part = format!("\"{token}\"{}", if is_open { "*" } else { "" });
                if seen.insert(part.clone()) {
                    parts.push(part);
                }
            }
        }
        parts.join(" ")
    }

    /// Whether a message with all tokens has all phrases.
    pub(crate) fn is_of_single_tokens(&self) -> bool {
        self.phrases.iter().all(|phrase| phrase.tokens.len() == 1)
    }

    /// Number of tokens in the phrases.
    pub(crate) fn count(&self) -> usize {
        self.phrases.iter().map(|phrase| phrase.tokens.len()).sum()
    }
}

#[cfg(test)]
#[path = "query_tests.rs"]
mod tests;
