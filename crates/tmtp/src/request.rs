//! What an app asks of a service: the thirteen operations of revision 1.
//!
//! A service reads with [`Request::read`], which checks the form of a header; whether it is
//! allowed now is the session's matter, whether it may be granted the service's. An app writes
//! with [`Request::pack`].

use crate::head::{HeadTooLong, HeadWriter, RawRecipient, RawRequest, write_text};
use crate::quit::Quit;

/// The data that comes with a request or a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Data {
    /// Bytes.
    pub len: u64,
    /// How many of them, at the beginning, are a second JSON object; at most `len`.
    pub head: u64,
    /// The author's checksum over them; a service passes it on unread. Zero is absent.
    pub sum: u64,
}

/// Whom a post is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Recipient {
    /// A member, by uid (type 1).
    Member(String),
    /// A group with the sender (type 2), by name.
    GroupWithSender(String),
    /// A group without the sender (type 3), by name.
    Group(String),
}

impl Recipient {
    /// The uid or group name.
    pub fn id(&self) -> &str {
        match self {
            Self::Member(id) | Self::GroupWithSender(id) | Self::Group(id) => id,
        }
    }

    /// The type on the wire.
    pub fn kind(&self) -> u8 {
        match self {
            Self::Member(_) => 1,
            Self::GroupWithSender(_) => 2,
            Self::Group(_) => 3,
        }
    }
}

/// What a UserEdit changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserEdit {
    /// Adds a device with this label.
    NewNode(String),
    /// Adds an alias.
    NewAlias(String),
}

/// What an OhiEdit does to the set of members who are told of our presence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OhiKind {
    /// Adds members; the sender's other devices are told.
    Add,
    /// Takes members out; the sender's other devices are told.
    Drop,
    /// Adds members after a login, quietly.
    Init,
}

impl OhiKind {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Drop => "drop",
            Self::Init => "init",
        }
    }

    /// The kind with this word.
    pub fn from_wire(word: &str) -> Option<Self> {
        [Self::Add, Self::Drop, Self::Init].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// A member named in an OhiEdit; the type means nothing but is echoed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OhiMember {
    /// Uid.
    pub uid: String,
    /// Whatever type the request gave, 0 for none.
    pub kind: i8,
}

/// What a GroupEdit does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupAct {
    /// The sender joins, under another alias if one is given.
    Join {
        /// The alias to be known by in the group.
        newalias: Option<String>,
    },
    /// The sender changes the alias to be known by in the group.
    Alias {
        /// The new one.
        newalias: String,
    },
    /// Somebody leaves or is removed.
    Drop {
        /// Their alias in the group.
        to: String,
    },
}

/// A request, as read from a header of the right form.
///
/// `id` is chosen by the app and repeated in the ack. Texts are as sent; a service looks them up
/// and finds them or not.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// Op 0: the highest revision that the app speaks.
    TmtpRev {
        /// `"1"`.
        id: String,
    },
    /// Op 1: make an account with one device.
    Register {
        /// Label of the device.
        newnode: String,
        /// The alias asked for; none for `"_"`.
        newalias: Option<String>,
        /// Token response of a third party that authenticates.
        oidc: Option<serde_json::Value>,
    },
    /// Op 2: prove to be a device of a member.
    Login {
        /// The member.
        uid: String,
        /// The device's secret.
        node: String,
    },
    /// Op 3: add a device or an alias.
    UserEdit {
        /// Request id.
        id: String,
        /// What to add.
        edit: UserEdit,
    },
    /// Op 4: who is told of our presence.
    OhiEdit {
        /// Request id.
        id: String,
        /// What to do.
        kind: OhiKind,
        /// The members.
        members: Vec<OhiMember>,
    },
    /// Op 5: ping somebody and let them join a group.
    GroupInvite {
        /// Request id.
        id: String,
        /// The group; made if it does not exist.
        gid: String,
        /// Alias of the sender.
        from: String,
        /// Alias of the invitee.
        to: String,
        /// The text.
        data: Data,
    },
    /// Op 6: join, rename, leave.
    GroupEdit {
        /// Request id.
        id: String,
        /// The group.
        gid: String,
        /// What to do.
        act: GroupAct,
    },
    /// Op 7: a message.
    Post {
        /// Request id.
        id: String,
        /// Recipients; nobody means the sender's other devices.
        to: Vec<Recipient>,
        /// The message.
        data: Data,
    },
    /// Op 8: a message and a separate notification of it.
    PostNotify {
        /// Request id.
        id: String,
        /// Who gets the message and the notification.
        to: Vec<Recipient>,
        /// Who gets the notification only.
        note_to: Vec<Recipient>,
        /// Whether the sender's other devices are left out of the message.
        not_self: bool,
        /// The notification, which comes first.
        note: Data,
        /// The message, without the notification.
        data: Data,
    },
    /// Op 9: a first contact.
    Ping {
        /// Request id.
        id: String,
        /// Alias of the sender.
        from: String,
        /// Alias of the addressee.
        to: String,
        /// The text.
        data: Data,
    },
    /// Op 10: the device has stored a message.
    Ack {
        /// The message's id.
        id: String,
        /// Any text.
        kind: String,
    },
    /// Op 11: still here.
    Pulse,
    /// Op 12: log out.
    Quit,
}

