//! Default of the post policy where the configuration says nothing, and acquaintances known from before.
//!
//! Services that are made now ask for acquaintance. Those that were made when a uid was enough go on as
//! they did, because their members count on it, until the administrator says otherwise. Which of the two
//! a service is, is noted with its first member.
//!
//! Who is acquainted is noted under either policy, so that a change to `acquainted` parts nobody who has
//! written to each other since. What earlier versions noted counts too: pings that were answered, pings
//! that wait (whoever is pinged may answer), and groups.
//!
//! | key | value |
//! |---|---|
//! | `p/unsaid` | `acquainted` |

use crate::config::PostPolicy;
use crate::contacts::Contacts;
use crate::directory::{Directory, MemberNumber};
use tmtp_store::{Batch, Store, StoreError};

const UNSAID: &[u8] = b"p/unsaid";
const ACQUAINTED: &[u8] = b"acquainted";

/// The policy of this service where nothing is said.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn unsaid(
    store: &dyn Store,
    directory: &Directory,
) -> Result<PostPolicy, StoreError> {
    let is_noted = store.get(UNSAID).await?.as_deref() == Some(ACQUAINTED);
    let is_new = directory.member_count() == 0;
    Ok(if is_noted || is_new { PostPolicy::Acquainted } else { PostPolicy::Uid })
}

/// Notes with the first member that the service was made by a version that asks for acquaintance.
pub(crate) fn note(batch: &mut Batch, first: MemberNumber) {
    if first == MemberNumber(0) {
        batch.put(UNSAID, ACQUAINTED);
    }
}

/// Lets those be acquainted of whom earlier versions noted no more than their pings.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn read_earlier(
    store: &dyn Store,
    contacts: &Contacts,
    directory: &mut Directory,
) -> Result<(), StoreError> {
    contacts.answered_before(store, |from, to| directory.put_acquaintance(from, to)).await
}

/// What an administrator is told: the policy, and of one that was only kept the line that changes it.
pub(crate) fn told(said: Option<PostPolicy>, holds: PostPolicy) -> &'static str {
    match (said, holds) {
        (Some(_) | None, PostPolicy::Acquainted) => "acquainted",
        (Some(_), PostPolicy::Uid) => "uid",
        (None, PostPolicy::Uid) => {
            "uid, kept from before; `post_policy = \"acquainted\"` in [service] of its configuration \
             makes the service refuse letters of strangers"
        }
    }
}
