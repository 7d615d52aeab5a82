//! From the words a person types to a query of the full-text index, and from its marked excerpt to
//! HTML that may be shown.

/// Stands before a found word in an excerpt: private-use characters, which mean nothing in a text.
pub(crate) const OPEN: char = '\u{e000}';
/// Stands after a found word.
pub(crate) const CLOSE: char = '\u{e001}';

/// Words of a query at most, and bytes of each; more finds nothing more.
const WORDS_MAX: usize = 32;
const WORD_BYTES_MAX: usize = 100;

/// The query for `words`: each as a literal phrase, all must occur, the last may be a beginning.
/// None when there is nothing to look for.
pub fn query(words: &str) -> Option<String> {
    let mut phrases: Vec<String> = words
        .split_whitespace()
        // A word of punctuation only has no entry in the index.
        .filter(|word| word.len() <= WORD_BYTES_MAX && word.chars().any(char::is_alphanumeric))
        .take(WORDS_MAX)
        .map(phrase)
        .collect();
    phrases.last_mut()?.push('*');
    Some(phrases.join(" "))
}

/// A word as a phrase in quotes, in which no operator of the query language has a meaning.
fn phrase(word: &str) -> String {
    let literal: String = word.chars().filter(|&c| c != '\0').collect();
    format!("\"{}\"", literal.replace('"', "\"\""))
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
