//! Rules for short texts: aliases, labels, subjects, ping texts.

use tmtp::text::{
    Heap, NAME_MAX_BYTES, NAME_MIN_BYTES, NameError, check_name, is_joiner, joins, without_heaps,
};

use super::Result;
use crate::error::VaultError;

/// Longest label or name from outside, bytes.
const LABEL_BYTES_MAX: usize = 255;
/// Longest ping text, UTF-16 units and bytes (the protocol's rule).
const PING_UNITS_MAX: usize = 140;
const PING_BYTES_MAX: usize = 420;

/// Whether a character is invisible or reverses the direction of what follows, so that a name with
/// it can look like another.
pub(super) fn is_deceptive(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}')
}

/// Checks a name that a service is asked to grant; `what` names it in the error.
pub(super) fn check_new_name(what: &str, name: &str) -> Result<()> {
    let why = match check_name(name) {
        Ok(()) => return Ok(()),
        Err(NameError::TooShort | NameError::TooLong) => return check_name_length(what, name),
        Err(NameError::Replaced | NameError::NotPrintable) => {
            "holds an invisible character. Type it anew with letters, digits, punctuation and spaces only."
        }
        Err(NameError::Spaces) => {
            "begins or ends with a space, or has two in a row. Put single spaces between words only."
        }
        Err(NameError::Marks) => {
            "has an accent without a letter, or too many on one. Type it anew."
        }
        Err(NameError::Tag) => {
            "ends with # and what could begin an id, as this app ends names that several have. Choose another."
        }
        Err(NameError::Uid) => "looks like the id of an account. Choose another.",
    };
    Err(VaultError::Invalid(format!("{what} {why}")))
}

/// Checks a name that a service may have granted by other rules.
pub(super) fn check_old_name(what: &str, name: &str) -> Result<()> {
    check_name_length(what, name)?;
    if name.chars().any(char::is_control) {
        return Err(VaultError::Invalid(format!(
            "{what} holds an invisible character. Type it anew."
        )));
    }
    Ok(())
}

fn check_name_length(what: &str, name: &str) -> Result<()> {
    let length = name.len();
    if (NAME_MIN_BYTES..=NAME_MAX_BYTES).contains(&length) {
        return Ok(());
    }
    Err(VaultError::Invalid(format!(
        "{what} has {length} bytes; it must have {NAME_MIN_BYTES} to {NAME_MAX_BYTES} (a plain letter is one byte). Choose another."
    )))
}

/// Checks the text of a ping or invitation.
pub(super) fn check_ping(text: &str) -> Result<()> {
    let units = text.encode_utf16().count();
    if units > PING_UNITS_MAX || text.len() > PING_BYTES_MAX {
        return Err(VaultError::TooLarge(format!(
            "The text has {units} characters ({} bytes); a ping carries at most {PING_UNITS_MAX} ({PING_BYTES_MAX} bytes). Shorten it.",
            text.len()
        )));
    }
    if text.chars().any(|c| c.is_control() && c != '\n') {
        return Err(VaultError::Invalid(
            "The text holds a control character; a ping is plain text. Remove it.".into(),
        ));
    }
    Ok(())
}

/// A received ping text for display.
pub(super) fn clean_ping(text: &str) -> String {
    let (mut units, mut heap) = (0, Heap::default());
    text.chars()
        // Joiners are part of the spelling, and of composed emoji.
        .filter(|&c| c == '\n' || is_joiner(c) || !(c.is_control() || is_deceptive(c)))
        .filter(|&c| heap.admits(c))
        .take_while(|c| {
            units += c.len_utf16();
            units <= PING_UNITS_MAX
        })
        .collect()
}

/// A received label, alias or name, on one line, at most 255 bytes.
pub(super) fn clean_label(text: &str) -> String {
    let clean: String = text
        .char_indices()
        .filter(|&(at, c)| is_joiner_in_place(text, at, c) || !(c.is_control() || is_deceptive(c)))
        .map(|(_, c)| c)
        .collect();
    cut(&without_heaps(clean.trim()), LABEL_BYTES_MAX).to_owned()
}

/// Whether `c`, at the offset `at`, is a joiner that belongs to the spelling.
pub(super) fn is_joiner_in_place(text: &str, at: usize, c: char) -> bool {
    let (before, rest) = text.split_at(at);
    is_joiner(c) && joins(before, c, rest.strip_prefix(c).unwrap_or_default())
}

/// A received subject, on one line, at most `max` bytes.
pub(super) fn clean_subject(text: &str, max: usize) -> String {
    let line: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .filter(|&c| !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
        .collect();
    cut(&without_heaps(line.trim()), max).to_owned()
}

/// Merges two texts: common lines at the beginning and the end once, the rest one below the other.
pub(super) fn both(one: &str, other: &str) -> String {
    for (whole, part) in [(one, other), (other, one)] {
        if whole.contains(part) {
            return whole.to_owned();
        }
    }
    let (a, b): (Vec<&str>, Vec<&str>) = (one.split('\n').collect(), other.split('\n').collect());
    let same = |pair: &(&&str, &&str)| pair.0 == pair.1;
    let start = a.iter().zip(&b).take_while(same).count();
    let rest = a.len().min(b.len()) - start;
    let end = a.iter().rev().zip(b.iter().rev()).take(rest).take_while(same).count();
    let own = |lines: &[&str]| lines[start..lines.len() - end].join("\n");
    let middle = [own(&a), own(&b)];
    let middle: Vec<&str> =
        middle.iter().map(String::as_str).filter(|text| !text.trim().is_empty()).collect();
    let middle = middle.join("\n\n");
    [&a[..start], &[middle.as_str()], &a[a.len() - end..]].concat().join("\n")
}

/// Precedes the beginning of a text that arrived as a file.
pub(crate) const LONG_TEXT: &str =
    "*This is the beginning of a long text. All of it is attached as `message.md`.*\n\n";
/// Precedes the beginning of a long forwarded text, whose rest was not stored.
pub(crate) const LONG_FORWARDED: &str = "*This is the beginning of a long text, whose end is not kept of a letter that was forwarded. Ask the sender for the letter itself.*\n\n";

/// Whether an author's own text equals the forwarded one, line ends aside; for one that was stored
/// in part, its beginning.
pub(super) fn is_same_text(shown: &str, own: &str) -> bool {
    let own = own.strip_prefix(LONG_TEXT).unwrap_or(own);
    let (shown, in_part) = match shown.strip_prefix(LONG_FORWARDED) {
        Some(beginning) => (beginning, true),
        None => (shown, false),
    };
    let mut own = own.trim_end_matches(['\r', '\n']).lines();
    let mut shown = shown.trim_end_matches(['\r', '\n']).lines().peekable();
    while let Some(line) = shown.next() {
        let is_cut = in_part && shown.peek().is_none();
        let Some(same) = own.next() else { return false };
        if line != same && !(is_cut && same.starts_with(line)) {
            return false;
        }
    }
    in_part || own.next().is_none()
}

/// The longest prefix of `text` with at most `max` bytes, ending between characters.
pub(super) fn cut(text: &str, max: usize) -> &str {
    text.get(..text.floor_char_boundary(max)).unwrap_or_default()
}

#[cfg(test)]
#[path = "text/text_tests.rs"]
mod tests;
