//! Slide marks, as in other apps: a line of only `:::` or `:::>` in a paragraph is shown as a rule.

use std::collections::VecDeque;

use pulldown_cmark::{Event, Tag, TagEnd};

/// Events in which slide marks are rules.
pub(super) struct Slides<'a, I> {
    events: I,
    /// Events read ahead.
    ahead: VecDeque<Event<'a>>,
    /// Nesting of the next event, from the last paragraph on; none before the first. Outside of a paragraph no
    /// line ends.
    open: Option<usize>,
    /// A paragraph that continues after a mark and has not been reopened.
    pending: bool,
}

impl<'a, I: Iterator<Item = Event<'a>>> Slides<'a, I> {
    pub(super) fn new(events: I) -> Self {
        Self { events, ahead: VecDeque::new(), open: None, pending: false }
    }

    fn peek(&mut self, index: usize) -> Option<&Event<'a>> {
        while self.ahead.len() <= index {
            self.ahead.push_back(self.events.next()?);
        }
        self.ahead.get(index)
    }

    fn take(&mut self) -> Option<Event<'a>> {
        self.ahead.pop_front().or_else(|| self.events.next())
    }

    /// Whether a line that is only a mark comes next.
    fn is_at_mark(&mut self) -> bool {
        matches!(self.peek(0), Some(Event::Text(text)) if matches!(text.trim_end(), ":::" | ":::>"))
            && matches!(
                self.peek(1),
                Some(Event::SoftBreak | Event::HardBreak | Event::End(TagEnd::Paragraph))
            )
    }
}

impl<'a, I: Iterator<Item = Event<'a>>> Iterator for Slides<'a, I> {
    type Item = Event<'a>;

    fn next(&mut self) -> Option<Event<'a>> {
        if self.pending {
            if self.is_at_mark() {
                self.ahead.pop_front();
                self.pending = matches!(self.take()?, Event::SoftBreak | Event::HardBreak);
                self.open = self.pending.then_some(0);
                return Some(Event::Rule);
            }
            self.pending = false;
            return Some(Event::Start(Tag::Paragraph));
        }
        let event = self.take()?;
        let is_line_end = matches!(event, Event::SoftBreak | Event::HardBreak);
        match &event {
            Event::Start(Tag::Paragraph) => {
                self.open = Some(0);
                if self.is_at_mark() {
                    self.pending = true;
                    return self.next();
                }
            }
            Event::Start(_) => self.open = self.open.map(|open| open + 1),
            Event::End(_) => self.open = self.open.map(|open| open.saturating_sub(1)),
            _ if is_line_end && self.open == Some(0) && self.is_at_mark() => {
                self.pending = true;
                return Some(Event::End(TagEnd::Paragraph));
            }
            _ => {}
        }
        Some(event)
    }
}