/// Operation numbers.
mod op {
    pub(super) const TMTPREV: u8 = 0;
    pub(super) const REGISTER: u8 = 1;
    pub(super) const LOGIN: u8 = 2;
    pub(super) const USER_EDIT: u8 = 3;
    pub(super) const OHI_EDIT: u8 = 4;
    pub(super) const GROUP_INVITE: u8 = 5;
    pub(super) const GROUP_EDIT: u8 = 6;
    pub(super) const POST: u8 = 7;
    pub(super) const POST_NOTIFY: u8 = 8;
    pub(super) const PING: u8 = 9;
    pub(super) const ACK: u8 = 10;
    pub(super) const PULSE: u8 = 11;
    pub(super) const QUIT: u8 = 12;
}

/// Whether an op may or must come with data.
#[derive(Clone, Copy, PartialEq, Eq)]
enum DataRule {
    None,
    Optional,
    Required,
}

impl Request {
    /// Reads a header (without `hhhh`) and checks its form.
    ///
    /// # Errors
    /// [`Quit::InvalidHeader`] for everything that is wrong with it, except
    /// [`Quit::DataTooShort`] for a PostNotify that announces no message behind the notification.
    pub fn read(head: &[u8]) -> Result<Self, Quit> {
        let mut raw: RawRequest = serde_json::from_slice(head).map_err(|_| Quit::InvalidHeader)?;
        let op = raw.op.ok_or(Quit::InvalidHeader)?;
        let rule = match op {
            op::POST | op::POST_NOTIFY => DataRule::Required,
            op::PING | op::GROUP_INVITE => DataRule::Optional,
            _ => DataRule::None,
        };
        let data = raw.data(rule)?;
        let note = raw.note(op == op::POST_NOTIFY)?;
        // A list of the wrong form spoils a request of any op, as at the deployed services.
        let (to, members, note_to) = raw.lists(op)?;
        Ok(match op {
            op::TMTPREV => Self::TmtpRev { id: required(raw.id)? },
            op::REGISTER => Self::Register {
                newnode: required(raw.newnode)?,
                newalias: Some(required(raw.newalias)?).filter(|alias| alias != "_"),
                oidc: raw.oidc,
            },
            op::LOGIN => Self::Login { uid: required(raw.uid)?, node: required(raw.node)? },
            op::USER_EDIT => {
                Self::UserEdit { id: required(raw.id.take())?, edit: raw.user_edit()? }
            }
            op::OHI_EDIT => Self::OhiEdit {
                id: required(raw.id)?,
                kind: OhiKind::from_wire(&required(raw.kind)?).ok_or(Quit::InvalidHeader)?,
                members: Some(members)
                    .filter(|list| !list.is_empty())
                    .ok_or(Quit::InvalidHeader)?,
            },
            op::GROUP_INVITE => Self::GroupInvite {
                id: required(raw.id)?,
                gid: required(raw.gid)?,
                from: required(raw.from)?,
                to: required(raw.to)?,
                data,
            },
            op::GROUP_EDIT => Self::GroupEdit {
                id: required(raw.id.take())?,
                gid: required(raw.gid.take())?,
                act: raw.group_act()?,
            },
            op::POST => {
                Self::Post { id: required(raw.id)?, to: to.ok_or(Quit::InvalidHeader)?, data }
            }
            op::POST_NOTIFY => {
                let len = data.len.checked_sub(note.len).filter(|len| *len > 0);
                let data = Data { len: len.ok_or(Quit::DataTooShort)?, ..data };
                if data.head > data.len {
                    return Err(Quit::InvalidHeader);
                }
                Self::PostNotify {
                    id: required(raw.id)?,
                    to: to.ok_or(Quit::InvalidHeader)?,
                    note_to,
                    not_self: raw.not_self.unwrap_or(false),
                    note,
                    data,
                }
            }
            op::PING => Self::Ping {
                id: required(raw.id)?,
                from: required(raw.from)?,
                to: required(raw.to)?,
                data,
            },
            op::ACK => Self::Ack { id: required(raw.id)?, kind: required(raw.kind)? },
            op::PULSE => Self::Pulse,
            op::QUIT => Self::Quit,
            _ => return Err(Quit::InvalidHeader),
        })
    }

