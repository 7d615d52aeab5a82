//! `notify`: the notification of a PostNotify.

use super::MessageKind;
use super::keys::Keys;
use crate::event::form::{BadEvent, message_id, texts};
use crate::head::RawEvent;
use crate::id::{Gid, MessageId, UidOrGid};
use crate::letter::LETTER_HEAD_MAX_BYTES;
use crate::request::DataRule;

pub(in crate::event) const OP: &str = "notify";
/// It is a second header and nothing else.
pub(in crate::event) const DATA: DataRule =
    DataRule::Collected { max_bytes: LETTER_HEAD_MAX_BYTES };

pub(super) fn read(raw: &mut RawEvent) -> Result<MessageKind, BadEvent> {
    let copied = raw.copied.take().filter(serde_json::Value::is_array);
    Ok(MessageKind::Notify {
        postid: message_id(raw.postid.take())?,
        groups: texts(raw.groups.take().as_ref()),
        copied: copied.map(|copied| texts(Some(&copied))),
    })
}

pub(super) fn keys<'a>(
    postid: MessageId,
    groups: &'a [Gid],
    copied: Option<&'a [UidOrGid]>,
) -> Keys<'a> {
    Keys { op: OP, postid: Some(postid), groups, copied, ..Keys::default() }
}
