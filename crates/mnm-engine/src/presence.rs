//! Presence sharing: the list of members who are notified when this member is online.
//!
//! A service forgets the list when the member's last device goes offline, so every login sends it
//! again; later changes follow one by one. The vault stores who is chosen (`vault/presence.rs`);
//! who of the others is online is kept in memory only.

use std::collections::BTreeSet;

use tmtp::id::RequestId;
use tmtp::request::{OhiKind, OhiMember, Request};

/// Members named in one request: a header holds about 1,500 uids of 32 characters.
const MEMBERS_MAX: usize = 500;

/// The list that was sent to the service on this link.
#[derive(Debug, Default)]
pub(crate) struct Announced {
    members: BTreeSet<String>,
    entered: bool,
    /// The version of the list that the service has.
    version: u64,
}

impl Announced {
    /// Whether the service has a list of this version and size.
    pub(crate) fn knows(&self, version: u64, chosen: u64) -> bool {
        self.version == version && self.members.len() as u64 == chosen
    }

    /// Requests that bring the service's list up to date.
    pub(crate) fn requests(
        &mut self,
        version: u64,
        chosen: BTreeSet<String>,
        mut request_id: impl FnMut() -> RequestId,
    ) -> Vec<Request> {
        let kind = if self.entered { OhiKind::Add } else { OhiKind::Init };
        let fresh: Vec<_> = chosen.difference(&self.members).cloned().collect();
        let gone: Vec<_> = self.members.difference(&chosen).cloned().collect();
        (self.entered, self.members, self.version) = (true, chosen, version);
        [(OhiKind::Drop, gone), (kind, fresh)]
            .iter()
            .flat_map(|(kind, uids)| uids.chunks(MEMBERS_MAX).map(|uids| (*kind, uids)))
            .map(|(kind, uids)| Request::OhiEdit {
                id: request_id(),
                kind,
                members: uids
                    .iter()
                    .map(|uid| OhiMember { uid: uid.as_str().into(), kind: 0 })
                    .collect(),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_chosen_members_are_asked_first_then_only_changes() {
        let mut announced = Announced::default();
        let some = |count: usize| (0..count).map(|n| format!("uid {n}")).collect();
        let mut shapes = |version, count| {
            let requests = announced.requests(version, some(count), || "r".into());
            assert!(announced.knows(version, count as u64));
            requests
                .iter()
                .map(|request| {
                    let Request::OhiEdit { kind, members, .. } = request else {
                        panic!("{request:?}")
                    };
                    (kind.as_str(), members.len())
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(shapes(0, 501), [("init", 500), ("init", 1)]);
        assert_eq!(shapes(0, 501), []);
        assert_eq!(shapes(1, 503), [("add", 2)]);
        assert_eq!(shapes(2, 501), [("drop", 2)]);
        assert_eq!(shapes(3, 0), [("drop", 500), ("drop", 1)]);
    }

    #[test]
    fn nothing_is_asked_when_nobody_is_chosen() {
        let mut announced = Announced::default();
        assert_eq!(announced.requests(0, BTreeSet::new(), || "r".into()), []);
        let later = announced.requests(1, BTreeSet::from(["a".into()]), || "r".into());
        assert!(matches!(&later[..], [Request::OhiEdit { kind: OhiKind::Add, .. }]));
    }
}
