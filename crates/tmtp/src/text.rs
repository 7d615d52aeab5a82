//! What an alias, a group's name and a ping's text may hold.

use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

/// Shortest alias or group name, in bytes.
pub const NAME_MIN_BYTES: usize = 8;
/// Longest alias or group name that our service grants, in bytes. Revision 1 names no bound; a
/// name must fit into headers together with others.
pub const NAME_MAX_BYTES: usize = 256;
/// Longest text of a ping, in bytes.
pub const PING_MAX_BYTES: u64 = 420;
/// Longest text of a ping, in UTF-16 units, as people count characters in most apps.
pub const PING_MAX_UNITS: usize = 140;

/// Why a text cannot be an alias or the name of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Shorter than [`NAME_MIN_BYTES`]. The words are the deployed services'.
    #[error("newalias must be 8+ characters")]
    TooShort,
    /// Longer than [`NAME_MAX_BYTES`].
    #[error("newalias must be at most 256 bytes")]
    TooLong,
    /// Holds a control character, a separator other than the space, an unassigned or private
    /// character, or an invisible format character.
    #[error("newalias must consist of printable characters")]
    NotPrintable,
}

/// Checks an alias or a group's name: length, and letters, marks, numbers, punctuation, symbols
/// and the ASCII space only.
pub fn check_name(name: &str) -> Result<(), NameError> {
    if name.len() < NAME_MIN_BYTES {
        return Err(NameError::TooShort);
    }
    if name.len() > NAME_MAX_BYTES {
        return Err(NameError::TooLong);
    }
    name.chars().all(is_printable).then_some(()).ok_or(NameError::NotPrintable)
}

/// Whether a character may stand in a name.
fn is_printable(c: char) -> bool {
    c == ' '
        || matches!(
            c.general_category_group(),
            GeneralCategoryGroup::Letter
                | GeneralCategoryGroup::Mark
                | GeneralCategoryGroup::Number
                | GeneralCategoryGroup::Punctuation
                | GeneralCategoryGroup::Symbol
        )
}

/// Whether a text fits into a ping: at most [`PING_MAX_BYTES`] and [`PING_MAX_UNITS`].
pub fn fits_ping(text: &str) -> bool {
    text.len() as u64 <= PING_MAX_BYTES && text.encode_utf16().count() <= PING_MAX_UNITS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_printable_and_long_enough() {
        for good in ["LongJohn Silver", "アリアス", "Žofie-Ω", "a_b.c&d<e>", "no vowels"] {
            assert_eq!(check_name(good), Ok(()), "{good}");
        }
        assert_eq!(check_name("short"), Err(NameError::TooShort));
        assert_eq!(check_name(&"x".repeat(257)), Err(NameError::TooLong));
        for bad in [
            "tab\tinside",
            "line\nbreak",
            "rtl\u{202e}override",
            "nbsp\u{a0}inside",
            "zero\u{200b}width",
            "\u{e000}private use",
        ] {
            assert_eq!(check_name(bad), Err(NameError::NotPrintable), "{bad:?}");
        }
    }

    #[test]
    fn ping_text_is_bounded_twice() {
        assert!(fits_ping(&"x".repeat(140)));
        assert!(!fits_ping(&"x".repeat(141)));
        assert!(fits_ping(&"語".repeat(140)));
        // Two UTF-16 units each.
        assert!(fits_ping(&"🦀".repeat(70)));
        assert!(!fits_ping(&"🦀".repeat(71)));
    }
}
