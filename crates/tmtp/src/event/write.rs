//! Packing: events and messages as they go over the wire.

use super::{Event, Message, MessageKind, Outcome};
use crate::head::{HeadTooLong, HeadWriter, write_text};
use crate::id::{Alias, MessageId, Uid};
use crate::request::OhiMember;

impl Message {
    /// `hhhh` and header with headsum, ready to be stored and sent; the data follows.
    ///
    /// # Errors
    /// When names and lists do not fit into a header.
    pub fn pack(&self) -> Result<Vec<u8>, HeadTooLong> {
        let mut head = HeadWriter::new();
        let id = self.id.to_string();
        // One order for all kinds: the keys in byte order, each kind naming those it has.
        let keys = self.keys();
        head.text_if("act", keys.act).text_if("alias", keys.alias);
        if let MessageKind::Notify { copied: Some(copied), .. } = &self.kind {
            head.list("copied", copied, |out, to| write_text(out, to.as_str()));
        }
        head.number_if("datahead", Some(self.data.head).filter(|head| *head > 0))
            .number("datalen", self.data.len)
            .number_if("datasum", Some(self.data.sum).filter(|sum| *sum > 0));
        if let MessageKind::OhiEdit { members, .. } = &self.kind {
            head.list("for", members, write_ohi_member);
        }
        head.text("from", self.from.as_str()).text_if("gid", keys.gid);
        if let MessageKind::Delivery { groups, .. } | MessageKind::Notify { groups, .. } =
            &self.kind
            && !groups.is_empty()
        {
            head.list("groups", groups, |out, gid| write_text(out, gid.as_str()));
        }
        head.text("id", &id)
            .text_if("newalias", keys.newalias)
            .text_if("newnode", keys.newnode)
            .text_if("node", keys.node)
            .text_if("nodeid", keys.nodeid)
            .number_if("notify", keys.notify)
            .text("op", keys.op)
            .text("posted", &self.posted)
            .text_if("postid", keys.postid.map(|id| id.to_string()).as_deref())
            .text_if("to", keys.to)
            .text_if("type", keys.kind)
            .text_if("uid", keys.uid);
        head.finish_with_headsum()
    }

    fn keys(&self) -> Keys<'_> {
        let keys = Keys::default();
        match &self.kind {
            MessageKind::Login { node } => Keys { op: "login", node: Some(node), ..keys },
            MessageKind::NewNode { label, nodeid } => {
                Keys { op: "user", newnode: Some(label), nodeid: Some(nodeid.expose()), ..keys }
            }
            MessageKind::NewAlias { alias } => {
                Keys { op: "user", newalias: Some(alias.as_str()), ..keys }
            }
            MessageKind::OhiEdit { act, .. } => Keys { op: "ohiedit", kind: Some(act), ..keys },
            MessageKind::Invite { gid, alias, to } => Keys {
                op: "invite",
                gid: Some(gid.as_str()),
                alias: Some(alias.as_str()),
                to: Some(to.as_str()),
                ..keys
            },
            MessageKind::Member { act, gid, alias, newalias, uid } => Keys {
                op: "member",
                act: Some(act),
                gid: Some(gid.as_str()),
                alias: Some(alias.as_str()),
                newalias: newalias.as_ref().map(Alias::as_str),
                uid: uid.as_ref().map(Uid::as_str),
                ..keys
            },
            MessageKind::Delivery { notify, .. } => {
                Keys { op: "delivery", notify: *notify, ..keys }
            }
            MessageKind::Notify { postid, .. } => {
                Keys { op: "notify", postid: Some(*postid), ..keys }
            }
            MessageKind::Other { op } => Keys { op, ..keys },
            MessageKind::Ping { alias, to } => {
                Keys { op: "ping", alias: Some(alias.as_str()), to: Some(to.as_str()), ..keys }
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
    postid: Option<MessageId>,
    to: Option<&'a str>,
    kind: Option<&'a str>,
    uid: Option<&'a str>,
}

/// The deployed services echo these two keys capitalised.
fn write_ohi_member(out: &mut Vec<u8>, member: &OhiMember) {
    out.extend_from_slice(b"{\"Id\":");
    write_text(out, member.uid.as_str());
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
            Self::TmtpRev { revision, name, authby, groups } => {
                if let Some(authby) = authby {
                    head.number("auth", 1).value("authby", authby);
                }
                head.flag_if("groups", *groups);
                head.text("id", revision).text_if("name", name.as_deref()).text("op", "tmtprev");
            }
            Self::Registered { uid, nodeid, error } => {
                head.text_if("error", error.as_deref())
                    .text("nodeid", nodeid.expose())
                    .text("op", "registered")
                    .text("uid", uid.as_str());
            }
            Self::LoginOk { ohi } => {
                head.text("info", "login ok");
                if !ohi.is_empty() {
                    head.list("ohi", ohi, |out, uid| write_text(out, uid.as_str()));
                }
                head.text("op", "info");
            }
            Self::Ack { id, outcome } => {
                match outcome {
                    Outcome::Done => head.text("id", id.as_str()).text("op", "ack"),
                    Outcome::Posted { msgid, posted, to } => head
                        .text("id", id.as_str())
                        .text("msgid", &msgid.to_string())
                        .text("op", "ack")
                        .text("posted", posted)
                        .text_if("to", to.as_ref().map(Alias::as_str)),
                    Outcome::Refused { error, of } => {
                        head.text("error", error).text("id", id.as_str()).text("op", "ack");
                        match of.is_empty() {
                            true => &mut head,
                            false => {
                                head.list("refused", of, |out, uid| write_text(out, uid.as_str()))
                            }
                        }
                    }
                };
            }
            Self::Ohi { from, online } => {
                let status = if *online { 1 } else { 2 };
                head.text("from", from.as_str()).text("op", "ohi").number("status", status);
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
}
