//! Dispatch of messages to a device: from each operation to the file that reads and writes it.

use super::keys::Keys;
use super::{Message, MessageKind, delivery, invite, login, member, notify, ohi_edit, ping, user};
use crate::event::form::{BadEvent, message_id, required};
use crate::event::op::MessageOp;
use crate::head::{HeadTooLong, HeadWriter, RawEvent, write_text};
use crate::request::{Data, DataRule};

impl Message {
    pub(in crate::event) fn read(mut raw: RawEvent, op: MessageOp) -> Result<Self, BadEvent> {
        let kind = match op {
            MessageOp::Login => login::read(&mut raw),
            MessageOp::User => user::read(&mut raw)?,
            MessageOp::OhiEdit => ohi_edit::read(&mut raw),
            MessageOp::Invite => invite::read(&mut raw)?,
            MessageOp::Member => member::read(&mut raw)?,
            MessageOp::Delivery => delivery::read(&mut raw),
            MessageOp::Notify => notify::read(&mut raw)?,
            MessageOp::Ping => ping::read(&mut raw),
        };
        Self::read_std(raw, kind)
    }

    /// As one of unknown meaning.
    pub(in crate::event) fn read_unknown(mut raw: RawEvent) -> Result<Self, BadEvent> {
        let op = raw.op.take().unwrap_or_default();
        Self::read_std(raw, MessageKind::Other { op })
    }

    fn read_std(raw: RawEvent, kind: MessageKind) -> Result<Self, BadEvent> {
        let data = Data {
            len: raw.datalen.unwrap_or(0),
            head: raw.datahead.unwrap_or(0),
            sum: raw.datasum.unwrap_or(0),
        };
        if data.head > data.len {
            return Err(BadEvent::Form);
        }
        let (id, from) = (message_id(raw.id)?, required(raw.from)?);
        Ok(Self { id, from, posted: required(raw.posted)?, data, kind })
    }

    /// `hhhh` and header with headsum, ready to be stored and sent; the data follows.
    ///
    /// # Errors
    /// When names and lists do not fit into a header.
    pub fn pack(&self) -> Result<Vec<u8>, HeadTooLong> {
        let mut head = HeadWriter::new();
        let (id, keys) = (self.id.to_string(), self.kind.keys());
        let postid = keys.postid.map(|id| id.to_string());
        head.text_if("act", keys.act).text_if("alias", keys.alias);
        if let Some(copied) = keys.copied {
            head.list("copied", copied, |out, to| write_text(out, to.as_str()));
        }
        head.number_if("datahead", Some(self.data.head).filter(|head| *head > 0))
            .number("datalen", self.data.len)
            .number_if("datasum", Some(self.data.sum).filter(|sum| *sum > 0));
        if let Some(members) = keys.members {
            head.list("for", members, ohi_edit::write_member);
        }
        head.text("from", self.from.as_str()).text_if("gid", keys.gid);
        if !keys.groups.is_empty() {
            head.list("groups", keys.groups, |out, gid| write_text(out, gid.as_str()));
        }
        head.text("id", &id)
            .text_if("newalias", keys.newalias)
            .text_if("newnode", keys.newnode)
            .text_if("node", keys.node)
            .text_if("nodeid", keys.nodeid)
            .number_if("notify", keys.notify)
            .text("op", keys.op)
            .text("posted", &self.posted)
            .text_if("postid", postid.as_deref())
            .text_if("to", keys.to)
            .text_if("type", keys.kind)
            .text_if("uid", keys.uid);
        head.finish_with_headsum()
    }
}

impl MessageKind {
    fn keys(&self) -> Keys<'_> {
        match self {
            Self::Login { node } => login::keys(node),
            Self::NewNode { label, nodeid } => user::keys_of_node(label, nodeid),
            Self::NewAlias { alias } => user::keys_of_alias(alias),
            Self::OhiEdit { act, members } => ohi_edit::keys(act, members),
            Self::Invite { gid, alias, to } => invite::keys(gid, alias, to),
            Self::Member { act, gid, alias, newalias, uid } => {
                member::keys(act, gid, alias, newalias.as_ref(), uid.as_ref())
            }
            Self::Delivery { notify, groups } => delivery::keys(*notify, groups),
            Self::Notify { postid, groups, copied } => {
                notify::keys(*postid, groups, copied.as_deref())
            }
            Self::Ping { alias, to } => ping::keys(alias, to),
            Self::Other { op } => Keys { op, ..Keys::default() },
        }
    }

    /// How its data is taken.
    pub(in crate::event) fn data_rule(&self) -> DataRule {
        match self {
            Self::Login { .. } => MessageOp::Login.data_rule(),
            Self::NewNode { .. } | Self::NewAlias { .. } => MessageOp::User.data_rule(),
            Self::OhiEdit { .. } => MessageOp::OhiEdit.data_rule(),
            Self::Invite { .. } => MessageOp::Invite.data_rule(),
            Self::Member { .. } => MessageOp::Member.data_rule(),
            Self::Delivery { .. } => MessageOp::Delivery.data_rule(),
            Self::Notify { .. } => MessageOp::Notify.data_rule(),
            Self::Ping { .. } => MessageOp::Ping.data_rule(),
            // Nothing of it is lost, whatever it is.
            Self::Other { .. } => DataRule::Streamed,
        }
    }
}
