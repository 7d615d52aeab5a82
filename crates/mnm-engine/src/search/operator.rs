//! Operators of a query: `from:`, `in:`, `tag:`, `has:`, `before:`, `after:`.

use super::word::{Word, phrase};
use crate::command::ThreadView;
use crate::view::Phrase;

const DAY_MS: i64 = 86_400_000;

/// A condition besides the words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Condition {
    /// The name of the author has this.
    From(Phrase),
    /// The thread is in this list.
    List(ThreadView),
    /// The service, a group in the thread, or the thread's subject has this.
    In(Phrase),
    /// The member has written it.
    FromMe,
    /// A tag of its thread has this name.
    Tag(Phrase),
    /// It has a file.
    File,
    /// It is unread.
    Unread,
    /// It came before this time.
    Before(i64),
    /// It came at this time or later.
    After(i64),
}

/// The condition that a word means; none for a plain word.
pub(super) fn parse(word: &Word) -> Option<Condition> {
    let value = word.value.as_str();
    match word.key.as_deref()? {
        // `me` is the member, whoever else has a name with it.
        "from" if value.eq_ignore_ascii_case("me") => Some(Condition::FromMe),
        "from" => phrase(value, true).map(Condition::From),
        "in" | "is" => match value.to_lowercase().as_str() {
            "inbox" => Some(Condition::List(ThreadView::Inbox)),
            "archive" | "archived" => Some(Condition::List(ThreadView::Archive)),
            "trash" => Some(Condition::List(ThreadView::Trash)),
            "starred" => Some(Condition::List(ThreadView::Starred)),
            "unread" => Some(Condition::Unread),
            _ => phrase(value, true).map(Condition::In),
        },
        "tag" => phrase(value, true).map(Condition::Tag),
        "has" => matches!(value, "file" | "files" | "attachment").then_some(Condition::File),
        "before" => day(value).map(|(first, _)| Condition::Before(first * DAY_MS)),
        "after" => day(value).map(|(_, last)| Condition::After((last + 1) * DAY_MS)),
        _ => None,
    }
}

/// The first and the last day since 1970 of a day, a month or a year, as in `2026-05-31`.
fn day(text: &str) -> Option<(i64, i64)> {
    let mut parts = text.split('-').map(|part| part.parse::<i64>().ok());
    let year = parts.next()?.filter(|year| (1970..=9999).contains(year))?;
    let month = match parts.next() {
        None => return Some((days(year, 1, 1), days(year, 12, 31))),
        Some(month) => month.filter(|month| (1..=12).contains(month))?,
    };
    let length = match month {
        12 => 31,
        _ => days(year, month + 1, 1) - days(year, month, 1),
    };
    let first = days(year, month, 1);
    match parts.next() {
        None => Some((first, first + length - 1)),
        Some(day) => {
            let day = day.filter(|day| (1..=length).contains(day))?;
            parts.next().is_none().then_some((first + day - 1, first + day - 1))
        }
    }
}

/// Days since 1970 of a date.
fn days(year: i64, month: i64, day: i64) -> i64 {
    // Years begin in March, so that the leap day comes last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
#[path = "operator_tests.rs"]
mod tests;
