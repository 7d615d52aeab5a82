//! Filter of the parser's events: passes the Markdown that the app shows; the rest becomes text.

use std::collections::VecDeque;

use pulldown_cmark::{CodeBlockKind, CowStr, Event, Tag, TagEnd};

use super::link::{self, Piece};
use super::reference::{self, Reference};

/// Greatest nesting of quotes, lists and emphasis. Deeper ones lose their markup, not their text or
/// lines. The sanitiser's time grows with the depth.
const DEPTH_MAX: usize = 24;

/// What to do when a tag ends.
enum Open {
    /// The tag was passed on.
    Kept,
    /// The tag was left out.
    Dropped,
    /// The list was left out; its items are lines, numbered from here on if at all.
    Lines(Option<u64>),
    /// The link that was passed on.
    Link,
    /// A link or an image shown as text, followed by its address.
    Address(String),
    /// A link to a file of the letter, by its name.
    File(String),
    /// A picture among the files of the letter, by its name.
    Picture(String),
    /// A reference shown as text, followed by words.
    Words(String),
    /// A reference shown as text; as its target if so much and no more was shown when it ends.
    Target(String, usize),
}

/// The filtered events.
pub(super) struct Filter<'a, I> {
    events: I,
    open: Vec<Open>,
    /// Depth of the passed-on quotes, lists and emphasis.
    depth: usize,
    /// Remaining elements.
    room: usize,
    /// Remaining bytes of HTML.
    bytes: usize,
    /// Whether something was cut.
    cut: bool,
    /// A line of raw HTML has ended, and another may follow.
    line_ended: bool,
    in_code: bool,
    /// Inside the description of a picture of the letter.
    in_picture: bool,
    /// Target of the enclosing link, and the text shown for it so far.
    link: Option<(String, String)>,
    /// Bytes of text passed on, without surrounding blanks.
    shown: usize,
    ready: VecDeque<Event<'a>>,
}

