//! Aliases and names of groups: what they may hold, and which of them are the same.
//!
//! A name is read by people, so it holds nothing that they cannot see, and two names that are written
//! alike in Unicode's own terms are one ([`name_key`]). Letters of different alphabets that only look
//! alike are not this file's subject.

use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};
use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup};
use icu_properties::{CodePointMapData, CodePointSetData};

use super::joiner::{is_joiner, joins};
use crate::id::{Uid, is_of_uids};

/// Shortest alias or group name, in bytes.
pub const NAME_MIN_BYTES: usize = 8;
/// Longest alias or group name that our service grants, in bytes. Revision 1 names no bound; a
/// name must fit into headers together with others.
pub const NAME_MAX_BYTES: usize = 256;
/// Characters of the tag with which an app ends a name that several have: `#`, and so many of the uid.
const TAG_CHARS: std::ops::RangeInclusive<usize> = 6..=32;
/// Nonspacing marks in a row, at most: what UTS #39 allows. Vietnamese has two, Tibetan four.
const NONSPACING_MAX: usize = 4;
/// Marks of all kinds in a row, at most. Burmese has up to six.
const MARKS_MAX: usize = 8;

/// Why a text cannot be an alias or the name of a group. The words call it `newalias`, as on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Shorter than [`NAME_MIN_BYTES`]. The words are the deployed services'.
    #[error("newalias must be 8+ characters")]
    TooShort,
    /// Longer than [`NAME_MAX_BYTES`].
    #[error("newalias must be at most 256 bytes")]
    TooLong,
    /// Holds U+FFFD, which stands for bytes that were no text. The words are the deployed services'.
    #[error("AddAlias: invalid string")]
    Replaced,
    /// Holds a control character, a separator other than the space, an unassigned or private
    /// character, or one that is not seen: a blank, a filler, a variation selector, a joiner out of
    /// place.
    #[error("newalias must consist of printable characters")]
    NotPrintable,
    /// Begins or ends with a space, or has two in a row.
    #[error("newalias must have single spaces, and only between words")]
    Spaces,
    /// A mark without a letter, or a heap of them on one, or the same twice.
    #[error("newalias must not have heaps of marks, or marks without a letter")]
    Marks,
    /// Has the form of a uid, and could be taken for that member.
    #[error("newalias must not have the form of a uid")]
    Uid,
    /// Ends with `#` and what may begin a uid, by which apps tell members of one name apart.
    #[error("newalias must not end with # and the beginning of a uid")]
    Tag,
}

/// Checks an alias or a group's name: length; letters, marks, numbers, punctuation and symbols that
/// can be seen; single ASCII spaces between them.
///
/// # Errors
/// The first rule that it breaks.
pub fn check_name(name: &str) -> Result<(), NameError> {
    if name.len() < NAME_MIN_BYTES {
        return Err(NameError::TooShort);
    }
    if name.len() > NAME_MAX_BYTES {
        return Err(NameError::TooLong);
    }
    if name.contains(char::REPLACEMENT_CHARACTER) {
        return Err(NameError::Replaced);
    }
    let in_place = |(at, c): (usize, char)| {
        let (before, rest) = name.split_at(at);
        let after = rest.strip_prefix(c).unwrap_or_default();
        if is_joiner(c) { joins(before, c, after) } else { c == ' ' || is_visible(c) }
    };
    if !name.char_indices().all(in_place) {
        return Err(NameError::NotPrintable);
    }
    if name.starts_with(' ') || name.ends_with(' ') || name.contains("  ") {
        return Err(NameError::Spaces);
    }
    check_marks(name)?;
    if Uid::is_made(name) {
        return Err(NameError::Uid);
    }
    if before_tag(&name_key(name)).is_some() {
        return Err(NameError::Tag);
    }
    Ok(())
}

/// The part of a name's key ([`name_key`]) before its tag, which is `#` and 6 to 32 characters of the
/// uid alphabet, in either case. Apps add a tag to a name that several members have. None without a tag.
pub fn before_tag(key: &str) -> Option<&str> {
    let (before, tag) = key.rsplit_once('#')?;
    let fits = TAG_CHARS.contains(&tag.len()) && tag.bytes().all(is_of_uids);
    fits.then(|| before.trim_end())
}

/// Key of a name, equal for names that read the same: NFKC, without invisible characters, and with one
/// space between words. Nobody is granted a name that has the key of another's.
pub fn name_key(name: &str) -> String {
    let nfkc = ComposingNormalizerBorrowed::new_nfkc();
    // Twice, because some fillers have others as their compatibility forms.
    let once = nfkc.normalize(&without_ignorables(name)).into_owned();
    let twice = nfkc.normalize(&without_ignorables(&once)).into_owned();
    twice.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn without_ignorables(name: &str) -> String {
    name.chars().filter(|c| !is_ignorable(*c)).collect()
}

fn is_ignorable(c: char) -> bool {
    CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

fn category(c: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(c)
}

/// Whether a character is seen, by itself or on the one before it. No space is, and nothing that Unicode
/// has not assigned.
pub fn is_visible(c: char) -> bool {
    const SHOWN: GeneralCategoryGroup = GeneralCategoryGroup::Letter
        .union(GeneralCategoryGroup::Mark)
        .union(GeneralCategoryGroup::Number)
        .union(GeneralCategoryGroup::Punctuation)
        .union(GeneralCategoryGroup::Symbol);
    SHOWN.contains(category(c)) && !is_ignorable(c) && !is_blank(c)
}

/// Letters, marks and symbols that are empty on paper, though Unicode does not call them ignorable:
/// Braille without a dot, the null notehead, blanks of the hieroglyphs, Khitan's filler, and the place
/// of an object.
fn is_blank(c: char) -> bool {
    matches!(c, '\u{2800}' | '\u{fffc}' | '\u{13441}' | '\u{13442}' | '\u{16fe4}' | '\u{1d159}')
}

/// Each mark has a letter before it, and no letter has a heap of them.
fn check_marks(name: &str) -> Result<(), NameError> {
    let (mut before, mut nonspacing, mut marks) = (' ', 0, 0);
    for c in DecomposingNormalizerBorrowed::new_nfd().normalize_iter(name.chars()) {
        let is_mark = GeneralCategoryGroup::Mark.contains(category(c));
        let is_nonspacing = is_mark && category(c) != GeneralCategory::SpacingMark;
        nonspacing = if is_nonspacing { nonspacing + 1 } else { 0 };
        marks = if is_mark { marks + 1 } else { 0 };
        if is_mark && before == ' '
            || is_nonspacing && before == c
            || nonspacing > NONSPACING_MAX
            || marks > MARKS_MAX
        {
            return Err(NameError::Marks);
        }
        before = c;
    }
    Ok(())
}

#[cfg(test)]
#[path = "name/name_tests.rs"]
mod tests;
