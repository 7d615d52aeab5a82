//! Report: one line about one piece of news, for programs and for people.
//!
//! The JSON is a contract, which docs/guide.md describes: a field is never renamed or removed, and readers
//! pass over events and fields that they do not know.

use jiff::Timestamp;
use mnm_engine::view::{AccountId, Link, Message, MessageRowId, PartyKind, Ping, PingId, ThreadId};
use serde::Serialize;
use tmtp::{
    id::{Gid, Uid, UidOrGid},
    text::without_heaps,
};

use super::super::letter::{not_reached, party};
use super::tracker::News;
use crate::print::{Look, inline, json, plural};

/// A line.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct Report {
    #[serde(flatten)]
    what: What,
    /// RFC 3339, in UTC.
    time: String,
    #[serde(skip)]
    at_ms: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<AccountId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<String>,
}

/// What happened.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(in crate::cli) enum What {
    Watching,
    Service {
        state: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
    Letter(Letter),
    Notice(Letter),
    Queued(Letter),
    Sent {
        #[serde(flatten)]
        letter: Letter,
        not_reached: Vec<String>,
    },
    Failed {
        #[serde(flatten)]
        letter: Letter,
        error: String,
    },
    Ping(Contacted),
    Invitation(Contacted),
    Accepted(Contacted),
    PingFailed {
        #[serde(flatten)]
        ping: Contacted,
        error: String,
    },
    Missed,
    /// Which thread a chat is in, if there is one.
    Chat {
        thread: Option<ThreadId>,
        with: String,
        with_uid: Uid,
    },
    /// Something to be told to whoever writes in a chat.
    Note {
        message: String,
    },
    End {
        reason: End,
        #[serde(skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    },
}

/// Why it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::cli) enum End {
    /// By a signal, or by `mnm stop`.
    Stopped,
    /// Nobody reads the output.
    Unread,
    /// The member has said so.
    Quit,
    /// The app that the command was connected to has ended.
    AppEnded,
}

/// A letter, from or to the member.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct Letter {
    id: MessageRowId,
    thread: ThreadId,
    from: String,
    from_uid: UidOrGid,
    from_kind: PartyKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    forwarded_by: Option<String>,
    subject: String,
    files: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// As lists show the author.
    #[serde(skip)]
    shown_from: String,
    #[serde(skip)]
    missed: Vec<String>,
}

/// A ping or an invitation.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct Contacted {
    id: PingId,
    from: String,
    from_uid: Uid,
    to: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<Gid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

impl Letter {
    /// A letter, with its text if that is asked for.
    pub(in crate::cli) fn new(message: &Message, subject: String, with_text: bool) -> Self {
        let name = |party: &mnm_engine::view::Party| match party.alias.is_empty() {
            true => party.uid.as_str().to_owned(),
            false => party.alias.clone(),
        };
        Self {
            id: message.id,
            thread: message.thread,
            from: name(&message.from),
            from_uid: message.from.uid.clone(),
            from_kind: message.from.kind,
            forwarded_by: message.forwarded.as_ref().map(|forwarded| name(&forwarded.by)),
            subject,
            files: message.attachments.len() as u64,
            text: with_text.then(|| without_heaps(&message.text).into_owned()),
            shown_from: party(&message.from),
            missed: not_reached(message),
        }
    }

    /// That it arrived.
    pub(in crate::cli) fn arrived(self) -> What {
        match self.from_kind {
            PartyKind::Service => What::Notice(self),
            PartyKind::Me
            | PartyKind::Contact
            | PartyKind::Stranger
            | PartyKind::Claimed
            | PartyKind::Group => What::Letter(self),
        }
    }

    /// That the service has it.
    pub(in crate::cli) fn sent(mut self) -> What {
        let not_reached = std::mem::take(&mut self.missed);
        What::Sent { letter: self, not_reached }
    }
}

impl Contacted {
    fn new(ping: &Ping, with_text: bool) -> Self {
        Self {
            id: ping.id,
            from: ping.from.clone(),
            from_uid: ping.from_uid.clone(),
            to: ping.to.clone(),
            group: ping.group.clone(),
            text: with_text.then(|| ping.text.clone()),
        }
    }
}

impl Report {
    /// Something of this moment, about no account.
    pub(in crate::cli) fn now(what: What) -> Self {
        Self::at(Look::here().now_ms(), what)
    }

