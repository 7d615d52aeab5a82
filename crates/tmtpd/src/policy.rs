//! Post policy of a service whose configuration does not set it, and acquaintances from earlier
//! versions.
//!
//! New services require acquaintance. Services made when a uid was enough keep that, because their
//! members rely on it, until the administrator changes it. Which of the two a service is, is stored
//! with its first member.
//!
//! Acquaintances are recorded under either policy, so that a change to `acquainted` separates
//! nobody who has written to each other since. Records of earlier versions count too: answered
//! pings, waiting pings (whoever is pinged may answer), and groups.
//!
//! | key | value |
//! |---|---|
//! | `p/unsaid` | `acquainted` |

use crate::config::PostPolicy;
use crate::contacts::Contacts;
use crate::directory::{Directory, MemberNumber};
use tmtp_store::{Batch, Store, StoreError};

const DEFAULT_POLICY_KEY: &[u8] = b"p/unsaid";
const ACQUAINTED: &[u8] = b"acquainted";

/// The default policy of this service.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn unsaid(
    store: &dyn Store,
    directory: &Directory,
) -> Result<PostPolicy, StoreError> {
    let is_noted = store.get(DEFAULT_POLICY_KEY).await?.as_deref() == Some(ACQUAINTED);
    let is_new = directory.member_count() == 0;
    Ok(if is_noted || is_new { PostPolicy::Acquainted } else { PostPolicy::Uid })
}

/// Stores with the first member that the service was made by a version that requires acquaintance.
pub(crate) fn note(batch: &mut Batch, first: MemberNumber) {
    if first == MemberNumber(0) {
        batch.put(DEFAULT_POLICY_KEY, ACQUAINTED);
    }
}

/// Adds acquaintances that earlier versions recorded only as pings.
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

/// Text for the administrator: the policy and, if it was only kept from before, the line that
/// changes it.
pub(crate) fn describe(said: Option<PostPolicy>, holds: PostPolicy) -> &'static str {
    match (said, holds) {
        (Some(_) | None, PostPolicy::Acquainted) => "acquainted",
        (Some(_), PostPolicy::Uid) => "uid",
        (None, PostPolicy::Uid) => {
            "uid, kept from before; `post_policy = \"acquainted\"` in [service] of its configuration \
             makes the service refuse letters of strangers"
        }
    }
}
