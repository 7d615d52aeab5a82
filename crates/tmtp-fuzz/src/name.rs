//! Fuzz target of names that somebody asks a service for, or that a letter claims.

use tmtp::text::{NAME_MAX_BYTES, check_name, name_key};

/// Judges it. One that is granted can be found by its key, and has nothing in it that is not seen.
pub fn run(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let key = name_key(&text);
    assert_eq!(name_key(&key), key, "{text:?}");
    if check_name(&text).is_err() {
        return;
    }
    assert!(text.len() <= NAME_MAX_BYTES, "{text:?}");
    assert_eq!(text.trim(), text, "{text:?}");
    assert!(!text.contains("  ") && !text.chars().any(char::is_control), "{text:?}");
    assert!(!key.is_empty(), "{text:?}");
}
