//! Names of other members: which are valid, how unusual ones are shown, and which look alike.
//!
//! Names are stored and compared as on the wire; two different ones are never merged. They are
//! escaped for display only ([`shown`]), so that nothing in them is overlooked.

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use tmtp::id::Uid;
use tmtp::text::{before_tag, check_name, is_visible, name_key};

use super::text::{clean_label, cut, is_deceptive, is_joiner_in_place};

/// Longest name that is shown, bytes.
const SHOWN_BYTES_MAX: usize = 255;
/// Characters of a uid in the tag that distinguishes members of one name.
const TAG_CHARS: usize = 8;

/// Remarks that this app itself adds to a name.
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
/// The name for the member.
const ONESELF: &str = "you";

/// Whether our service would grant the name, and it does not imitate this app. Any other is left to
/// the member's judgement.
pub(super) fn is_clean(name: &str) -> bool {
    check_name(name).is_ok() && !imitates(name)
}

/// Whether a name ends with a remark of this app, or equals the word for the member.
pub(super) fn imitates(name: &str) -> bool {
    let seen = seen(name);
    seen == ONESELF || without_imitation(&seen).len() < seen.len()
}

/// The visible characters of a name, in lower case.
fn seen(name: &str) -> String {
    let seen: String = name.chars().filter(|&c| c.is_whitespace() || !is_unseen(c)).collect();
    name_key(&seen).to_lowercase()
}

/// A name in visible form, without tags and remarks like those that this app adds.
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

/// Whether a name contains no control or bidirectional characters. No service grants others,
/// whatever its rules.
pub(crate) fn is_plain_name(name: &str) -> bool {
    let is_plain =
        |(at, c)| is_joiner_in_place(name, at, c) || !(c.is_control() || is_deceptive(c));
    name.char_indices().all(is_plain)
}

/// The name for display: invisible and easily overlooked characters are escaped, and characters
/// that imitate this app's own are bracketed.
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

/// A key that is equal for names that look alike.
pub(super) fn look(name: &str) -> String {
    without_imitation(&seen(name)).to_owned()
}

/// A name that several have, with a tag: the beginning of the uid.
pub(super) fn tagged(name: &str, uid: &Uid) -> String {
    format!("{} #{}", shown(name), uid.as_str().chars().take(TAG_CHARS).collect::<String>())
}

/// The tag in a name made by [`tagged`].
pub(super) fn tag_of(name: &str) -> Option<&str> {
    let (_, tag) = name.rsplit_once(" #")?;
    (tag.chars().count() == TAG_CHARS).then_some(tag)
}

/// Whether a name contains the escapes of [`shown`]. Names without are displayed unchanged.
pub(super) fn is_written_out(name: &str) -> bool {
    name.contains(['␣', '‹', '…'])
}

/// Whether a character is invisible, or stands for bytes that were no text.
fn is_unseen(c: char) -> bool {
    c == char::REPLACEMENT_CHARACTER || !is_visible(c)
}

/// Registers the SQL functions `look` and `clean_label` for migrations.
pub(super) fn register(db: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8;
    db.create_scalar_function("look", 1, flags, |context| Ok(look(&context.get::<String>(0)?)))?;
    db.create_scalar_function("clean_label", 1, flags, |context| {
        Ok(clean_label(&context.get::<String>(0)?))
    })
}

#[cfg(test)]
#[path = "name/name_tests.rs"]
mod tests;