impl<'a, I: Iterator<Item = Event<'a>>> Filter<'a, I> {
    /// A filter that passes on at most `elements` elements, and `bytes` bytes of HTML for texts and
    /// addresses.
    pub(super) fn new(events: I, elements: usize, bytes: usize) -> Self {
        Self {
            events,
            open: Vec::new(),
            depth: 0,
            room: elements,
            bytes,
            cut: false,
            line_ended: false,
            in_code: false,
            in_picture: false,
            link: None,
            shown: 0,
            ready: VecDeque::new(),
        }
    }

    /// Whether something was cut.
    pub(super) fn is_cut(&self) -> bool {
        self.cut
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
            Event::Html(text) => self.handle_lines(&text),
            Event::InlineHtml(text) => {
                self.note_shown(&text);
                self.handle_lines(&text);
            }
            Event::TaskListMarker(done) => {
                let mark = if done { "☑ " } else { "☐ " };
                self.ready.push_back(Event::Text(mark.into()));
            }
            // Line ends are shown as typed.
            Event::SoftBreak | Event::HardBreak => self.ready.push_back(Event::HardBreak),
            Event::Rule => self.ready.push_back(event),
            // Extensions that are not enabled.
            Event::InlineMath(text) | Event::DisplayMath(text) | Event::FootnoteReference(text) => {
                self.ready.push_back(Event::Text(text));
            }
        }
    }

    fn handle_start(&mut self, tag: Tag<'a>) {
        self.in_code |= matches!(tag, Tag::CodeBlock(_));
        let open = match &tag {
            Tag::CodeBlock(CodeBlockKind::Fenced(words)) => {
                self.start_code(words);
                return;
            }
            Tag::HtmlBlock => {
                self.ready.push_back(Event::Start(Tag::Paragraph));
                self.open.push(Open::Kept);
                return;
            }
            Tag::Image { dest_url, .. } => match reference::read(dest_url) {
                Some(Reference::File(name)) if !self.in_picture => {
                    self.ready.push_back(reference::start(&name, true));
                    self.in_picture = true;
                    Open::Picture(name)
                }
                Some(Reference::Words(words)) => self.open_words(words, dest_url),
                Some(Reference::File(_)) | None => Open::Address(dest_url.to_string()),
            },
            Tag::Link { link_type, dest_url, .. } => {
                let target = link::target(*link_type, dest_url);
                let is_free = self.link.is_none() && !self.in_picture;
                match reference::read(dest_url) {
                    Some(Reference::File(name)) if is_free => {
                        self.ready.push_back(reference::start(&name, false));
                        self.link = Some((target, String::new()));
                        self.open.push(Open::File(name));
                        return;
                    }
                    Some(Reference::Words(words)) => {
                        let open = self.open_words(words, dest_url);
                        self.open.push(open);
                        return;
                    }
                    Some(Reference::File(_)) | None => {}
                }
                if link::is_allowed(&target) && is_free {
                    self.ready.push_back(link::start(&target));
                    self.link = Some((target, String::new()));
                    self.open.push(Open::Link);
                    return;
                }
                Open::Address(target)
            }
            Tag::Item if matches!(self.open.last(), Some(Open::Lines(_))) => {
                self.start_line();
                Open::Dropped
            }
            _ if !nests(&tag.to_end()) => Open::Kept,
            _ if self.depth < DEPTH_MAX || matches!(tag, Tag::Item) => {
                self.depth += 1;
                Open::Kept
            }
            Tag::List(first) => Open::Lines(*first),
            _ => Open::Dropped,
        };
        if matches!(open, Open::Kept) {
            self.ready.push_back(Event::Start(tag));
        }
        self.open.push(open);
    }

    fn handle_end(&mut self, tag: TagEnd) {
        self.in_code &= tag != TagEnd::CodeBlock;
        match self.open.pop() {
            Some(Open::Kept) if tag == TagEnd::HtmlBlock => {
                self.line_ended = false;
                self.ready.push_back(Event::End(TagEnd::Paragraph));
            }
            Some(Open::Kept) => {
                if nests(&tag) {
                    self.depth = self.depth.saturating_sub(1);
                }
                self.ready.push_back(Event::End(tag));
            }
            Some(Open::Link) => {
                let link = self.link.take();
                if let Some((target, shown)) = &link
                    && shown.trim().is_empty()
                {
                    self.push_words(link::readable(target));
                }
                self.ready.push_back(link::end());
                if let Some((target, shown)) = link
                    && link::misleads(&shown, &target)
                {
                    self.push_address(&target);
                }
            }
            Some(Open::Address(target)) => self.push_address(&target),
            Some(Open::File(name)) => {
                self.ready.extend(reference::end(&name));
                let shown = self.link.take().map(|(_, shown)| shown).unwrap_or_default();
                let name = reference::readable(&name);
                if shown.trim() != name && link::misleads(&shown, &name) {
                    self.push_words(format!(" ({name})"));
                }
            }
            Some(Open::Picture(name)) => {
                self.in_picture = false;
                self.ready.extend(reference::end(&name));
            }
            Some(Open::Words(words)) => self.push_words(words),
            Some(Open::Target(target, before)) => {
                if self.shown == before {
                    self.push_address(&target);
                }
            }
            Some(Open::Dropped | Open::Lines(_)) | None => {}
        }
    }

    /// A code block begins. The words beside its fence, most often the name of its language, are a
    /// label in it.
    fn start_code(&mut self, words: &CowStr<'a>) {
        self.open.push(Open::Kept);
        let plain = CodeBlockKind::Fenced("".into());
        self.ready.push_back(Event::Start(Tag::CodeBlock(plain)));
        if !words.is_empty() {
            self.note_shown(words);
            self.ready.extend([
                Event::InlineHtml("<small>".into()),
                Event::Text(words.clone()),
                Event::InlineHtml("</small>".into()),
            ]);
        }
    }

    /// What to do at the end of a reference that is shown as text.
    fn open_words(&self, words: String, target: &str) -> Open {
        if words.is_empty() {
            Open::Target(target.to_owned(), self.shown)
        } else {
            Open::Words(words)
        }
    }

    /// An item of a list that is left out begins.
    fn start_line(&mut self) {
        let mark = match self.open.last_mut() {
            Some(Open::Lines(Some(number))) => {
                let mark = format!("{number}. ");
                *number = number.saturating_add(1);
                mark
            }
            Some(Open::Lines(None)) | None => "• ".to_owned(),
            Some(
                Open::Kept
                | Open::Dropped
                | Open::Link
                | Open::Address(_)
                | Open::File(_)
                | Open::Picture(_)
                | Open::Words(_)
                | Open::Target(..),
            ) => "• ".to_owned(),
        };
        self.ready.extend([Event::HardBreak, Event::Text(mark.into())]);
    }

    /// Lines of raw HTML, as text.
    fn handle_lines(&mut self, text: &str) {
        for line in text.split_inclusive('\n') {
            if std::mem::take(&mut self.line_ended) {
                self.ready.push_back(Event::HardBreak);
            }
            let shown = line.trim_end_matches(['\n', '\r']);
            self.line_ended = shown.len() < line.len();
            self.ready.push_back(Event::Text(shown.to_owned().into()));
        }
    }

    /// Text; a web address in it becomes a link, except within a link or code.
    fn handle_text(&mut self, text: CowStr<'a>) {
        // The placeholder for a form that could be filled in.
        if &*text == "?" && matches!(self.open.last(), Some(Open::Words(_))) {
            return;
        }
        self.note_shown(&text);
        if self.in_code || self.in_picture || self.link.is_some() {
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
        self.ready.push_back(link::start(address));
        self.ready.push_back(Event::Text(address.to_owned().into()));
        self.ready.push_back(link::end());
        if link::misleads(address, address) {
            self.push_address(address);
        }
    }

    fn push_address(&mut self, target: &str) {
        self.push_words(format!(" ({})", link::readable(target)));
    }

    fn push_words(&mut self, words: String) {
        self.note_shown(&words);
        self.ready.push_back(Event::Text(words.into()));
    }

    /// The event, its text cut to the remaining room; none if there is no room.
    fn fitting(&mut self, event: Event<'a>) -> Option<Event<'a>> {
        let text = match &event {
            Event::Text(text)
            | Event::Code(text)
            | Event::Html(text)
            | Event::InlineHtml(text)
            | Event::InlineMath(text)
            | Event::DisplayMath(text)
            | Event::FootnoteReference(text) => text,
            Event::Start(_)
            | Event::End(_)
            | Event::SoftBreak
            | Event::HardBreak
            | Event::Rule
            | Event::TaskListMarker(_) => return Some(event),
        };
        let mut left = self.bytes;
        let fits = |&(_, c): &(usize, char)| match left.checked_sub(html_bytes(c)) {
            Some(rest) => {
                left = rest;
                true
            }
            None => false,
        };
        let end = text.char_indices().take_while(fits).map(|(at, c)| at + c.len_utf8()).last();
        let end = end.unwrap_or(0);
        if end == text.len() {
            self.bytes = left;
            return Some(event);
        }
        self.cut = true;
        self.bytes = 0;
        match event {
            Event::Text(text) => Some(Event::Text(text.get(..end)?.to_owned().into())),
            Event::Code(text) => Some(Event::Code(text.get(..end)?.to_owned().into())),
            _ => None,
        }
    }

    /// Records text as shown for the enclosing link.
    fn note_shown(&mut self, text: &str) {
        self.shown += text.trim().len();
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
                let Some(room) = self.room.checked_sub(elements(&event)) else {
                    // The sanitiser closes open elements.
                    self.cut = true;
                    return None;
                };
                self.room = room;
                return self.fitting(event);
            }
            let event = self.events.next()?;
            self.handle(event);
        }
    }
}

/// How many elements the event adds to the page.
fn elements(event: &Event<'_>) -> usize {
    match event {
        Event::Start(Tag::CodeBlock(_)) => 2,
        Event::Start(_) | Event::InlineHtml(_) | Event::Code(_) => 1,
        Event::HardBreak | Event::Rule => 1,
        _ => 0,
    }
}

/// Bytes that a character of a text takes in HTML.
fn html_bytes(c: char) -> usize {
    match c {
        '&' => "&amp;".len(),
        '<' | '>' => "&lt;".len(),
        '\u{a0}' => "&nbsp;".len(),
        c => c.len_utf8(),
    }
}

/// Whether tags of this kind can be nested without end.
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
