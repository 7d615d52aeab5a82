//! Preprocessor of Markdown source. It removes meaning that people do not intend: a line of dashes
//! or equals signs under a text makes no heading of it, as it is a sign-off or a drawn line.
//!
//! It also keeps what Markdown leaves out: titles of links, marks without text, and cells without a
//! column.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, CowStr, Event, Tag, TagEnd, TextMergeWithOffset};

use super::definition;
use super::parser::parser;
use super::slide::Slides;

/// Line ends that Markdown does not know: vertical tab, form feed, NEL, and Unicode's own two.
const LINE_ENDS: [char; 5] = ['\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}'];

/// A line of this many dashes under a text is a rule.
const RULE_DASHES: usize = 3;

/// The text as it is given to the parser, so that nothing of it is left out.
pub(super) fn prepared(text: &str) -> Cow<'_, str> {
    if text.contains(LINE_ENDS) {
        Cow::Owned(definition::only_used(&text.replace(LINE_ENDS, "\n")).into_owned())
    } else {
        definition::only_used(text)
    }
}

/// The events of `source`, which is [`prepared`].
pub(super) fn events(source: &str) -> impl Iterator<Item = Event<'_>> {
    let events = TextMergeWithOffset::new(parser(source));
    Slides::new(Events {
        source,
        events,
        underline: None,
        ended: None,
        is_bare: false,
        titles: Vec::new(),
        cell_end: 0,
        is_empty: false,
        ready: VecDeque::new(),
    })
}

/// The beginning of a text, at most `max` bytes.
pub(super) fn clip(text: &str, max: usize) -> &str {
    text.get(..text.floor_char_boundary(max)).unwrap_or_default()
}

struct Events<'a, I> {
    source: &'a str,
    events: I,
    /// The line under a text that is shown as a paragraph instead of a heading.
    underline: Option<&'a str>,
    /// Where such a paragraph has ended, unless it continues in the next line.
    ended: Option<usize>,
    /// In a heading without text, shown as a paragraph.
    is_bare: bool,
    /// Titles of the enclosing links and images; empty for those without.
    titles: Vec<CowStr<'a>>,
    /// Where the last cell of a table ended.
    cell_end: usize,
    /// A quote or a code block has begun, and is empty so far.
    is_empty: bool,
    ready: VecDeque<Event<'a>>,
}

impl<'a, I: Iterator<Item = (Event<'a>, Range<usize>)>> Events<'a, I> {
    fn handle(&mut self, event: Event<'a>, range: Range<usize>) {
        let was_empty = std::mem::take(&mut self.is_empty);
        match event {
            Event::Start(Tag::Heading { .. }) if is_bare(self.text(range.clone())) => {
                self.is_bare = true;
                let mark = self.text(range).trim();
                self.start(Event::Start(Tag::Paragraph));
                self.ready.push_back(Event::Text(mark.into()));
            }
            Event::End(TagEnd::Heading(_)) if std::mem::take(&mut self.is_bare) => {
                self.ready.push_back(Event::End(TagEnd::Paragraph));
            }
            Event::Start(Tag::Heading { .. }) => {
                self.underline = underline(self.text(range.clone()));
                match self.underline {
                    Some(_) => self.start_paragraph(range.start),
                    None => self.start(event),
                }
            }
            Event::End(TagEnd::Heading(_)) => match self.underline.take() {
                Some(line) if line.len() >= RULE_DASHES && line.starts_with('-') => {
                    self.ready.extend([Event::End(TagEnd::Paragraph), Event::Rule]);
                }
                Some(line) => {
                    self.ready.extend([Event::HardBreak, Event::Text(line.into())]);
                    self.ended = Some(range.start + self.text(range).trim_end().len());
                }
                None => self.ready.push_back(event),
            },
            Event::Start(Tag::Paragraph) => self.start_paragraph(range.start),
            Event::Start(Tag::BlockQuote(_)) => {
                self.is_empty = true;
                self.start(event);
            }
            Event::End(TagEnd::BlockQuote(_)) if was_empty => {
                self.ready.extend([
                    Event::Start(Tag::Paragraph),
                    Event::Text(">".into()),
                    Event::End(TagEnd::Paragraph),
                    event,
                ]);
            }
            Event::Start(Tag::Link { ref title, .. } | Tag::Image { ref title, .. }) => {
                self.titles.push(title.clone());
                self.start(event);
            }
            Event::End(TagEnd::Link | TagEnd::Image) => {
                self.ready.push_back(event);
                let title = self.titles.pop().unwrap_or("".into());
                if !title.is_empty() {
                    self.ready.push_back(Event::Text(format!(" ({title})").into()));
                }
            }
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(ref info))) => {
                self.is_empty = info.is_empty();
                self.start(event);
            }
            Event::End(TagEnd::CodeBlock) if was_empty => {
                let fence = self.text(range).lines().next().unwrap_or_default();
                self.ready.extend([Event::Text(fence.into()), event]);
            }
            Event::End(TagEnd::TableCell) => {
                self.cell_end = range.end;
                self.ready.push_back(event);
            }
            Event::End(TagEnd::TableRow) => {
                let beside = self.text(self.cell_end..range.end);
                let beside = beside.trim_matches(|c: char| c == '|' || c.is_whitespace());
                if !beside.is_empty() {
                    self.ready.extend([
                        Event::Start(Tag::TableCell),
                        Event::Text(beside.into()),
                        Event::End(TagEnd::TableCell),
                    ]);
                }
                self.ready.push_back(event);
            }
            event => self.start(event),
        }
    }

    fn text(&self, range: Range<usize>) -> &'a str {
        self.source.get(range).unwrap_or_default()
    }

    /// Starts a paragraph, or continues the one before if there is no empty line between.
    fn start_paragraph(&mut self, at: usize) {
        let line_ends = |text: &str| text.replace("\r\n", "\n").matches(['\n', '\r']).count();
        let next_line = |end| line_ends(self.text(end..at)) <= 1;
        if self.ended.is_some_and(next_line) {
            self.ended = None;
            self.ready.push_back(Event::HardBreak);
        } else {
            self.start(Event::Start(Tag::Paragraph));
        }
    }

    /// Starts something other than a continued paragraph.
    fn start(&mut self, event: Event<'a>) {
        if self.ended.take().is_some() {
            self.ready.push_back(Event::End(TagEnd::Paragraph));
        }
        self.ready.push_back(event);
    }
}

impl<'a, I: Iterator<Item = (Event<'a>, Range<usize>)>> Iterator for Events<'a, I> {
    type Item = Event<'a>;

    fn next(&mut self) -> Option<Event<'a>> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            match self.events.next() {
                Some((event, range)) => self.handle(event, range),
                None => return self.ended.take().map(|_| Event::End(TagEnd::Paragraph)),
            }
        }
    }
}

/// Whether a heading has no text.
fn is_bare(heading: &str) -> bool {
    heading.chars().all(|c| c == '#' || c.is_whitespace())
}

/// The underline of a heading, if it has one.
fn underline(heading: &str) -> Option<&str> {
    let (_, last) = heading.trim_end().rsplit_once(['\n', '\r'])?;
    // Enclosing quotes are marked on each line.
    let line = last.trim_start_matches([' ', '\t', '>']).trim_end();
    line.trim_matches(['-', '=']).is_empty().then_some(line)
}
