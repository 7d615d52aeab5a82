//! What a service tells an app.
//!
//! Answers ([`Event`]) are made for one link and forgotten. Messages ([`Message`]) are stored for
//! each device until it acknowledges them; their packed heads carry a headsum and stay the same,
//! byte for byte, however often they are sent.

use crate::head::{HeadTooLong, HeadWriter, LENGTH_BYTES, RawEvent, headsum_holds, write_text};
use crate::id::{MessageId, posted_text};
use crate::request::{Data, OhiMember};

/// What a service sends.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Answer to TmtpRev.
    TmtpRev {
        /// The revision spoken on this link.
        id: String,
        /// The service's name for itself.
        name: Option<String>,
        /// Who authenticates members here, as the service put it; none for open registration.
        authby: Option<serde_json::Value>,
    },
    /// Answer to Register.
    Registered {
        /// The new member.
        uid: String,
        /// The first device's secret.
        nodeid: String,
        /// Why the alias was refused, if it was; the account exists all the same.
        error: Option<String>,
    },
    /// The link is logged in.
    LoginOk {
        /// Members online who share their presence with this one.
        ohi: Vec<String>,
    },
    /// Answer to a request.
    Ack {
        /// The request's id.
        id: String,
        /// What became of it.
        outcome: Outcome,
    },
    /// Somebody's presence.
    Ohi {
        /// Who.
        from: String,
        /// Online (1) or offline (2).
        online: bool,
    },
    /// The service ends the link.
    Quit {
        /// Why, in the service's words.
        error: String,
    },
    /// A stored message; its data, if any, follows.
    Message(Box<Message>),
    /// Something this revision does not know and that is no message; its data, if any, follows.
    Unknown {
        /// The op.
        op: String,
        /// Bytes that follow.
        datalen: u64,
    },
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Done; nothing was posted by the request itself.
    Done,
    /// Accepted as a message.
    Posted {
        /// Its id.
        msgid: String,
        /// When, RFC 3339.
        posted: String,
    },
    /// Refused.
    Refused {
        /// Why.
        error: String,
        /// Uids of the recipients because of whom, when the others could have been reached. Ours beyond
        /// revision 1 (`refused`): a service that does not know it leaves it out.
        of: Vec<String>,
    },
}

/// A message to a device. `(std)` in the protocol's description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Id, rising.
    pub id: MessageId,
    /// Uid of the sender.
    pub from: String,
    /// When the service accepted it, RFC 3339.
    pub posted: String,
    /// The data that follows.
    pub data: Data,
    /// What it is.
    pub kind: MessageKind,
}

/// What a message to a device is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MessageKind {
    /// A device of the member logged in.
    Login {
        /// Reserved: `tbd`.
        node: String,
    },
    /// A device was added to the member's account.
    NewNode {
        /// Its label.
        label: String,
        /// Its secret.
        nodeid: String,
    },
    /// An alias was added to the member's account.
    NewAlias {
        /// The alias.
        alias: String,
    },
    /// The member's presence list changed from another device.
    OhiEdit {
        /// `add` or `drop`.
        act: String,
        /// The members.
        members: Vec<OhiMember>,
    },
    /// A ping that lets the addressee join a group.
    Invite {
        /// The group.
        gid: String,
        /// Alias of the sender.
        alias: String,
        /// Alias of the addressee.
        to: String,
    },
    /// A group changed.
    Member {
        /// `invite`, `join`, `alias` or `drop`.
        act: String,
        /// The group.
        gid: String,
        /// Whom it is about.
        alias: String,
        /// Their new alias, for `alias`.
        newalias: Option<String>,
    },
    /// A post.
    Delivery {
        /// For a PostNotify: how many were named to be notified, the sender included.
        notify: Option<u64>,
        /// Groups it was posted to, which the sender may post to. Ours beyond revision 1 (`groups`): a
        /// service that does not know it leaves it out.
        groups: Vec<String>,
    },
    /// The notification of a PostNotify.
    Notify {
        /// Id of the message it is about.
        postid: String,
    },
    /// A first contact.
    Ping {
        /// Alias of the sender.
        alias: String,
        /// Alias of the addressee.
        to: String,
    },
    /// Something that this revision does not know, or whose head does not match its headsum. A device
    /// acknowledges it like all messages, or it would come again for ever.
    Other {
        /// The op.
        op: String,
    },
}

/// Why a message from a service cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadEvent {
    /// Not an object, a key of the wrong type, a required key missing.
    #[error("the service sent a header that is not of the protocol's form")]
    Form,
    /// The headsum does not match the header.
    #[error("the service sent a header that does not match its checksum")]
    Headsum,
}

impl Message {
    /// A message accepted by the service now.
    pub fn new(id: MessageId, from: &str, posted_ms: i64, data: Data, kind: MessageKind) -> Self {
        Self { id, from: from.into(), posted: posted_text(posted_ms), data, kind }
    }

