//! Markdown renderer: turns a member's text into HTML that loads nothing, runs nothing and imitates
//! nothing of the app's own.
//!
//! Two layers. The parser's events are rewritten: raw HTML becomes text, images become their
//! description and address, links of other schemes become text, and nesting is bounded. Then the
//! HTML made from them passes a sanitiser that admits a short list of tags and, as attributes, only
//! the address of a link and the name of a file of the letter itself.
//!
//! Everything typed is shown: what Markdown leaves out, such as definitions that no link uses, is
//! shown as text. Line ends are shown as typed, and a line of dashes under a text makes no heading
//! of it. Input, output, elements and stacked accents are bounded, so that no letter can slow a
//! page down.

mod definition;
mod filter;
mod link;
mod parser;
mod reference;
mod slide;
mod source;

use std::collections::HashSet;
use std::sync::LazyLock;

use ammonia::{Builder, UrlRelative};
use pulldown_cmark::{CodeBlockKind, Event, Tag, TagEnd, html};
use tmtp::text::{Heap, without_heaps};

use filter::Filter;
use reference::Reference;
use source::{clip, events, prepared};

/// Bytes of text that are rendered; the rest is cut.
pub const RENDERED_BYTES_MAX: usize = 256 << 10;
/// Bytes of HTML that are made, without tags; the rest is cut. Some characters take five.
pub const HTML_BYTES_MAX: usize = 2 * RENDERED_BYTES_MAX;
/// Elements that are rendered, line ends among them; the rest is cut.
pub const ELEMENTS_MAX: usize = 5_000;
/// Version of the rendering. Stored HTML of another version is rendered again.
pub const RENDERING: i64 = 8;
/// Characters of a snippet.
pub const SNIPPET_CHARS: usize = 140;
/// Bytes read for a snippet.
const SNIPPET_BYTES: usize = 8192;

/// Tags that the HTML of a letter may contain.
pub const TAGS: [&str; 28] = [
    "a",
    "blockquote",
    "br",
    "code",
    "del",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "li",
    "ol",
    "p",
    "pre",
    "small",
    "span",
    "strong",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "ul",
    "sup",
];

static SANITISER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::empty();
    builder
        .tags(HashSet::from(TAGS))
        .add_tag_attributes("a", ["href"])
        .add_tag_attributes("ol", ["start"])
        .add_tag_attributes("span", ["data-attachment", "data-picture"])
        .clean_content_tags(HashSet::from(["script", "style"]))
        .url_schemes(HashSet::from(link::SCHEMES))
        .url_relative(UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer nofollow"))
        .set_tag_attribute_value("a", "target", "_blank");
    builder
});

/// A rendered text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// Sanitised HTML.
    pub html: String,
    /// Whether the text was cut.
    pub cut: bool,
}

/// HTML of a Markdown text: headings, emphasis, lists, quotes, code, tables, task lists, and links
/// to `http`, `https` and `mailto`. Everything else shows as the text it is written with.
///
/// A reference to a file of the letter is a `span` with the name, percent-encoded, in
/// `data-attachment`, or in `data-picture` where it is to be shown as a picture; a `small` at its
/// end shows the name. The page looks for the file among the letter's own, and leaves the text as
/// it is if there is none. A `small` at the beginning of a code block is what stands beside its
/// fence, such as the name of its language.
pub fn render(text: &str) -> Rendered {
    let shown = clip(text, RENDERED_BYTES_MAX);
    let source = prepared(shown);
    let mut unsafe_html = String::with_capacity(shown.len() * 3 / 2);
    let mut filter = Filter::new(events(&source), ELEMENTS_MAX, HTML_BYTES_MAX);
    html::push_html(&mut unsafe_html, &mut filter);
    let cut = filter.is_cut() || shown.len() < text.len();
    Rendered { html: without_heaps_in(SANITISER.clean(&unsafe_html).to_string()), cut }
}

