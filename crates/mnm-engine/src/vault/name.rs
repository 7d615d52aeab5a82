//! Names of other members: which are clean, how odd ones are shown, and which look alike.
//!
//! Names are kept and compared as the wire has them; two that differ are never made one. They are
//! changed for the eye only, at the edge ([`shown`]), so that nothing in them is overlooked.

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use tmtp::text::{before_tag, check_name, is_visible, name_key};

use super::text::{clean_label, cut, is_deceptive, is_joiner_in_place};

/// Longest name that is shown, bytes.
const SHOWN_BYTES_MAX: usize = 255;
/// Characters of a permanent id that tell members of one name apart.
const TAG_CHARS: usize = 8;

/// What this app itself says behind a name.
const REMARKS: [&str; 8] = [
    "(you)",
    "(struck)",
    "(left)",
    "(removed)",
    "(group)",
    "(not confirmed)",
    "(not in your address book)",
    "(the service itself)",
];
/// What the member is called here.
const ONESELF: &str = "you";

/// Whether a service like ours would grant the name, and nothing in it imitates this app. Any other waits
/// for the member's own judgement.
pub(super) fn is_clean(name: &str) -> bool {
    check_name(name).is_ok() && !imitates(name)
}

/// Whether a name ends with what only this app says behind names, or is what it calls the member.
pub(super) fn imitates(name: &str) -> bool {
    let seen = seen(name);
    seen == ONESELF || without_imitation(&seen).len() < seen.len()
}

/// What is seen of a name, in small letters.
fn seen(name: &str) -> String {
    let seen: String = name.chars().filter(|&c| c.is_whitespace() || !is_unseen(c)).collect();
    name_key(&seen).to_lowercase()
}

/// A name, as it is seen, without tags and remarks like those that this app puts behind names.
fn without_imitation(seen: &str) -> &str {
    let mut name = seen;
    loop {
        let remark = REMARKS.iter().find_map(|remark| name.strip_suffix(remark));
        match remark.or_else(|| before_tag(name)).map(str::trim_end) {
            Some(before) if !before.is_empty() => name = before,
            Some(_) | None => return name,
        }
    }
}

/// Whether a name has nothing in it that steers a screen or turns the direction of what follows. No
/// service grants another, whatever its rules are besides.
pub(crate) fn is_plain_name(name: &str) -> bool {
    let is_plain =
        |(at, c)| is_joiner_in_place(name, at, c) || !(c.is_control() || is_deceptive(c));
    name.char_indices().all(is_plain)
}

/// The name for the eye: what cannot be seen, or is easily overlooked, is written out, and signs that
/// imitate this app's own stand in brackets. What it gives is shown as it is.
pub(super) fn shown(name: &str) -> String {
    if is_clean(name) {
        return name.to_owned();
    }
    let imitates = imitates(name);
    if imitates && seen(name) == ONESELF {
        return format!("‹{ONESELF}›");
    }
    let mut shown = String::with_capacity(name.len());
    let mut chars = name.char_indices().peekable();
    let mut after_space = true;
    while let Some((at, c)) = chars.next() {
        if c == ' ' && (after_space || chars.peek().is_none()) {
            shown.push('␣');
        } else if imitates && matches!(&*name_key(c.encode_utf8(&mut [0; 4])), "#" | "(") {
            shown.push_str(&format!("‹{c}›"));
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
    without_imitation(&seen(name)).to_owned()
}

/// A name that several have, with the beginning of the permanent id of the one that is meant.
pub(super) fn tagged(name: &str, uid: &str) -> String {
    format!("{} #{}", shown(name), uid.chars().take(TAG_CHARS).collect::<String>())
}

/// The beginning of a permanent id that stands in a name as [`tagged`] gives it.
pub(super) fn tag_of(name: &str) -> Option<&str> {
    let (_, tag) = name.rsplit_once(" #")?;
    (tag.chars().count() == TAG_CHARS).then_some(tag)
}

/// Whether a name has what [`shown`] puts in the place of what it writes out. One without is shown for
/// itself alone.
pub(super) fn is_written_out(name: &str) -> bool {
    name.contains(['␣', '‹', '…'])
}

/// Whether a character leaves no ink, or stands for bytes that were no text.
fn is_unseen(c: char) -> bool {
    c == char::REPLACEMENT_CHARACTER || !is_visible(c)
}

/// Gives the database the functions `look` and `clean_label`, for the migrations that store what they give.
pub(super) fn register(db: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    db.create_scalar_function("look", 1, flags, |context| Ok(look(&context.get::<String>(0)?)))?;
    db.create_scalar_function("clean_label", 1, flags, |context| {
        Ok(clean_label(&context.get::<String>(0)?))
    })
}

#[cfg(test)]
#[path = "name/name_tests.rs"]
mod tests;
