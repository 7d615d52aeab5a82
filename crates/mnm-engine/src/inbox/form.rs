//! The form of ids and names in a message: brought into what the rest of the app relies on, or refused.
//!
//! Ids and names of groups are compared, sent back and shown as they came, so they are not cleaned but
//! must be clean. Names of members stay as the wire has them, of a bounded length; they are cleaned for
//! the eye. A letter is never lost: one whose author has no id gets one of our own making.

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};
use tmtp::event::{Message, MessageKind};
use tmtp::id::{Alias, Uid};

use crate::vault::{is_gid, is_plain_name};

/// Longest permanent id, bytes. Those of services have 32.
const UID_BYTES_MAX: usize = 64;
/// Longest alias, bytes. Services of other makes grant longer ones than ours.
const ALIAS_BYTES_MAX: usize = 1_024;

/// Bytes of a digest by which authors without an id are told apart.
const TAG_BYTES: usize = 16;

/// Whether a text may be a member's permanent id.
pub(crate) fn is_id(uid: &str) -> bool {
    (1..=UID_BYTES_MAX).contains(&uid.len()) && uid.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The message in good form; none if it is of no use to anybody.
pub(super) fn checked(mut message: Message) -> Option<Message> {
    let is_from = is_id(message.from.as_str());
    let alias = |alias: &Alias| alias.as_str().len() <= ALIAS_BYTES_MAX;
    let fits = match &mut message.kind {
        MessageKind::Ping { alias: from, to } => is_from && alias(from) && alias(to),
        MessageKind::Invite { gid, alias: from, to } => {
            is_from && is_gid(gid.as_str()) && alias(from) && alias(to)
        }
        MessageKind::Member { gid, alias: about, newalias, uid, .. } => {
            *uid = uid.take().filter(|uid| is_id(uid.as_str()));
            is_from && is_gid(gid.as_str()) && alias(about) && newalias.as_ref().is_none_or(alias)
        }
        // The member's own name is shown as it is.
        MessageKind::NewAlias { alias: own } => alias(own) && is_plain_name(own.as_str()),
        MessageKind::Notify { groups, copied, .. } => {
            groups.retain(|gid| is_gid(gid.as_str()));
            if let Some(copied) = copied {
                copied.retain(|to| is_id(to.as_str()) || is_gid(to.as_str()));
            }
            is_from
        }
        MessageKind::Delivery { groups, .. } => {
            groups.retain(|gid| is_gid(gid.as_str()));
            true
        }
        MessageKind::Login { .. }
        | MessageKind::NewNode { .. }
        | MessageKind::OhiEdit { .. }
        | MessageKind::Other { .. } => true,
    };
    if !is_from {
        let digest = Sha256::digest(message.from.as_str());
        let tag = HEXLOWER.encode(digest.get(..TAG_BYTES).unwrap_or_default());
        message.from = Uid::from(format!("unknown-{tag}"));
    }
    fits.then_some(message)
}
