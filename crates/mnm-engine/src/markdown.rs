//! From what a member wrote to what may be shown: Markdown to HTML that loads nothing, runs nothing
//! and can imitate nothing of the app's own.
//!
//! Two walls, one behind the other. The parser's events are rewritten so that raw HTML becomes text,
//! images become their description and address, links of other schemes become text, and nesting
//! stays bounded; then the HTML made from them passes a sanitiser that admits a short list of tags
//! and, as attributes, only the address of a link.

mod filter;
mod link;

use std::collections::HashSet;
use std::sync::LazyLock;

use ammonia::{Builder, UrlRelative};
use pulldown_cmark::{Event, Options, Parser, TagEnd, TextMergeStream, html};

use filter::Filter;

/// Bytes of text that are rendered; the rest is not shown, and says so.
pub const RENDERED_BYTES_MAX: usize = 1 << 20;
/// Characters of a snippet.
pub const SNIPPET_CHARS: usize = 140;
/// Bytes read for a snippet.
const SNIPPET_BYTES: usize = 8192;

/// What the HTML of a letter consists of, beside text.
pub const TAGS: [&str; 26] = [
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
        .clean_content_tags(HashSet::from(["script", "style"]))
        .url_schemes(HashSet::from(link::SCHEMES))
        .url_relative(UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer nofollow"))
        .set_tag_attribute_value("a", "target", "_blank");
    builder
});

/// HTML of a Markdown text: headings, emphasis, lists, quotes, code, tables, task lists, and links
/// to `http`, `https` and `mailto`. Everything else shows as the text it is written with.
pub fn render(text: &str) -> String {
    let shown = clip(text, RENDERED_BYTES_MAX);
    let mut unsafe_html = String::with_capacity(shown.len() * 3 / 2);
    html::push_html(&mut unsafe_html, Filter::new(events(shown)));
    let mut safe = SANITISER.clean(&unsafe_html).to_string();
    if shown.len() < text.len() {
        safe.push_str("<p><em>The rest of this message is too long to be shown.</em></p>");
    }
    safe
}

/// The first words of a Markdown text, on one line without markup, at most
/// [`SNIPPET_CHARS`] characters. Plain text: escape it before it becomes part of HTML.
pub fn snippet(text: &str) -> String {
    let mut plain = String::new();
    for event in events(clip(text, SNIPPET_BYTES)) {
        match event {
            Event::Text(text) | Event::Code(text) | Event::Html(text) | Event::InlineHtml(text) => {
                plain.push_str(&text);
            }
            Event::SoftBreak | Event::HardBreak | Event::Rule => plain.push(' '),
            Event::End(
                TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::Link,
            ) => {}
            Event::End(_) => plain.push(' '),
            _ => {}
        }
        if plain.len() > SNIPPET_CHARS * 8 {
            break;
        }
    }
    let mut words = String::new();
    for word in plain.split_whitespace() {
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(word);
    }
    ellipsis(words)
}

fn events(source: &str) -> TextMergeStream<'_, Parser<'_>> {
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    TextMergeStream::new(Parser::new_ext(source, options))
}

fn clip(text: &str, max: usize) -> &str {
    let mut end = max.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
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
