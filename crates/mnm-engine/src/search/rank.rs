//! Rank of a message among those in which all words of a query stand: BM25, by its texts alone.
//!
//! How rare a word is does not count: all words occur in all of these messages, and to know it the index
//! would have to read each match of each word in the whole home.

use super::excerpt::stands_at;
use super::query::Query;
use super::token::tokens;

/// How much further occurrences of a phrase add, and how much the length of a message takes away: the
/// usual values.
const SATURATION: f64 = 1.2;
const LENGTH_SHARE: f64 = 0.75;
/// Tokens of a message that is neither short nor long.
const USUAL_TOKENS: f64 = 50.0;

/// How well texts of a message fit a query: greater is better.
pub(crate) fn rank(texts: &[&str], query: &Query) -> f64 {
    let mut counts = vec![0_u32; query.phrases.len()];
    let mut length = 0_u32;
    for text in texts {
        let tokens = tokens(text);
        length = length.saturating_add(u32::try_from(tokens.len()).unwrap_or(u32::MAX));
        for at in 0..tokens.len() {
            for (count, phrase) in counts.iter_mut().zip(&query.phrases) {
                *count += u32::from(stands_at(&tokens, at, phrase).is_some());
            }
        }
    }
    let share = 1.0 - LENGTH_SHARE + LENGTH_SHARE * f64::from(length) / USUAL_TOKENS;
    let part = |count| {
        let count = f64::from(count);
        count * (SATURATION + 1.0) / (count + SATURATION * share)
    };
    counts.into_iter().map(part).sum()
}

#[cfg(test)]
#[path = "rank_tests.rs"]
mod tests;
