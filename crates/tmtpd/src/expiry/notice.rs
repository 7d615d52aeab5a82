//! Notices written by the service: to authors whose messages did not reach a member, and to devices
//! that missed messages.
//!
//! Apps of revision 1 have no message for this, so a notice has the form of a letter: `delivery` from
//! [`Uid::SERVICE`], in the thread of the message it is about, in words for people. A notice that
//! opens a thread names its receiver as the only subscriber: apps of revision 1 assume that every
//! thread has one, and some crash without.
//!
//! [`Uid::SERVICE`]: tmtp::id::Uid::SERVICE

use std::collections::BTreeSet;

use bytes::Bytes;
use tmtp::event::MessageKind;
use tmtp::id::{MessageId, posted_text};
use tmtp::letter::{LetterHead, Subscriber};
use tmtp::request::Data;

use crate::directory::{Directory, Member, MemberNumber};
use crate::outgoing::Outgoing;
use tmtp_store::{DeviceNumber, NewData};

/// Members named in one notice; the others are counted.
const NAMED_MAX: usize = 5;

/// Writer of notices: the name they are sent under, and their time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NoticeWriter<'a> {
    /// The service's name for itself.
    pub(crate) name: &'a str,
    /// Now, Unix milliseconds.
    pub(crate) now_ms: i64,
}

/// A message that was not delivered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Undelivered {
    /// A post of this thread.
    Post(MessageId),
    /// A ping to this alias.
    Ping(String),
    /// An invitation to this group for this alias.
    Invitation(String, String),
}

/// Messages of one author to the same members, reported in one notice.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Return {
    pub(super) what: Undelivered,
    /// The members it did not reach, by names that the author may know.
    pub(super) members: Vec<String>,
}

/// When they were posted: the first, the last, and their number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Posted {
    pub(super) first: String,
    pub(super) last: String,
    pub(super) count: usize,
}

impl Return {
    /// The notice for all devices of the author.
    pub(super) fn notice(
        &self,
        writer: &NoticeWriter<'_>,
        reader: &Member,
        days: u64,
        posted: &Posted,
    ) -> Outgoing {
        let (whom, days) = (whom(&self.members), plural(days, "day"));
        let (thread, subject, what) = match &self.what {
            Undelivered::Post(thread) => (thread.to_string(), String::new(), "message"),
            Undelivered::Ping(to) => {
                (String::new(), format!("Not delivered: ping to {to}"), "ping")
            }
            Undelivered::Invitation(gid, to) => {
                let subject = format!("Not delivered: invitation of {to} to {gid}");
                (String::new(), subject, "invitation")
            }
        };
        let (which, it, was) = match posted.count {
            0 | 1 => (format!("Your {what} of {}", minute(&posted.first)), "it", "was"),
            count => {
                let (first, last) = (minute(&posted.first), minute(&posted.last));
                (format!("Your {count} {what}s from {first} to {last}"), "them", "were")
            }
        };
        let text = format!(
            "{which} {was} not delivered to {whom}. In {days} no device of theirs fetched {it}, so \
             the service has given {it} up. Nobody else is concerned. If it still matters, write \
             again, or reach them in another way."
        );
        writer.notice(reader, thread, subject, &text)
    }
}

