//! Validation of ids and names in incoming messages.
//!
//! Ids and group names are compared, sent back and shown unchanged, so they are not cleaned but
//! must be valid. Aliases are stored as received, with bounded length, and cleaned for display. A
//! letter is never lost: one whose author's id is invalid gets a generated id.

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};
use tmtp::event::{self, MessageKind};
use tmtp::id::{Alias, Uid};

use crate::vault::{is_gid, is_plain_name};

/// Longest uid, bytes. Those of services have 32.
const UID_BYTES_MAX: usize = 64;
/// Longest alias, bytes. Other services grant longer ones than ours.
const ALIAS_BYTES_MAX: usize = 1_024;

/// Bytes of the digest in a generated id.
const TAG_BYTES: usize = 16;

/// Whether a text is valid as a uid.
pub(crate) fn is_id(uid: &str) -> bool {
    (1..=UID_BYTES_MAX).contains(&uid.len()) && uid.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The message with valid ids and names; none if it is useless without.
pub(super) fn checked(mut message: event::Message) -> Option<event::Message> {
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
        // The member's own alias is shown unchanged.
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

#[cfg(test)]
#[path = "form/form_tests.rs"]
mod tests;
