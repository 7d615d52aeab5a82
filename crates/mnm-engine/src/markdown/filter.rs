//! Rewrites the parser's events: only what the app shows of Markdown passes, the rest as text.

use std::collections::VecDeque;

use pulldown_cmark::{CowStr, Event, LinkType, Tag, TagEnd};

use super::link::{self, Piece};

/// Quotes, lists and emphasis inside each other, at most; deeper ones lose their mark, not their
/// text. The sanitiser's time grows with the depth.
const DEPTH_MAX: usize = 24;

/// What to do when a tag ends.
enum Open {
    /// The tag was passed on.
    Kept,
    /// The tag was left out.
    Dropped,
    /// The link that was passed on.
    Link,
    /// A link or an image shown as text, followed by its address.
    Address(String),
}

/// The events that may be shown.
pub(super) struct Filter<'a, I> {
    events: I,
    open: Vec<Open>,
    /// Quotes, lists and emphasis open and passed on.
    depth: usize,
    in_code: bool,
    /// Target of the link around, and the text shown for it so far.
    link: Option<(String, String)>,
    ready: VecDeque<Event<'a>>,
}

impl<'a, I: Iterator<Item = Event<'a>>> Filter<'a, I> {
    pub(super) fn new(events: I) -> Self {
        Self {
            events,
            open: Vec::new(),
            depth: 0,
            in_code: false,
            link: None,
            ready: VecDeque::new(),
        }
    }

    fn handle(&mut self, event: Event<'a>) {
        match event {
            Event::Start(tag) => self.handle_start(tag),
            Event::End(tag) => self.handle_end(tag),
            Event::Text(text) => self.handle_text(text),
            Event::Code(text) => {
                self.note_shown(&text);
                self.ready.push_back(Event::Code(text));
            }
            Event::Html(text) | Event::InlineHtml(text) => {
                self.note_shown(&text);
                self.ready.push_back(Event::Text(text));
            }
            Event::TaskListMarker(done) => {
                let mark = if done { "☑ " } else { "☐ " };
                self.ready.push_back(Event::Text(mark.into()));
            }
            Event::SoftBreak | Event::HardBreak | Event::Rule => self.ready.push_back(event),
            // Extensions that are not enabled.
            Event::InlineMath(text) | Event::DisplayMath(text) | Event::FootnoteReference(text) => {
                self.ready.push_back(Event::Text(text));
            }
        }
    }

    fn handle_start(&mut self, tag: Tag<'a>) {
        self.in_code |= matches!(tag, Tag::CodeBlock(_));
        let open = match &tag {
            Tag::HtmlBlock => {
                self.ready.push_back(Event::Start(Tag::Paragraph));
                self.open.push(Open::Kept);
                return;
            }
            Tag::Image { dest_url, .. } => Open::Address(dest_url.to_string()),
            Tag::Link { dest_url, .. } if link::is_allowed(dest_url) && self.link.is_none() => {
                self.link = Some((dest_url.to_string(), String::new()));
                Open::Link
            }
            Tag::Link { dest_url, .. } => Open::Address(dest_url.to_string()),
            _ if !nests(&tag.to_end()) => Open::Kept,
            _ if self.depth < DEPTH_MAX => {
                self.depth += 1;
                Open::Kept
            }
            _ => Open::Dropped,
        };
        if matches!(open, Open::Kept | Open::Link) {
            self.ready.push_back(Event::Start(plain(tag)));
        }
        self.open.push(open);
    }

    fn handle_end(&mut self, tag: TagEnd) {
        self.in_code &= tag != TagEnd::CodeBlock;
        match self.open.pop() {
            Some(Open::Kept) if tag == TagEnd::HtmlBlock => {
                self.ready.push_back(Event::End(TagEnd::Paragraph));
            }
            Some(Open::Kept) => {
                if nests(&tag) {
                    self.depth = self.depth.saturating_sub(1);
                }
                self.ready.push_back(Event::End(tag));
            }
            Some(Open::Link) => {
                self.ready.push_back(Event::End(tag));
                if let Some((target, shown)) = self.link.take()
                    && link::misleads(&shown, &target)
                {
                    self.push_address(&target);
                }
            }
            Some(Open::Address(target)) => self.push_address(&target),
            Some(Open::Dropped) | None => {}
        }
    }

    /// Text; an address written out in it becomes a link, unless it stands in one or in code.
    fn handle_text(&mut self, text: CowStr<'a>) {
        self.note_shown(&text);
        if self.in_code || self.link.is_some() {
            self.ready.push_back(Event::Text(text));
            return;
        }
        for piece in link::pieces(&text) {
            match piece {
                Piece::Text(text) => self.ready.push_back(Event::Text(text.to_owned().into())),
                Piece::Address(address) => self.push_link(address),
            }
        }
    }

    fn push_link(&mut self, address: &str) {
        let tag = Tag::Link {
            link_type: LinkType::Autolink,
            dest_url: address.to_owned().into(),
            title: "".into(),
            id: "".into(),
        };
        self.ready.push_back(Event::Start(tag));
        self.ready.push_back(Event::Text(address.to_owned().into()));
        self.ready.push_back(Event::End(TagEnd::Link));
        if link::misleads(address, address) {
            self.push_address(address);
        }
    }

    fn push_address(&mut self, target: &str) {
        let shown = format!(" ({})", link::readable(target));
        self.note_shown(&shown);
        self.ready.push_back(Event::Text(shown.into()));
    }

    /// Remembers what is shown as the text of the link around it.
    fn note_shown(&mut self, text: &str) {
        if let Some((_, shown)) = &mut self.link {
            shown.push_str(text);
        }
    }
}

impl<'a, I: Iterator<Item = Event<'a>>> Iterator for Filter<'a, I> {
    type Item = Event<'a>;

    fn next(&mut self) -> Option<Event<'a>> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            let event = self.events.next()?;
            self.handle(event);
        }
    }
}

/// Whether tags of this kind can stand inside each other without end.
fn nests(tag: &TagEnd) -> bool {
    matches!(
        tag,
        TagEnd::BlockQuote(_)
            | TagEnd::List(_)
            | TagEnd::Item
            | TagEnd::Emphasis
            | TagEnd::Strong
            | TagEnd::Strikethrough
    )
}

/// The tag without what only styles it: titles, languages, classes.
fn plain(tag: Tag<'_>) -> Tag<'_> {
    match tag {
        Tag::Link { link_type, dest_url, .. } => {
            Tag::Link { link_type, dest_url, title: "".into(), id: "".into() }
        }
        other => other,
    }
}