impl NoticeWriter<'_> {
    /// For a device that was away for so long that messages for it were given up.
    pub(super) fn missing_messages(
        &self,
        reader: &Member,
        count: u64,
        device: DeviceNumber,
    ) -> Outgoing {
        let messages = plural(count, "message");
        let text = format!(
            "This device was away for so long that {messages} for it had to be given up. Your other \
             devices have those that they fetched. Of the others the authors were told that they did \
             not reach you."
        );
        let subject = "This device is missing messages".to_owned();
        Outgoing { devices: vec![device], ..self.notice(reader, String::new(), subject, &text) }
    }

    /// For the devices of a group post's author, when it does not reach these members.
    pub(crate) fn not_stored(
        &self,
        directory: &Directory,
        author: MemberNumber,
        unreached: &BTreeSet<MemberNumber>,
    ) -> Option<Outgoing> {
        let no_head = LetterHead::default();
        let names = unreached.iter().map(|member| name_of(directory, author, *member, &no_head));
        let whom = whom(&names.collect::<Vec<_>>());
        let text = format!(
            "Your message of just now was not delivered to {whom}. No device of theirs has fetched \
             anything for so long that their queues are full. Everybody else gets it."
        );
        let subject = format!("Not delivered to {whom}");
        Some(self.notice(directory.member(author)?, String::new(), subject, &text))
    }

    /// A notice for all devices of `reader`.
    fn notice(&self, reader: &Member, thread_id: String, subject: String, text: &str) -> Outgoing {
        let opens = thread_id.is_empty();
        let cc = opens.then(|| self.subscriber(reader)).into_iter().collect();
        let alias = self.name.to_owned();
        let mut bytes =
            LetterHead { thread_id, alias, subject, cc, ..LetterHead::default() }.pack();
        let head = bytes.len() as u64;
        bytes.extend_from_slice(text.as_bytes());
        let data = Data { len: bytes.len() as u64, head, sum: 0 };
        let body = NewData::Inline(Bytes::from(bytes));
        let devices = reader.devices.iter().map(|device| device.number).collect();
        Outgoing {
            kind: MessageKind::Delivery { notify: None, groups: Vec::new() },
            data,
            body,
            devices,
            from_service: true,
        }
    }

    /// The subscriber that apps of revision 1 need in a new thread.
    fn subscriber(&self, reader: &Member) -> Subscriber {
        let (alias, uid) = (reader.aliases.first(), reader.uid.to_string());
        let alias = alias.map_or_else(String::new, ToString::to_string);
        Subscriber {
            who: alias.clone(),
            who_uid: uid.clone(),
            by: alias,
            by_uid: uid,
            date: posted_text(self.now_ms),
            note: String::new(),
            subscribe: true,
        }
    }
}

/// "A, B and C", or "A, B and 7 more members".
fn whom(members: &[String]) -> String {
    let shown = if members.len() > NAMED_MAX { NAMED_MAX - 1 } else { members.len() };
    let (named, others) = members.split_at(shown);
    let named: Vec<_> = named.iter().map(|name| escaped(name)).collect();
    match (named.split_last(), others.len()) {
        (None, _) => String::new(),
        (Some((only, [])), 0) => only.clone(),
        (Some((last, rest)), 0) => format!("{} and {last}", rest.join(", ")),
        (Some(_), more) => {
            format!("{} and {}", named.join(", "), plural(more as u64, "more member"))
        }
    }
}

/// Notices are Markdown; names must appear literally.
fn escaped(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for character in name.chars() {
        if "\\`*_[]<>&~|:.".contains(character) {
            text.push('\\');
        }
        text.push(character);
    }
    text
}

fn plural(count: u64, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        count => format!("{count} {noun}s"),
    }
}

/// `2026-11-22T15:04:05.000Z` to the minute, as people write it.
fn minute(posted: &str) -> String {
    match (posted.get(..10), posted.get(11..16)) {
        (Some(day), Some(time)) => format!("{day} {time} UTC"),
        _ => posted.to_owned(),
    }
}

/// A name for `member` that the author may know: the alias used in the letter, the alias in a group
/// of both, their only alias; else their uid, which the author has written to.
pub(super) fn name_of(
    directory: &Directory,
    author: MemberNumber,
    member: MemberNumber,
    head: &LetterHead,
) -> String {
    let Some(record) = directory.member(member) else { return String::new() };
    let named = head.cc.iter().find(|named| named.who_uid == record.uid.as_str());
    let named = named.map(|named| named.who.as_str()).filter(|alias| record.has_alias(alias));
    let in_group = || {
        let mut groups = directory.groups_of_both(author, member);
        groups.find_map(|group| group.record(member)).map(|record| record.alias.as_str())
    };
    let only = || match record.aliases.as_slice() {
        [alias] => Some(&**alias),
        _ => None,
    };
    named.or_else(in_group).or_else(only).unwrap_or(record.uid.as_str()).to_owned()
}
