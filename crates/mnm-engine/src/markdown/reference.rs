//! References of a text to files and messages, as in other apps of revision 1: `this_u:` and a name
//! for a file of the same letter, `this_f:` for a form of it, a message's id in place of `this` for
//! those of another, and `#` with ids for a message.
//!
//! Only files of the letter itself are linked and shown. The HTML names them; the page looks up the
//! file and its address among the letter's own. An unknown name stays text.

use pulldown_cmark::Event;

use super::link::is_unfit;

/// Longest name of a file that is looked for, bytes.
const NAME_BYTES_MAX: usize = 1024;
/// Characters of a name that are shown.
const SHOWN_CHARS: usize = 255;
/// Hex digits of a message's id.
const ID_DIGITS: usize = 16;

/// What a target refers to.
pub(super) enum Reference {
    /// A file of the letter, by its name on the wire.
    File(String),
    /// Shown as words after the text, which may be empty.
    Words(String),
}

/// Parses the target of a link or an image as a reference.
pub(super) fn read(target: &str) -> Option<Reference> {
    if target.len() > 3 * NAME_BYTES_MAX {
        return None;
    }
    if let Some(ids) = target.strip_prefix('#') {
        return ids.split('&').all(is_id).then(|| Reference::Words(String::new()));
    }
    let (place, name) = target.split_once(':')?;
    let name = decoded(name);
    if name.is_empty() || name.len() > NAME_BYTES_MAX {
        return None;
    }
    match place {
        "this_u" => Some(Reference::File(name)),
        "this_f" => Some(Reference::Words(format!(" (form {})", readable(&name)))),
        _ => {
            let id = place.strip_suffix("_u").or_else(|| place.strip_suffix("_f"))?;
            is_id(id).then(|| Reference::Words(format!(" ({})", readable(&name))))
        }
    }
}

/// The HTML before a reference's text.
pub(super) fn start<'a>(name: &str, is_picture: bool) -> Event<'a> {
    let attribute = if is_picture { "picture" } else { "attachment" };
    let mut html = format!("<span data-{attribute}=\"");
    for byte in name.bytes() {
        match byte {
            _ if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => {
                html.push(char::from(byte));
            }
            _ => html.push_str(&format!("%{byte:02X}")),
        }
    }
    html.push_str("\">");
    Event::InlineHtml(html.into())
}

/// The HTML after it, with the name for readers without that file.
pub(super) fn end<'a>(name: &str) -> [Event<'a>; 3] {
    [
        Event::InlineHtml("<small>".into()),
        Event::Text(format!(" ({})", readable(name)).into()),
        Event::InlineHtml("</small></span>".into()),
    ]
}

/// A name for display, without invisible characters.
pub(super) fn readable(name: &str) -> String {
    name.chars().filter(|&c| c == ' ' || !is_unfit(c)).take(SHOWN_CHARS).collect()
}

fn is_id(text: &str) -> bool {
    text.len() == ID_DIGITS && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// A name without percent-encoding; unchanged if the encoding is invalid.
fn decoded(name: &str) -> String {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let Some((&byte, behind)) = rest.split_first() {
        match (byte, behind) {
            (b'%', &[high, low, ref behind @ ..]) if let Some(escaped) = hex(high, low) => {
                bytes.push(escaped);
                rest = behind;
            }
            _ => {
                bytes.push(byte);
                rest = behind;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| name.to_owned())
}

fn hex(high: u8, low: u8) -> Option<u8> {
    let digit = |b: u8| char::from(b).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}
