//! Parked input, which waits so that answers keep the order of the requests.

use tmtp::quit::Quit;
use tmtp::request::Request;
use tmtp::session::service::Violation;

/// Held back until everything before it is answered. Only posts are decided while others wait for
/// the disk: no other request is as frequent, and their answers and changes must not overtake those
/// of posts.
#[derive(Debug)]
pub(super) enum Parked {
    Request(Request, String),
    Violation(Violation),
    Quit(Quit),
}
