//! Who is told that we are online.
//!
//! A service forgets the list when the member's last device goes offline, so every login gives it
//! the whole address book; contacts made later are added one by one. Who of them is online is known
//! to the vault's memory only.

use std::collections::HashSet;

use tmtp::request::{OhiKind, OhiMember, Request};

/// Members named in one request: a header holds about 1,500 uids of 32 characters.
const MEMBERS_MAX: usize = 500;

/// Which contacts the service has been told of on this link.
#[derive(Debug, Default)]
pub(crate) struct Announced {
    told: HashSet<String>,
    entered: bool,
}

impl Announced {
    /// How many the service has been told of.
    pub(crate) fn count(&self) -> usize {
        self.told.len()
    }

    /// Requests that bring the service's list in step with the address book.
    pub(crate) fn requests(
        &mut self,
        contacts: impl IntoIterator<Item = String>,
        mut request_id: impl FnMut() -> String,
    ) -> Vec<Request> {
        let kind = if self.entered { OhiKind::Add } else { OhiKind::Init };
        self.entered = true;
        let fresh: Vec<String> =
            contacts.into_iter().filter(|uid| self.told.insert(uid.clone())).collect();
        fresh
            .chunks(MEMBERS_MAX)
            .map(|uids| Request::OhiEdit {
                id: request_id(),
                kind,
                members: uids.iter().map(|uid| OhiMember { uid: uid.clone(), kind: 0 }).collect(),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_book_at_first_then_only_who_is_new() {
        let mut announced = Announced::default();
        let book = |count: usize| (0..count).map(|n| format!("uid {n}"));
        let mut shapes = |count| {
            let requests = announced.requests(book(count), || "r".into());
            requests
                .iter()
                .map(|request| match request {
                    Request::OhiEdit { kind, members, .. } => (kind.as_str(), members.len()),
                    other => panic!("{other:?}"),
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(shapes(501), [("init", 500), ("init", 1)]);
        assert_eq!(shapes(501), []);
        assert_eq!(shapes(503), [("add", 2)]);
    }

    #[test]
    fn nothing_is_asked_for_an_empty_book() {
        let mut announced = Announced::default();
        assert_eq!(announced.requests([], || "r".into()), []);
        let later = announced.requests(["a".into()], || "r".into());
        assert!(matches!(&later[..], [Request::OhiEdit { kind: OhiKind::Add, .. }]));
    }
}
