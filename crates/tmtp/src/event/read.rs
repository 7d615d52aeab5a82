//! Reading: events and messages from the headers that a service sends.

use super::{BadEvent, Event, Message, MessageKind, Outcome};
use crate::head::{RawEvent, headsum_holds};
use crate::id::{Alias, MessageId, Uid};
use crate::request::{Data, OhiMember};

impl Event {
    /// Reads a header (without `hhhh`).
    ///
    /// # Errors
    /// [`BadEvent`]; the link cannot be trusted any more.
    pub fn read(head: &[u8]) -> Result<Self, BadEvent> {
        let mut raw: RawEvent = serde_json::from_slice(head).map_err(|_| BadEvent::Form)?;
        let op = raw.op.as_deref().ok_or(BadEvent::Form)?;
        Ok(match op {
            "tmtprev" => Self::TmtpRev {
                revision: required(raw.id)?,
                name: raw.name,
                authby: raw.authby.filter(|_| raw.auth.unwrap_or(0) != 0),
                groups: raw.groups == Some(serde_json::Value::Bool(true)),
            },
            "registered" => Self::Registered {
                uid: required(raw.uid)?,
                nodeid: required(raw.nodeid)?,
                error: raw.error,
            },
            "info" => Self::LoginOk {
                ohi: raw.ohi.unwrap_or_default().into_iter().map(Uid::from).collect(),
            },
            "ack" => Self::Ack { outcome: raw.outcome(), id: required(raw.id)? },
            "ohi" => Self::Ohi { from: required(raw.from)?, online: raw.status == Some(1) },
            "quit" => Self::Quit { error: raw.error.unwrap_or_default() },
            "login" | "user" | "ohiedit" | "invite" | "member" | "delivery" | "notify" | "ping" => {
                let headsum = raw.headsum.ok_or(BadEvent::Form)?;
                if !headsum_holds(head, headsum) {
                    return Err(BadEvent::Headsum);
                }
                Self::Message(Box::new(raw.message()?))
            }
            op => {
                let unknown = Self::Unknown { op: op.into(), datalen: raw.datalen.unwrap_or(0) };
                let kind = MessageKind::Other { op: op.into() };
                raw.message_of(kind).map_or(unknown, |message| Self::Message(Box::new(message)))
            }
        })
    }

    /// Reads the header of a message whatever its headsum says, as one of unknown meaning: none of
    /// what it says of itself is believed but what an ack needs.
    ///
    /// # Errors
    /// [`BadEvent::Form`].
    pub fn read_unsummed(head: &[u8]) -> Result<Self, BadEvent> {
        let raw: RawEvent = serde_json::from_slice(head).map_err(|_| BadEvent::Form)?;
        let kind = MessageKind::Other { op: raw.op.clone().unwrap_or_default() };
        Ok(Self::Message(Box::new(raw.message_of(kind)?)))
    }
}

impl RawEvent {
    fn outcome(&mut self) -> Outcome {
        let error = self.error.take().filter(|text| !text.is_empty());
        match (error, self.msgid.take().as_deref().and_then(MessageId::from_wire)) {
            (Some(error), _) => {
                Outcome::Refused { error, of: self.refused.take().map(texts).unwrap_or_default() }
            }
            (None, Some(msgid)) => {
                let posted = self.posted.clone().unwrap_or_default();
                Outcome::Posted { msgid, posted, to: self.to.take().map(Alias::from) }
            }
            (None, None) => Outcome::Done,
        }
    }

    fn message(mut self) -> Result<Message, BadEvent> {
        let kind = self.take_kind()?;
        self.message_of(kind)
    }

    fn message_of(self, kind: MessageKind) -> Result<Message, BadEvent> {
        let data = Data {
            len: self.datalen.unwrap_or(0),
            head: self.datahead.unwrap_or(0),
            sum: self.datasum.unwrap_or(0),
        };
        if data.head > data.len {
            return Err(BadEvent::Form);
        }
        let id = message_id(self.id)?;
        Ok(Message { id, from: required(self.from)?, posted: required(self.posted)?, data, kind })
    }

    fn take_kind(&mut self) -> Result<MessageKind, BadEvent> {
        Ok(match self.op.as_deref().unwrap_or_default() {
            "login" => MessageKind::Login { node: self.node.take().unwrap_or_default() },
            "user" => match self.newalias.take().filter(|alias| !alias.is_empty()) {
                Some(alias) => MessageKind::NewAlias { alias: alias.into() },
                None => MessageKind::NewNode {
                    label: self.newnode.take().unwrap_or_default(),
                    nodeid: required(self.nodeid.take())?,
                },
            },
            "ohiedit" => MessageKind::OhiEdit {
                act: self.kind.take().unwrap_or_default(),
                members: self
                    .to_list
                    .take()
                    .unwrap_or_default()
                    .into_iter()
                    .filter_map(|raw| {
                        Some(OhiMember { uid: raw.id?.into(), kind: raw.kind.unwrap_or(0) })
                    })
                    .collect(),
            },
            "invite" => MessageKind::Invite {
                gid: required(self.gid.take())?,
                alias: alias(self.alias.take()),
                to: alias(self.to.take()),
            },
            "member" => MessageKind::Member {
                act: required(self.act.take())?,
                gid: required(self.gid.take())?,
                alias: alias(self.alias.take()),
                newalias: optional(self.newalias.take()),
                uid: optional(self.uid.take()),
            },
            "delivery" => MessageKind::Delivery {
                notify: self.notify,
                groups: self.groups.take().map(texts).unwrap_or_default(),
            },
            "notify" => MessageKind::Notify {
                postid: message_id(self.postid.take())?,
                groups: self.groups.take().map(texts).unwrap_or_default(),
                copied: self.copied.take().filter(serde_json::Value::is_array).map(texts),
            },
            _ => MessageKind::Ping { alias: alias(self.alias.take()), to: alias(self.to.take()) },
        })
    }
}

/// The texts of a list; anything else is passed over.
fn texts<T: for<'a> From<&'a str>>(value: serde_json::Value) -> Vec<T> {
    match value {
        serde_json::Value::Array(items) => {
            items.iter().filter_map(|item| item.as_str().map(T::from)).collect()
        }
        _ => Vec::new(),
    }
}

/// A name that is there or not.
fn alias(text: Option<String>) -> Alias {
    text.map(Alias::from).unwrap_or_default()
}

/// An empty text is as good as none.
fn optional<T: From<String>>(text: Option<String>) -> Option<T> {
    text.filter(|text| !text.is_empty()).map(T::from)
}

fn required<T: From<String>>(text: Option<String>) -> Result<T, BadEvent> {
    optional(text).ok_or(BadEvent::Form)
}

fn message_id(text: Option<String>) -> Result<MessageId, BadEvent> {
    text.as_deref().and_then(MessageId::from_wire).ok_or(BadEvent::Form)
}