/// Limits combining marks in a row across elements: a browser draws them as one character, which
/// may take for ever.
fn without_heaps_in(html: String) -> String {
    if html.is_ascii() {
        return html;
    }
    let (mut heap, mut in_tag) = (Heap::default(), false);
    html.chars()
        .filter(|&c| {
            let is_markup = in_tag || c == '<';
            in_tag = is_markup && c != '>';
            is_markup || heap.admits(c)
        })
        .collect()
}

/// The first words of a Markdown text, on one line without markup, at most
/// [`SNIPPET_CHARS`] characters. Plain text: escape it before it becomes part of HTML.
pub fn snippet(text: &str) -> String {
    ellipsis(plain(clip(text, SNIPPET_BYTES), SNIPPET_CHARS * 8))
}

/// An excerpt from the middle of a Markdown text, without markup or truncated links.
pub(crate) fn excerpt(text: &str) -> String {
    let mut text = text;
    // A link that is cut at either end.
    let joined;
    if let Some((before, after)) = text.split_once("](")
        && !before.contains('[')
        && let Some((_, rest)) = after.split_once(')')
    {
        joined = format!("{before}{rest}");
        text = &joined;
    }
    let shortened;
    if let Some((before, after)) = text.rsplit_once("](")
        && !after.contains(')')
        && let Some((start, label)) = before.rsplit_once('[')
    {
        shortened = format!("{start}{label}…");
        text = &shortened;
    }
    // Truncated emphasis would stay literal.
    plain(text, usize::MAX).replace("**", "").replace("~~", "")
}

/// The words of a Markdown text on one line, up to about `enough` bytes.
fn plain(text: &str, enough: usize) -> String {
    let mut plain = String::new();
    // The number of the next item of each enclosing list; none for an unnumbered one.
    let mut lists: Vec<Option<u64>> = Vec::new();
    // The targets of the enclosing links and images, and where their text begins.
    let mut links: Vec<(String, usize)> = Vec::new();
    for event in events(&prepared(text)) {
        match event {
            Event::Text(text) | Event::Code(text) | Event::Html(text) | Event::InlineHtml(text) => {
                plain.push_str(&text);
            }
            Event::SoftBreak | Event::HardBreak | Event::Rule => plain.push(' '),
            Event::TaskListMarker(done) => plain.push_str(if done { "☑ " } else { "☐ " }),
            Event::Start(Tag::List(first)) => {
                lists.push(first);
                plain.push(' ');
            }
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(words))) => {
                plain.push_str(&words);
                plain.push(' ');
            }
            Event::Start(Tag::Item) => match lists.last_mut() {
                Some(Some(number)) => {
                    plain.push_str(&format!(" {number}. "));
                    *number = number.saturating_add(1);
                }
                Some(None) | None => plain.push_str(" • "),
            },
            Event::End(TagEnd::List(_)) => {
                lists.pop();
                plain.push(' ');
            }
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                links.push((dest_url.into_string(), plain.len()));
            }
            Event::End(TagEnd::Link | TagEnd::Image) => {
                if let Some((target, start)) = links.pop()
                    && plain.get(start..).is_none_or(|shown| shown.trim().is_empty())
                {
                    match reference::read(&target) {
                        Some(Reference::File(name)) => plain.push_str(&name),
                        Some(Reference::Words(_)) | None => plain.push_str(&target),
                    }
                }
            }
            Event::End(TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough) => {}
            Event::End(_) => plain.push(' '),
            _ => {}
        }
        if plain.len() > enough {
            break;
        }
    }
    let mut words = on_one_line(&plain);
    if words.is_empty() {
        // Rules, and other marks without text.
        words = on_one_line(text);
    }
    without_heaps(&words).into_owned()
}

fn on_one_line(text: &str) -> String {
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

fn ellipsis(text: String) -> String {
    match text.char_indices().nth(SNIPPET_CHARS) {
        None => text,
        Some(_) => {
            let mut short: String = text.chars().take(SNIPPET_CHARS - 1).collect();
            short.truncate(short.trim_end().len());
            short.push('…');
            short
        }
    }
}

#[cfg(test)]
#[path = "markdown/markdown_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "markdown/seen_tests.rs"]
mod seen_tests;