    /// Bytes of data that follow the header.
    pub fn data_len(&self) -> u64 {
        match self {
            Self::Post { data, .. } | Self::Ping { data, .. } | Self::GroupInvite { data, .. } => {
                data.len
            }
            Self::PostNotify { note, data, .. } => note.len.saturating_add(data.len),
            _ => 0,
        }
    }

    /// The id that an ack repeats; none for requests that are not acknowledged.
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::UserEdit { id, .. }
            | Self::OhiEdit { id, .. }
            | Self::GroupInvite { id, .. }
            | Self::GroupEdit { id, .. }
            | Self::Post { id, .. }
            | Self::PostNotify { id, .. }
            | Self::Ping { id, .. } => Some(id),
            Self::TmtpRev { .. }
            | Self::Register { .. }
            | Self::Login { .. }
            | Self::Ack { .. }
            | Self::Pulse
            | Self::Quit => None,
        }
    }

    /// The name of the operation, for logs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::TmtpRev { .. } => "TmtpRev",
            Self::Register { .. } => "Register",
            Self::Login { .. } => "Login",
            Self::UserEdit { .. } => "UserEdit",
            Self::OhiEdit { .. } => "OhiEdit",
            Self::GroupInvite { .. } => "GroupInvite",
            Self::GroupEdit { .. } => "GroupEdit",
            Self::Post { .. } => "Post",
            Self::PostNotify { .. } => "PostNotify",
            Self::Ping { .. } => "Ping",
            Self::Ack { .. } => "Ack",
            Self::Pulse => "Pulse",
            Self::Quit => "Quit",
        }
    }

    /// `hhhh` and header, ready to be sent; the data follows.
    ///
    /// # Errors
    /// When names and lists do not fit into a header.
    pub fn pack(&self) -> Result<Vec<u8>, HeadTooLong> {
        let mut head = HeadWriter::new();
        match self {
            Self::TmtpRev { id } => head.text("id", id).number("op", op::TMTPREV.into()),
            Self::Register { newnode, newalias, oidc } => {
                head.text("newalias", newalias.as_deref().unwrap_or("_")).text("newnode", newnode);
                if let Some(oidc) = oidc {
                    head.value("oidc", oidc);
                }
                head.number("op", op::REGISTER.into())
            }
            Self::Login { uid, node } => {
                head.text("node", node).number("op", op::LOGIN.into()).text("uid", uid)
            }
            Self::UserEdit { id, edit } => {
                head.text("id", id);
                match edit {
                    UserEdit::NewNode(label) => head.text("newnode", label),
                    UserEdit::NewAlias(alias) => head.text("newalias", alias),
                }
                .number("op", op::USER_EDIT.into())
            }
            Self::OhiEdit { id, kind, members } => head
                .list("for", members, |out, member| {
                    out.extend_from_slice(b"{\"id\":");
                    write_text(out, &member.uid);
                    out.push(b'}');
                })
                .text("id", id)
                .number("op", op::OHI_EDIT.into())
                .text("type", kind.as_str()),
            Self::GroupInvite { id, gid, from, to, data } => data
                .write(&mut head)
                .text("from", from)
                .text("gid", gid)
                .text("id", id)
                .number("op", op::GROUP_INVITE.into())
                .text("to", to),
            Self::GroupEdit { id, gid, act } => {
                let word = match act {
                    GroupAct::Join { .. } => "join",
                    GroupAct::Alias { .. } => "alias",
                    GroupAct::Drop { .. } => "drop",
                };
                head.text("act", word).text("gid", gid).text("id", id);
                match act {
                    GroupAct::Join { newalias } => head
                        .text_if("newalias", newalias.as_deref())
                        .number("op", op::GROUP_EDIT.into()),
                    GroupAct::Alias { newalias } => {
                        head.text("newalias", newalias).number("op", op::GROUP_EDIT.into())
                    }
                    GroupAct::Drop { to } => {
                        head.number("op", op::GROUP_EDIT.into()).text("to", to)
                    }
                }
            }
            Self::Post { id, to, data } => data
                .write(&mut head)
                .list("for", to, write_recipient)
                .text("id", id)
                .number("op", op::POST.into()),
            Self::PostNotify { id, to, note_to, not_self, note, data } => {
                let all = Data { len: data.len.saturating_add(note.len), ..*data };
                all.write(&mut head).list("for", to, write_recipient);
                if *not_self {
                    head.flag("fornotself");
                }
                head.text("id", id)
                    .list("notefor", note_to, write_recipient)
                    .number_if("notehead", Some(note.head).filter(|head| *head > 0))
                    .number("notelen", note.len)
                    .number_if("notesum", Some(note.sum).filter(|sum| *sum > 0))
                    .number("op", op::POST_NOTIFY.into())
            }
            Self::Ping { id, from, to, data } => data
                .write(&mut head)
                .text("from", from)
                .text("id", id)
                .number("op", op::PING.into())
                .text("to", to),
            Self::Ack { id, kind } => {
                head.text("id", id).number("op", op::ACK.into()).text("type", kind)
            }
            Self::Pulse => head.number("op", op::PULSE.into()),
            Self::Quit => head.number("op", op::QUIT.into()),
        };
        head.finish()
    }
}