    /// Whether it is delivered before others that wait: messages about the account itself.
    pub fn is_urgent(&self) -> bool {
        matches!(self.kind, MessageKind::NewNode { .. } | MessageKind::NewAlias { .. })
    }

    /// `hhhh` and header with headsum, ready to be stored and sent; the data follows.
    ///
    /// # Errors
    /// When names and lists do not fit into a header.
    pub fn pack(&self) -> Result<Vec<u8>, HeadTooLong> {
        let mut head = HeadWriter::new();
        let id = self.id.to_string();
        // One order for all kinds: the keys in byte order, each kind naming those it has.
        let keys = self.keys();
        head.text_if("act", keys.act)
            .text_if("alias", keys.alias)
            .number_if("datahead", Some(self.data.head).filter(|head| *head > 0))
            .number("datalen", self.data.len)
            .number_if("datasum", Some(self.data.sum).filter(|sum| *sum > 0));
        if let MessageKind::OhiEdit { members, .. } = &self.kind {
            head.list("for", members, write_ohi_member);
        }
        head.text("from", &self.from).text_if("gid", keys.gid);
        if let MessageKind::Delivery { groups, .. } = &self.kind
            && !groups.is_empty()
        {
            head.list("groups", groups, |out, gid| write_text(out, gid));
        }
        head.text("id", &id)
            .text_if("newalias", keys.newalias)
            .text_if("newnode", keys.newnode)
            .text_if("node", keys.node)
            .text_if("nodeid", keys.nodeid)
            .number_if("notify", keys.notify)
            .text("op", keys.op)
            .text("posted", &self.posted)
            .text_if("postid", keys.postid)
            .text_if("to", keys.to)
            .text_if("type", keys.kind);
        head.finish_with_headsum()
    }

    fn keys(&self) -> Keys<'_> {
        let keys = Keys::default();
        match &self.kind {
            MessageKind::Login { node } => Keys { op: "login", node: Some(node), ..keys },
            MessageKind::NewNode { label, nodeid } => {
                Keys { op: "user", newnode: Some(label), nodeid: Some(nodeid), ..keys }
            }
            MessageKind::NewAlias { alias } => Keys { op: "user", newalias: Some(alias), ..keys },
            MessageKind::OhiEdit { act, .. } => Keys { op: "ohiedit", kind: Some(act), ..keys },
            MessageKind::Invite { gid, alias, to } => {
                Keys { op: "invite", gid: Some(gid), alias: Some(alias), to: Some(to), ..keys }
            }
            MessageKind::Member { act, gid, alias, newalias } => Keys {
                op: "member",
                act: Some(act),
                gid: Some(gid),
                alias: Some(alias),
                newalias: newalias.as_deref(),
                ..keys
            },
            MessageKind::Delivery { notify, .. } => {
                Keys { op: "delivery", notify: *notify, ..keys }
            }
            MessageKind::Notify { postid } => Keys { op: "notify", postid: Some(postid), ..keys },
            MessageKind::Other { op } => Keys { op, ..keys },
            MessageKind::Ping { alias, to } => {
                Keys { op: "ping", alias: Some(alias), to: Some(to), ..keys }
            }
        }
    }
}

/// The keys of a message's header that differ by kind.
#[derive(Default)]
struct Keys<'a> {
    op: &'a str,
    act: Option<&'a str>,
    alias: Option<&'a str>,
    gid: Option<&'a str>,
    newalias: Option<&'a str>,
    newnode: Option<&'a str>,
    node: Option<&'a str>,
    nodeid: Option<&'a str>,
    notify: Option<u64>,
    postid: Option<&'a str>,
    to: Option<&'a str>,
    kind: Option<&'a str>,
}

/// The deployed services echo these two keys capitalised.
fn write_ohi_member(out: &mut Vec<u8>, member: &OhiMember) {
    out.extend_from_slice(b"{\"Id\":");
    write_text(out, &member.uid);
    out.extend_from_slice(format!(",\"Type\":{}}}", member.kind).as_bytes());
}

