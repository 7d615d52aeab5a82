//! Names of other members: which are clean, how odd ones are shown, and which look alike.
//!
//! Names are kept and compared as the wire has them; two that differ are never made one. They are
//! changed for the eye only, at the edge ([`shown`]), so that nothing in them is overlooked.

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use tmtp::text::{check_name, is_visible, name_key};

use super::text::{cut, is_deceptive, is_joiner_in_place};

/// Longest name that is shown, bytes.
const SHOWN_BYTES_MAX: usize = 255;
/// Characters of a permanent id that tell members of one name apart.
const TAG_CHARS: usize = 8;

/// Whether a service like ours would grant the name. Any other waits for the member's own judgement.
pub(super) fn is_clean(name: &str) -> bool {
    check_name(name).is_ok()
}

/// Whether a name has nothing in it that steers a screen or turns the direction of what follows. No
/// service grants another, whatever its rules are besides.
pub(crate) fn is_plain_name(name: &str) -> bool {
    let is_plain =
        |(at, c)| is_joiner_in_place(name, at, c) || !(c.is_control() || is_deceptive(c));
    name.char_indices().all(is_plain)
}

/// The name for the eye: what cannot be seen, or is easily overlooked, is written out.
pub(super) fn shown(name: &str) -> String {
    if is_clean(name) {
        return name.to_owned();
    }
    let mut shown = String::with_capacity(name.len());
    let mut chars = name.char_indices().peekable();
    let mut after_space = true;
    while let Some((at, c)) = chars.next() {
        if c == ' ' && (after_space || chars.peek().is_none()) {
            shown.push('␣');
        } else if c == ' ' || !is_unseen(c) || is_joiner_in_place(name, at, c) {
            shown.push(c);
        } else {
            shown.push_str(&format!("‹U+{:04X}›", u32::from(c)));
        }
        after_space = c == ' ';
    }
    if shown.len() > SHOWN_BYTES_MAX {
        return format!("{}…", cut(&shown, SHOWN_BYTES_MAX - '…'.len_utf8()));
    }
    shown
}

/// What names have in common that a reader may take for each other.
pub(super) fn look(name: &str) -> String {
    let seen: String = name.chars().filter(|&c| c.is_whitespace() || !is_unseen(c)).collect();
    name_key(&seen).to_lowercase()
}

/// A name that several have, with the beginning of the permanent id of the one that is meant.
pub(super) fn tagged(name: &str, uid: &str) -> String {
    format!("{} #{}", shown(name), uid.chars().take(TAG_CHARS).collect::<String>())
}

/// Whether a character leaves no ink, or stands for bytes that were no text.
fn is_unseen(c: char) -> bool {
    c == char::REPLACEMENT_CHARACTER || !is_visible(c)
}

/// Gives the database the function `look`, for the migration that stores it.
pub(super) fn register(db: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    db.create_scalar_function("look", 1, flags, |context| Ok(look(&context.get::<String>(0)?)))
}

#[cfg(test)]
#[path = "name/name_tests.rs"]
mod tests;
