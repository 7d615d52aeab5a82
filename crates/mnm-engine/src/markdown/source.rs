//! A Markdown text as the parser's events, without what people do not mean: a line of dashes or equals
//! signs under a text makes no heading of it. It is a sign-off, or a line that somebody drew.

use std::collections::VecDeque;
use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, TextMergeWithOffset};

use super::slide::Slides;

/// A line of so many dashes under a text is a line across.
const RULE_DASHES: usize = 3;

/// The events of `source`.
pub(super) fn events(source: &str) -> impl Iterator<Item = Event<'_>> {
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let parser = Parser::new_ext(source, options).into_offset_iter();
    let events = TextMergeWithOffset::new(parser);
    Slides::new(Events { source, events, underline: None, ended: None, ready: VecDeque::new() })
}

/// The beginning of a text, at most `max` bytes.
pub(super) fn clip(text: &str, max: usize) -> &str {
    let mut end = max.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

struct Events<'a, I> {
    source: &'a str,
    events: I,
    /// What stands under the text that is shown as a paragraph instead of a heading.
    underline: Option<&'a str>,
    /// Where such a paragraph has ended, unless it goes on in the next line.
    ended: Option<usize>,
    ready: VecDeque<Event<'a>>,
}

impl<'a, I: Iterator<Item = (Event<'a>, Range<usize>)>> Events<'a, I> {
    fn handle(&mut self, event: Event<'a>, range: Range<usize>) {
        match event {
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
            event => self.start(event),
        }
    }

    fn text(&self, range: Range<usize>) -> &'a str {
        self.source.get(range).unwrap_or_default()
    }

    /// A paragraph begins, or the one before goes on: there is no empty line between.
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

    /// Something else than a paragraph that goes on.
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

/// The line that makes a heading of the text above it, if it is one of that kind.
fn underline(heading: &str) -> Option<&str> {
    let (_, last) = heading.trim_end().rsplit_once(['\n', '\r'])?;
    // Quotes around it are marked on each line.
    let line = last.trim_start_matches([' ', '\t', '>']).trim_end();
    let is_line = |mark| !line.is_empty() && line.chars().all(|c| c == mark);
    (is_line('-') || is_line('=')).then_some(line)
}
