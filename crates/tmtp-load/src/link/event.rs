//! Events of a link, for the load that drives it.

use super::identity::Identity;
use crate::stamp::Stamp;

/// A link, while it lives; the number of an ended one is given out again.
pub type LinkNumber = usize;

/// What happens on a link.
#[derive(Debug)]
pub enum LinkEvent {
    /// The service let it in, as a new member if there is an identity.
    LoggedIn {
        /// The link.
        link: LinkNumber,
        /// Of a link that entered by Register.
        registered: Option<Box<Identity>>,
    },
    /// A request was answered.
    Acked {
        /// The link.
        link: LinkNumber,
        /// The request's id; all ones for one that is no number.
        id: u64,
        /// Why not, if so.
        refused: Option<Box<str>>,
    },
    /// A post arrived, and was acknowledged.
    Delivered {
        /// The link.
        link: LinkNumber,
        /// The message's id.
        message: u64,
        /// What its body says, if a load generator wrote it.
        stamp: Option<Stamp>,
    },
    /// A device was added to the link's member.
    NewNode {
        /// The link.
        link: LinkNumber,
        /// Its secret.
        node: Box<str>,
    },
    /// Another message arrived, and was acknowledged.
    Notice {
        /// The link.
        link: LinkNumber,
    },
    /// It is closed.
    Ended {
        /// The link that was.
        link: LinkNumber,
        /// Why, for people.
        why: String,
    },
}
