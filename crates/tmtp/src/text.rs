//! The rules of aliases, names of groups and texts of pings, and of what is drawn of any text.

mod joiner;
mod marks;
mod name;

pub use joiner::{is_joiner, joins};
pub use marks::{HEAP_MAX, Heap, without_heaps};
pub use name::{
    NAME_MAX_BYTES, NAME_MIN_BYTES, NameError, before_tag, check_name, is_visible, name_key,
};

/// Longest text of a ping, in bytes.
pub const PING_MAX_BYTES: u64 = 420;
/// Longest text of a ping, in UTF-16 units, as people count characters in most apps.
pub const PING_MAX_UNITS: usize = 140;

/// Whether a text fits into a ping: at most [`PING_MAX_BYTES`] and [`PING_MAX_UNITS`].
pub fn fits_ping(text: &str) -> bool {
    text.len() as u64 <= PING_MAX_BYTES && text.encode_utf16().count() <= PING_MAX_UNITS
}

#[cfg(test)]
mod tests {
    use super::*;

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
