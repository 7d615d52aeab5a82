//! Links: which may be clicked, how they are written, and which mislead about their target.

use pulldown_cmark::{Event, LinkType};

/// Schemes of links that may be clicked.
pub(super) const SCHEMES: [&str; 3] = ["http", "https", "mailto"];

/// Longest web address in a text that becomes a link, bytes.
const ADDRESS_BYTES_MAX: usize = 2000;
/// Characters of an address that are shown.
const SHOWN_CHARS: usize = 300;

/// The target of a link: an e-mail address in `<>` gets its scheme, and spaces are encoded.
pub(super) fn target(link_type: LinkType, address: &str) -> String {
    let address = address.replace(' ', "%20");
    match link_type {
        LinkType::Email => format!("mailto:{address}"),
        LinkType::Inline
        | LinkType::Reference
        | LinkType::ReferenceUnknown
        | LinkType::Collapsed
        | LinkType::CollapsedUnknown
        | LinkType::Shortcut
        | LinkType::ShortcutUnknown
        | LinkType::Autolink
        | LinkType::WikiLink { .. } => address,
    }
}

/// The beginning of a link to `target`, which is allowed.
pub(super) fn start<'a>(target: &str) -> Event<'a> {
    let mut html = String::from("<a href=\"");
    for byte in target.bytes() {
        match byte {
            b'&' => html.push_str("&amp;"),
            b'\'' => html.push_str("&#x27;"),
            _ if byte.is_ascii_alphanumeric() || b"!#$%()*+,-./:;=?@[]_~".contains(&byte) => {
                html.push(char::from(byte));
            }
            _ => html.push_str(&format!("%{byte:02X}")),
        }
    }
    html.push_str("\">");
    Event::InlineHtml(html.into())
}

/// The end of a link.
pub(super) fn end<'a>() -> Event<'a> {
    Event::InlineHtml("</a>".into())
}

/// Whether a target may become a link: an address of an allowed scheme, with a host if it needs one.
pub(super) fn is_allowed(target: &str) -> bool {
    let Some((scheme, rest)) = target.split_once(':') else {
        return false;
    };
    let scheme = scheme.to_ascii_lowercase();
    if !SCHEMES.contains(&scheme.as_str()) || target.chars().any(is_unfit) {
        return false;
    }
    scheme == "mailto" || (rest.starts_with("//") && !host(target).is_empty())
}

/// Whether the text shown for a link looks like an address, and like another one than the target.
pub(super) fn misleads(shown: &str, target: &str) -> bool {
    let shown = skeleton(shown);
    if !looks_like_address(&shown) {
        return false;
    }
    let truth = skeleton(target);
    let bare = |address: &str| {
        let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
        let rest = rest.strip_prefix("mailto:").unwrap_or(rest);
        rest.trim_end_matches('/').to_owned()
    };
    // `example.org` may lead to `https://example.org/anything`: the host is what is trusted.
    let same = bare(&shown) == bare(&truth)
        || (host(&shown) == host(&truth) && !shown.contains(' ') && !shown.contains('@'));
    // A host that is not ASCII may be made of letters that only look like others'.
    !same || !host(&truth).is_ascii() || host(&truth).contains("xn--")
}

/// A piece of a text without markup.
pub(super) enum Piece<'a> {
    Text(&'a str),
    /// An address written out, which may become a link.
    Address(&'a str),
}

/// Finds the web addresses in a text.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    // Text before `done` is in `pieces`; no address begins before `seen`.
    let (mut done, mut seen) = (0, 0);
    // Phones capitalise the first word of a sentence. The lengths are equal.
    let lower = text.to_ascii_lowercase();
    for (start, _) in lower.match_indices("http") {
        let (before, rest) = text.split_at(start);
        let scheme = lower.get(start..).unwrap_or_default();
        let begins = scheme.starts_with("http://") || scheme.starts_with("https://");
        if start < seen || !begins || before.ends_with(char::is_alphanumeric) {
            continue;
        }
        let address = written_out(rest);
        seen = start + address.len();
        if address.len() <= ADDRESS_BYTES_MAX && is_allowed(address) {
            pieces.push(Piece::Text(text.get(done..start).unwrap_or_default()));
            pieces.push(Piece::Address(address));
            done = seen;
        }
    }
    pieces.push(Piece::Text(text.get(done..).unwrap_or_default()));
    pieces
}

/// The address at the beginning of a text, without the punctuation after it.
fn written_out(text: &str) -> &str {
    let ends = |c: char| is_unfit(c) || matches!(c, '<' | '>' | '"' | '`');
    let mut address = text.split(ends).next().unwrap_or_default();
    if address.len() > 2 * ADDRESS_BYTES_MAX {
        return address; // which becomes no link
    }
    while let Some(last) = address.chars().next_back() {
        let belongs = match last {
            // As many as were opened belong to the address.
            ')' => address.matches(')').count() <= address.matches('(').count(),
            ']' => address.matches(']').count() <= address.matches('[').count(),
            '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '*' | '_' => false,
            '…' | '‘' | '’' | '‚' | '“' | '”' | '„' | '«' | '»' | '‹' | '›' => {
                false
            }
            '。' | '、' | '，' | '）' | '」' | '』' => false,
            _ => true,
        };
        if belongs {
            break;
        }
        address = address.get(..address.len() - last.len_utf8()).unwrap_or_default();
    }
    address
}

/// An address as text: without invisible characters, cut to fit a screen.
pub(super) fn readable(target: &str) -> String {
    let mut shown: String =
        target.replace(' ', "%20").chars().filter(|&c| !is_unfit(c)).take(SHOWN_CHARS).collect();
    if target.chars().count() > SHOWN_CHARS {
        shown.push('…');
    }
    shown
}

/// Control characters and those that hide or reorder their neighbours.
pub(super) fn is_unfit(c: char) -> bool {
    c.is_control()
        || c.is_whitespace()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// A text in the form for comparison: lower case, without invisible characters, and with
/// look-alikes of `.`, `/`, `:` and `@` replaced by these.
fn skeleton(text: &str) -> String {
    text.trim()
        .chars()
        .filter(|&c| c == ' ' || !is_unfit(c))
        .flat_map(char::to_lowercase)
        .map(|c| match c {
            '．' | '。' | '․' | '｡' | '‧' | '·' => '.',
            '／' | '⁄' | '∕' | '⧸' => '/',
            '：' | '∶' | '꞉' => ':',
            '＠' | '﹫' => '@',
            _ => c,
        })
        .collect()
}

/// Whether any word of the text could be read as an address: it has a scheme, an `@`, or a dot
/// between letters.
fn looks_like_address(text: &str) -> bool {
    text.split(' ').any(|word| {
        word.contains("://")
            || word.contains('@')
            || word.starts_with("www.")
            || word.split_once('.').is_some_and(|(before, after)| {
                before.ends_with(char::is_alphanumeric) && after.starts_with(char::is_alphabetic)
            })
    })
}

/// The host of an address, with its port; also without a scheme. Empty if there is none.
fn host(address: &str) -> String {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    host.trim_end_matches('.').to_lowercase()
}