impl Data {
    /// Data without a second header or checksum.
    pub fn of_len(len: u64) -> Self {
        Self { len, ..Self::default() }
    }

    fn write<'a>(&self, head: &'a mut HeadWriter) -> &'a mut HeadWriter {
        head.number_if("datahead", Some(self.head).filter(|head| *head > 0))
            .number("datalen", self.len)
            .number_if("datasum", Some(self.sum).filter(|sum| *sum > 0))
    }
}

fn write_recipient(out: &mut Vec<u8>, recipient: &Recipient) {
    out.extend_from_slice(b"{\"id\":");
    write_text(out, recipient.id());
    out.extend_from_slice(format!(",\"type\":{}}}", recipient.kind()).as_bytes());
}

/// An empty text is as good as none.
fn required(text: Option<String>) -> Result<String, Quit> {
    text.filter(|text| !text.is_empty()).ok_or(Quit::InvalidHeader)
}

impl RawRequest {
    /// The data as announced, if the op may have such.
    fn data(&self, rule: DataRule) -> Result<Data, Quit> {
        let data = announced(self.datalen, self.datahead, self.datasum)?;
        match rule {
            DataRule::None if data.len > 0 => Err(Quit::InvalidHeader),
            DataRule::Required if data.len == 0 => Err(Quit::InvalidHeader),
            _ => Ok(data),
        }
    }

    fn note(&self, required: bool) -> Result<Data, Quit> {
        let note = announced(self.notelen, self.notehead, self.notesum)?;
        if required == (note.len == 0) { Err(Quit::InvalidHeader) } else { Ok(note) }
    }

    /// `for` read for a post, `for` read for an OhiEdit, `notefor`.
    #[expect(clippy::type_complexity, reason = "one use, right above")]
    fn lists(
        &mut self,
        op: u8,
    ) -> Result<(Option<Vec<Recipient>>, Vec<OhiMember>, Vec<Recipient>), Quit> {
        let to_list = self.to_list.take();
        let note_to = self.note_to_list.take().unwrap_or_default();
        let note_to = note_to.into_iter().map(recipient).collect::<Result<_, _>>()?;
        if op == op::OHI_EDIT {
            let members = to_list.unwrap_or_default().into_iter().map(ohi_member);
            return Ok((None, members.collect::<Result<_, _>>()?, note_to));
        }
        let to = to_list.map(|list| list.into_iter().map(recipient).collect()).transpose()?;
        Ok((to, Vec::new(), note_to))
    }

    fn user_edit(self) -> Result<UserEdit, Quit> {
        let full = |text: Option<String>| text.filter(|text| !text.is_empty());
        match (full(self.newnode), full(self.newalias)) {
            (Some(label), None) => Ok(UserEdit::NewNode(label)),
            (None, Some(alias)) => Ok(UserEdit::NewAlias(alias)),
            _ => Err(Quit::InvalidHeader),
        }
    }

    fn group_act(self) -> Result<GroupAct, Quit> {
        match required(self.act)?.as_str() {
            "join" => {
                Ok(GroupAct::Join { newalias: self.newalias.filter(|alias| !alias.is_empty()) })
            }
            "alias" => Ok(GroupAct::Alias { newalias: required(self.newalias)? }),
            "drop" => Ok(GroupAct::Drop { to: required(self.to)? }),
            _ => Err(Quit::InvalidHeader),
        }
    }
}

fn announced(len: Option<i64>, head: Option<i64>, sum: Option<u64>) -> Result<Data, Quit> {
    let whole = |number: Option<i64>| u64::try_from(number.unwrap_or(0));
    match (whole(len), whole(head)) {
        (Ok(len), Ok(head)) if head <= len => Ok(Data { len, head, sum: sum.unwrap_or(0) }),
        _ => Err(Quit::InvalidHeader),
    }
}

fn recipient(raw: RawRecipient) -> Result<Recipient, Quit> {
    let id = required(raw.id)?;
    match raw.kind {
        Some(1) => Ok(Recipient::Member(id)),
        Some(2) => Ok(Recipient::GroupWithSender(id)),
        Some(3) => Ok(Recipient::Group(id)),
        _ => Err(Quit::InvalidHeader),
    }
}

fn ohi_member(raw: RawRecipient) -> Result<OhiMember, Quit> {
    Ok(OhiMember { uid: required(raw.id)?, kind: raw.kind.unwrap_or(0) })
}
