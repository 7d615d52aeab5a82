//! Writing what an app asks.

use super::{Data, GroupAct, Recipient, Request, UserEdit, op};
use crate::head::{HeadTooLong, HeadWriter, write_text};
use crate::id::Alias;

/// What is written for an id that is none.
const NO_MESSAGE: &str = "-";

impl Request {
    /// `hhhh` and header, ready to be sent; the data follows.
    ///
    /// # Errors
    /// When names and lists do not fit into a header.
    pub fn pack(&self) -> Result<Vec<u8>, HeadTooLong> {
        let mut head = HeadWriter::new();
        match self {
            Self::TmtpRev { revision } => {
                head.text("id", revision).number("op", op::TMTPREV.into())
            }
            Self::Register { newnode, newalias, oidc } => {
                head.text("newalias", newalias.as_ref().map_or("_", Alias::as_str))
                    .text("newnode", newnode);
                if let Some(oidc) = oidc {
                    head.value("oidc", oidc.expose());
                }
                head.number("op", op::REGISTER.into())
            }
            Self::Login { uid, node } => head
                .text("node", node.expose())
                .number("op", op::LOGIN.into())
                .text("uid", uid.as_str()),
            Self::UserEdit { id, edit } => {
                head.text("id", id.as_str());
                match edit {
                    UserEdit::NewNode(label) => head.text("newnode", label),
                    UserEdit::NewAlias(alias) => head.text("newalias", alias.as_str()),
                }
                .number("op", op::USER_EDIT.into())
            }
            Self::OhiEdit { id, kind, members } => head
                .list("for", members, |out, member| {
                    out.extend_from_slice(b"{\"id\":");
                    write_text(out, member.uid.as_str());
                    out.push(b'}');
                })
                .text("id", id.as_str())
                .number("op", op::OHI_EDIT.into())
                .text("type", kind.as_str()),
            Self::GroupInvite { id, gid, from, to, data } => data
                .write(&mut head)
                .text("from", from.as_str())
                .text("gid", gid.as_str())
                .text("id", id.as_str())
                .number("op", op::GROUP_INVITE.into())
                .text("to", to.as_str()),
            Self::GroupEdit { id, gid, act } => {
                let word = match act {
                    GroupAct::Join { .. } => "join",
                    GroupAct::Alias { .. } => "alias",
                    GroupAct::Drop { .. } => "drop",
                };
                head.text("act", word).text("gid", gid.as_str()).text("id", id.as_str());
                match act {
                    GroupAct::Join { newalias } => head
                        .text_if("newalias", newalias.as_ref().map(Alias::as_str))
                        .number("op", op::GROUP_EDIT.into()),
                    GroupAct::Alias { newalias } => {
                        head.text("newalias", newalias.as_str()).number("op", op::GROUP_EDIT.into())
                    }
                    GroupAct::Drop { to } => {
                        head.number("op", op::GROUP_EDIT.into()).text("to", to.as_str())
                    }
                }
            }
            Self::Post { id, to, not_alone, data } => data
                .write(&mut head)
                .list("for", to, write_recipient)
                .text("id", id.as_str())
                .flag_if("notalone", *not_alone)
                .number("op", op::POST.into()),
            Self::PostNotify { id, to, note_to, not_self, not_alone, note, data } => {
                let all = Data { len: data.len.saturating_add(note.len), ..*data };
                all.write(&mut head)
                    .list("for", to, write_recipient)
                    .flag_if("fornotself", *not_self);
                head.text("id", id.as_str())
                    .flag_if("notalone", *not_alone)
                    .list("notefor", note_to, write_recipient)
                    .number_if("notehead", Some(note.head).filter(|head| *head > 0))
                    .number("notelen", note.len)
                    .number_if("notesum", Some(note.sum).filter(|sum| *sum > 0))
                    .number("op", op::POST_NOTIFY.into())
            }
            Self::Ping { id, from, to, data } => data
                .write(&mut head)
                .text("from", from.as_str())
                .text("id", id.as_str())
                .number("op", op::PING.into())
                .text("to", to.as_str()),
            Self::Ack { id, kind } => {
                let id = id.map_or_else(|| NO_MESSAGE.to_owned(), |id| id.to_string());
                head.text("id", &id).number("op", op::ACK.into()).text("type", kind)
            }
            Self::Pulse => head.number("op", op::PULSE.into()),
            Self::Quit => head.number("op", op::QUIT.into()),
        };
        head.finish()
    }
}

impl Data {
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