    fn at(at_ms: i64, what: What) -> Self {
        let time = Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH);
        let time = time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
        Self { what, time, at_ms, account: None, service: None }
    }

    /// That it is about an account.
    pub(in crate::cli) fn of(self, account: AccountId, service: String) -> Self {
        Self { account: Some(account), service: Some(service), ..self }
    }

    /// A report of a letter, at its own time.
    pub(in crate::cli) fn letter(message: &Message, service: String, what: What) -> Self {
        Self::at(message.at_ms, what).of(message.account, service)
    }

    /// A report of news; `subject` is that of its letter.
    pub(in crate::cli) fn new(
        news: &News,
        service: String,
        subject: String,
        with_text: bool,
    ) -> Self {
        let letter = |message| Letter::new(message, subject, with_text);
        match news {
            News::Arrived(message) => Self::letter(message, service, letter(message).arrived()),
            News::Queued(message) => Self::letter(message, service, What::Queued(letter(message))),
            News::Sent(message) => Self::letter(message, service, letter(message).sent()),
            News::Failed(message, error) => {
                let what = What::Failed { letter: letter(message), error: error.clone() };
                Self::now(what).of(message.account, service)
            }
            News::Pinged(ping) => {
                let contacted = Contacted::new(ping, with_text);
                let what = match ping.group {
                    Some(_) => What::Invitation(contacted),
                    None => What::Ping(contacted),
                };
                Self::at(ping.at_ms, what).of(ping.account, service)
            }
            News::Accepted(ping) => {
                let what = What::Accepted(Contacted::new(ping, false));
                Self::now(what).of(ping.account, service)
            }
            News::PingFailed(ping, error) => {
                let contacted = Contacted::new(ping, with_text);
                let what = What::PingFailed { ping: contacted, error: error.clone() };
                Self::now(what).of(ping.account, service)
            }
            News::Link(account, link) => {
                let (state, error) = match link {
                    Some(Link::Online { .. }) => ("online", None),
                    Some(Link::Connecting) => ("connecting", None),
                    Some(Link::Offline { error, .. }) => ("offline", Some(error.clone())),
                    Some(Link::Refused { error, .. }) => ("refused", Some(error.clone())),
                    None => ("removed", None),
                };
                Self::now(What::Service { state, error }).of(*account, service)
            }
            News::Missed => Self::now(What::Missed),
        }
    }

    /// The JSON object.
    pub(in crate::cli) fn document(&self) -> String {
        json(self)
    }

    /// The line for people, with the text of a letter behind a bar below it.
    pub(in crate::cli) fn line(&self, look: &Look) -> String {
        let service = self.service.as_deref().map(|name| format!("{}: ", inline(name)));
        let (told, text) = self.what.told();
        let at = look.minute(self.at_ms) + "  ";
        let told = look.line(at.len(), &format!("{}{told}", service.unwrap_or_default()));
        let mut line = look.dim(at) + &told;
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            line.push_str(&format!("\n  │ {}", look.block(text, "  │ ")));
        }
        line
    }
}

impl What {
    /// In words, and the text that others have written.
    fn told(&self) -> (String, Option<&String>) {
        match self {
            Self::Watching => ("watching; Ctrl-C ends it".to_owned(), None),
            Self::Service { state, error } => {
                let why = error.as_ref().map(|error| format!(". {}", inline(error)));
                ((*state).to_owned() + &why.unwrap_or_default(), None)
            }
            Self::Letter(letter) => {
                let by = letter.forwarded_by.as_ref();
                let by = by.map(|by| format!(", forwarded by {}", inline(by))).unwrap_or_default();
                let from = format!("letter from {}{by}", letter.shown_from);
                (format!("{from}, {}", letter.place()), letter.text.as_ref())
            }
            Self::Notice(letter) => {
                (format!("notice of the service, {}", letter.place()), letter.text.as_ref())
            }
            Self::Queued(letter) => (format!("queued, {}", letter.place()), letter.text.as_ref()),
            Self::Sent { letter, not_reached } => {
                let missed: String = not_reached.iter().map(|line| format!("; {line}")).collect();
                (format!("sent, {}{missed}", letter.place()), letter.text.as_ref())
            }
            Self::Failed { letter, error } => {
                (format!("not sent, {}. {}", letter.place(), inline(error)), letter.text.as_ref())
            }
            Self::Ping(ping) => {
                (format!("ping {} from {}", ping.id, inline(&ping.from)), ping.text.as_ref())
            }
            Self::Invitation(ping) => (
                format!("invitation {} to {} from {}", ping.id, ping.group(), inline(&ping.from)),
                ping.text.as_ref(),
            ),
            Self::Accepted(ping) => match ping.group {
                Some(_) => (format!("{} joined {}", inline(&ping.to), ping.group()), None),
                None => (format!("{} accepted your ping", inline(&ping.to)), None),
            },
            Self::PingFailed { ping, error } => (
                format!("refused, ping {} to {}. {}", ping.id, inline(&ping.to), inline(error)),
                ping.text.as_ref(),
            ),
            Self::Missed => {
                ("some news was missed; `mnm inbox --unread` lists what came".to_owned(), None)
            }
            Self::Chat { with, .. } => (format!("chat with {}", inline(with)), None),
            Self::Note { message } => (inline(message), None),
            Self::End { .. } => ("the end".to_owned(), None),
        }
    }
}

impl Letter {
    fn place(&self) -> String {
        let subject = match self.subject.as_str() {
            "" => "(no subject)".to_owned(),
            subject => inline(subject),
        };
        let files = match self.files {
            0 => String::new(),
            files => format!(", with {}", plural(files, "file")),
        };
        format!("thread {}: {subject}{files}", self.thread)
    }
}

impl Contacted {
    fn group(&self) -> String {
        self.group.as_ref().map(|group| inline(group.as_str())).unwrap_or_default()
    }
}