impl Event {
    /// `hhhh` and header, ready to be sent; the data of a message follows.
    ///
    /// # Errors
    /// When what is echoed does not fit into a header.
    pub fn pack(&self) -> Result<Vec<u8>, HeadTooLong> {
        let mut head = HeadWriter::new();
        match self {
            Self::TmtpRev { id, name, authby } => {
                if let Some(authby) = authby {
                    head.number("auth", 1).value("authby", authby);
                }
                head.text("id", id).text_if("name", name.as_deref()).text("op", "tmtprev");
            }
            Self::Registered { uid, nodeid, error } => {
                head.text_if("error", error.as_deref())
                    .text("nodeid", nodeid)
                    .text("op", "registered")
                    .text("uid", uid);
            }
            Self::LoginOk { ohi } => {
                head.text("info", "login ok");
                if !ohi.is_empty() {
                    head.list("ohi", ohi, |out, uid| write_text(out, uid));
                }
                head.text("op", "info");
            }
            Self::Ack { id, outcome } => {
                match outcome {
                    Outcome::Done => head.text("id", id).text("op", "ack"),
                    Outcome::Posted { msgid, posted } => head
                        .text("id", id)
                        .text("msgid", msgid)
                        .text("op", "ack")
                        .text("posted", posted),
                    Outcome::Refused { error, of } => {
                        head.text("error", error).text("id", id).text("op", "ack");
                        match of.is_empty() {
                            true => &mut head,
                            false => head.list("refused", of, |out, uid| write_text(out, uid)),
                        }
                    }
                };
            }
            Self::Ohi { from, online } => {
                let status = if *online { 1 } else { 2 };
                head.text("from", from).text("op", "ohi").number("status", status);
            }
            Self::Quit { error } => {
                head.text("error", error).text("op", "quit");
            }
            Self::Message(message) => return message.pack(),
            Self::Unknown { op, datalen } => {
                head.number("datalen", *datalen).text("op", op);
            }
        }
        head.finish()
    }

    /// Reads a header (without `hhhh`).
    ///
    /// # Errors
    /// [`BadEvent`]; the link cannot be trusted any more.
    pub fn read(head: &[u8]) -> Result<Self, BadEvent> {
        let mut raw: RawEvent = serde_json::from_slice(head).map_err(|_| BadEvent::Form)?;
        let op = raw.op.as_deref().ok_or(BadEvent::Form)?;
        Ok(match op {
            "tmtprev" => Self::TmtpRev {
                id: required(raw.id)?,
                name: raw.name,
                authby: raw.authby.filter(|_| raw.auth.unwrap_or(0) != 0),
            },
            "registered" => Self::Registered {
                uid: required(raw.uid)?,
                nodeid: required(raw.nodeid)?,
                error: raw.error,
            },
            "info" => Self::LoginOk { ohi: raw.ohi.unwrap_or_default() },
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

    /// Bytes of data that follow the header.
    pub fn data_len(&self) -> u64 {
        match self {
            Self::Message(message) => message.data.len,
            Self::Unknown { datalen, .. } => *datalen,
            _ => 0,
        }
    }
}

impl RawEvent {
    fn outcome(&mut self) -> Outcome {
        let full = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        match (full(&self.error), full(&self.msgid)) {
            (Some(error), _) => {
                Outcome::Refused { error, of: self.refused.take().map(texts).unwrap_or_default() }
            }
            (None, Some(msgid)) => {
                Outcome::Posted { msgid, posted: self.posted.clone().unwrap_or_default() }
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
        let id = MessageId::from_wire(&required(self.id)?).ok_or(BadEvent::Form)?;
        Ok(Message { id, from: required(self.from)?, posted: required(self.posted)?, data, kind })
    }

    fn take_kind(&mut self) -> Result<MessageKind, BadEvent> {
        Ok(match self.op.as_deref().unwrap_or_default() {
            "login" => MessageKind::Login { node: self.node.take().unwrap_or_default() },
            "user" => match self.newalias.take().filter(|alias| !alias.is_empty()) {
                Some(alias) => MessageKind::NewAlias { alias },
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
                    .filter_map(|raw| Some(OhiMember { uid: raw.id?, kind: raw.kind.unwrap_or(0) }))
                    .collect(),
            },
            "invite" => MessageKind::Invite {
                gid: required(self.gid.take())?,
                alias: self.alias.take().unwrap_or_default(),
                to: self.to.take().unwrap_or_default(),
            },
            "member" => MessageKind::Member {
                act: required(self.act.take())?,
                gid: required(self.gid.take())?,
                alias: self.alias.take().unwrap_or_default(),
                newalias: self.newalias.take().filter(|alias| !alias.is_empty()),
            },
            "delivery" => MessageKind::Delivery {
                notify: self.notify,
                groups: self.groups.take().map(texts).unwrap_or_default(),
            },
            "notify" => MessageKind::Notify { postid: required(self.postid.take())? },
            _ => MessageKind::Ping {
                alias: self.alias.take().unwrap_or_default(),
                to: self.to.take().unwrap_or_default(),
            },
        })
    }
}

/// The texts of a list; anything else is passed over.
fn texts(value: serde_json::Value) -> Vec<String> {
    match value {
        serde_json::Value::Array(items) => {
            items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
        }
        _ => Vec::new(),
    }
}

fn required(text: Option<String>) -> Result<String, BadEvent> {
    text.filter(|text| !text.is_empty()).ok_or(BadEvent::Form)
}

/// The header inside of packed bytes, `hhhh` left off.
pub fn head_of(packed: &[u8]) -> &[u8] {
    packed.get(LENGTH_BYTES..).unwrap_or_default()
}
