//! Placement: which thread an incoming letter, forward or notice goes to.
//!
//! A thread id can be guessed, or remembered by a former reader. A thread is *known* once its first
//! letter arrived from the service, or another device of the member sent its readers: then the
//! readers are certain, and [`WriteTx::lets_in`] admits letters. Any other letter stands apart, so
//! that nobody can enter a conversation, read the replies or rename it. The member may move it.
//!
//! Until then an id, and the readers, are a mere claim of whoever wrote first: the claimant.
//! Several threads here may claim one id, each with readers of its own; a reply carries the id and
//! is sent to the readers of its own thread only. A claimed thread admits its claimant and those
//! who have written there; anybody else only if both name each other: the thread names the author,
//! and the author's own list of readers names the claimant. Whoever occupies an id in advance is
//! alone in that thread.

use rusqlite::{OptionalExtension, params};
use tmtp::id::{Gid, MessageId, Uid, UidOrGid};

use super::Result;
use super::cc::{CC_MAX, Cc};
use super::change::{VaultReader, WriteTx};
use super::inbox::Incoming;
use super::party::GROUPS_MAX;
use super::synced_thread::SyncedThread;
use crate::view::{AccountId, ThreadId};

/// Threads of one id that are examined.
const CLAIMED_MAX: usize = 1_000;
/// Of them, those examined when the thread's first letter arrives: it makes one of them the known
/// thread, and the letters of the others are moved into that.
const TURNED_MAX: usize = 100;

/// An author's oldest letters in a thread that are examined for the groups they were posted to.
const WRITTEN_MAX: usize = 500;

/// The facts that decide where a letter, a forward or a notice goes.
#[derive(Clone, Copy)]
pub(super) struct PlacementFacts<'a> {
    pub(super) account: AccountId,
    /// The thread that it names.
    pub(super) thread_id: &'a str,
    /// Its sender, vouched for by the service.
    pub(super) uid: &'a Uid,
    /// The readers that it names; empty if it names none.
    pub(super) readers: &'a [Cc],
    /// Groups that the service says it was posted to.
    pub(super) groups: &'a [Gid],
}

impl PlacementFacts<'_> {
    /// Whether it names this reader; it counts as naming its sender.
    fn names(&self, id: &UidOrGid, is_group: bool) -> bool {
        *id == *self.uid && !is_group
            || is_group && self.groups.iter().any(|gid| *id == *gid)
            || self
                .readers
                .iter()
                .take(CC_MAX)
                .any(|named| named.is_group() == is_group && named.who_uid == *id)
    }

    /// None if the message `msgid` cannot belong to the thread it names: an id from the future.
    pub(super) fn checked(self, msgid: MessageId) -> Option<Self> {
        MessageId::from_wire(self.thread_id).is_some_and(|first| first < msgid).then_some(self)
    }
}

impl Incoming {
    /// The facts about it; none if it begins a thread.
    pub(super) fn placement_facts(&self, account: AccountId) -> Option<PlacementFacts<'_>> {
        let facts = PlacementFacts {
            account,
            thread_id: &self.thread_id,
            uid: &self.from_uid,
            readers: if self.readers.is_empty() { &self.cc } else { &self.readers },
            groups: &self.groups,
        };
        facts.checked(self.msgid)
    }
}

impl VaultReader<'_> {
    /// The known thread with this id.
    pub(super) fn known_thread(
        &self,
        account: AccountId,
        service_id: &str,
    ) -> Result<Option<ThreadId>> {
        Ok(self
            .db
            .prepare_cached(
                "SELECT id FROM thread WHERE account = ?1 AND service_id = ?2 AND known = 1",
            )?
            .query_row(params![account, service_id], |row| row.get(0))
            .optional()?)
    }

    /// The threads that claim this id, the oldest first.
    pub(super) fn claimed_threads(
        &self,
        account: AccountId,
        service_id: &str,
    ) -> Result<Vec<ThreadId>> {
        let mut statement = self.db.prepare_cached(
            "SELECT id FROM thread WHERE account = ?1 AND service_id = ?2 AND known = 0
             ORDER BY id LIMIT ?3",
        )?;
        let threads =
            statement.query_map(params![account, service_id, CLAIMED_MAX], |row| row.get(0))?;
        Ok(threads.collect::<rusqlite::Result<_>>()?)
    }

    /// Those of them that may admit a uid, because they or a group have a row there; for others
    /// than the member without threads that are being emptied.
    fn claimed_open_to(
        &self,
        account: AccountId,
        service_id: &str,
        uid: &Uid,
    ) -> Result<Vec<ThreadId>> {
        if *uid == self.own_uid(account)? || uid.is_service() {
            return self.claimed_threads(account, service_id);
        }
        let mut statement = self.db.prepare_cached(
            "SELECT id FROM
                 (SELECT id FROM thread WHERE account = ?1 AND service_id = ?2 AND known = 0
                      AND NOT EXISTS (SELECT 1 FROM unsettled WHERE source = thread.id)
                  ORDER BY id LIMIT ?4) AS claimed
             WHERE EXISTS (SELECT 1 FROM party WHERE thread = claimed.id AND uid = ?3)
                 OR EXISTS (SELECT 1 FROM party
                     WHERE thread = claimed.id AND is_group = 1 AND struck_ms IS NULL)
             ORDER BY id",
        )?;
        let threads = statement
            .query_map(params![account, service_id, uid, CLAIMED_MAX], |row| row.get(0))?;
        Ok(threads.collect::<rusqlite::Result<_>>()?)
    }

    /// The claimed thread that holds this letter although it is not the first of that id: a reply
    /// to it there may name it as the first.
    fn claimed_thread_of(&self, account: AccountId, msgid: &str) -> Result<Option<ThreadId>> {
        Ok(self
            .db
            .prepare_cached(
                "SELECT thread.id FROM message JOIN thread ON thread.id = message.thread
                 WHERE message.account = ?1 AND msgid = ?2 AND known = 0
                     AND NOT EXISTS (SELECT 1 FROM unsettled WHERE source = thread.id)",
            )?
            .query_row(params![account, msgid], |row| row.get(0))
            .optional()?)
    }

    /// The claimant of a thread: the author of its first letter here.
    pub(super) fn claimant(&self, thread: ThreadId) -> Result<Option<Uid>> {
        Ok(self
            .db
            .prepare_cached("SELECT claimant FROM thread WHERE id = ?1 AND claimant <> ''")?
            .query_row([thread], |row| row.get(0))
            .optional()?)
    }

    /// The readers that the claim of a thread named, except those whom the member has struck since;
    /// each with whether it is a group.
    fn claimed_readers(&self, thread: ThreadId) -> Result<Vec<(UidOrGid, bool)>> {
        let mut statement = self.db.prepare_cached(
            "SELECT uid, is_group FROM party
             WHERE thread = ?1 AND struck_ms IS NULL
               AND at_ms = (SELECT at_ms FROM party WHERE thread = ?1 ORDER BY ord LIMIT 1)",
        )?;
        let readers = statement.query_map([thread], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(readers.collect::<rusqlite::Result<_>>()?)
    }

    /// Groups to which a uid has posted the letters in a claimed thread, as the service says.
    pub(super) fn written_to(
        &self,
        account: AccountId,
        thread: ThreadId,
        uid: &Uid,
    ) -> Result<Vec<Gid>> {
        let mut statement = self.db.prepare_cached(
            "SELECT DISTINCT gid FROM
                 (SELECT id FROM message INDEXED BY message_author
                  WHERE account = ?1 AND author_uid = ?2 AND thread = ?3 AND forwarded_by IS NULL
                  LIMIT ?4)
             JOIN posted_to ON posted_to.message = id",
        )?;
        let groups =
            statement.query_map(params![account, uid, thread, WRITTEN_MAX], |row| row.get(0))?;
        Ok(groups.collect::<rusqlite::Result<_>>()?)
    }

    /// Whether a uid has written in a thread, or confirmed a forwarded letter there, as the service
    /// says.
    fn has_written(
        &self,
        account: AccountId,
        thread: ThreadId,
        uid: &Uid,
        confirmed: bool,
    ) -> Result<bool> {
        Ok(self
            .db
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM message INDEXED BY message_author
                 WHERE account = ?1 AND author_uid = ?2 AND thread = ?3 AND forwarded_by IS NULL
                   AND (NOT ?4 OR original_id IS NOT NULL))",
            )?
            .query_row(params![account, uid, thread, confirmed], |row| row.get(0))?)
    }
}

impl WriteTx<'_> {
    /// Learns from the groups that the service says a letter was posted to.
    pub(super) fn learn_groups(&mut self, account: AccountId, post: &Incoming) -> Result<()> {
        if post.groups.is_empty() {
            return Ok(());
        }
        self.set_vouches(account)?;
        for gid in &post.groups {
            self.learn_member(account, gid, &post.from_uid, "")?;
        }
        Ok(())
    }

    /// The thread that a letter goes to, found or made, with those it subscribes.
    pub(super) fn thread_for(&mut self, account: AccountId, post: &Incoming) -> Result<ThreadId> {
        let Some(facts) = post.placement_facts(account) else {
            return self.opened_thread(account, post);
        };
        let found = match self.entered(&facts)? {
            Some(thread) => Some(thread),
            None => self.begin_synced(&facts, post.posted_ms)?,
        };
        if let Some(thread) = found {
            if self.is_named(account, thread, &post.from_uid)? {
                self.subscribe(account, thread, post)?;
            }
            return Ok(thread);
        }
        if self.is_free(&facts)? {
            return self.new_thread(account, &post.thread_id, post);
        }
        let own = self.opened_thread(account, post)?;
        self.claim(own, &post.thread_id)?;
        Ok(own)
    }

    /// The existing thread that it enters.
    pub(super) fn entered(&self, facts: &PlacementFacts<'_>) -> Result<Option<ThreadId>> {
        let PlacementFacts { account, thread_id, uid, groups, .. } = *facts;
        if let Some(thread) = self.read.known_thread(account, thread_id)?
            && self.lets_in(account, thread, uid, groups)?
        {
            return Ok(Some(thread));
        }
        let mut claimed = self.read.claimed_open_to(account, thread_id, uid)?;
        claimed.extend(self.read.claimed_thread_of(account, thread_id)?);
        let mut at_home = None;
        for thread in claimed {
            if !self.lets_in(account, thread, uid, groups)? {
                continue;
            }
            if self.names_all_of(facts, thread)? {
                return Ok(Some(thread));
            }
            if at_home.is_none() && self.is_at_home(facts, thread)? {
                at_home = Some(thread);
            }
        }
        Ok(at_home)
    }

    /// Whether a claimed thread is that of an author, whomever the letter names: a letter without
    /// readers goes to the thread in which its author wrote last; an author who has confirmed a
    /// letter there means that thread, and need not know which member of a group has forwarded it.
    fn is_at_home(&self, facts: &PlacementFacts<'_>, thread: ThreadId) -> Result<bool> {
        let PlacementFacts { account, uid, readers, .. } = *facts;
        if self.read.has_written(account, thread, uid, true)? {
            return Ok(true);
        }
        Ok(readers.is_empty()
            && (self.read.claimant(thread)?.as_ref() == Some(uid)
                || self.read.has_written(account, thread, uid, false)?))
    }

    /// Whether it names all readers that the claim of a thread named: then replies reach nobody
    /// unknown to its author.
    fn names_all_of(&self, facts: &PlacementFacts<'_>, thread: ThreadId) -> Result<bool> {
        let me = self.read.own_uid(facts.account)?;
        // The member's own claim is valid for all it names, and the service reads nothing.
        if facts.uid.is_service() || self.read.claimant(thread)?.as_ref() == Some(&me) {
            return Ok(true);
        }
        let claimed = self.read.claimed_readers(thread)?;
        Ok(claimed.iter().all(|(id, is_group)| *id == me || facts.names(id, *is_group)))
    }

    /// The only thread that claims an id, if it admits a uid whose place nothing else decides, and
    /// no group is in it.
    pub(super) fn sole_claimed(&self, facts: &PlacementFacts<'_>) -> Result<Option<ThreadId>> {
        let PlacementFacts { account, thread_id, uid, groups, .. } = *facts;
        if !groups.is_empty() || self.read.known_thread(account, thread_id)?.is_some() {
            return Ok(None);
        }
        let [thread] = self.read.claimed_threads(account, thread_id)?[..] else {
            return Ok(None);
        };
        let belongs =
            self.is_named(account, thread, uid)? && self.read.groups_in(thread)?.is_empty();
        Ok(belongs.then_some(thread))
    }

    /// Whether a thread that claims this id may be made: no other device knows the thread.
    pub(super) fn is_free(&self, facts: &PlacementFacts<'_>) -> Result<bool> {
        let PlacementFacts { account, thread_id, .. } = *facts;
        Ok(self.read.known_thread(account, thread_id)?.is_none()
            && self.early_thread(account, thread_id)?.is_none())
    }

    /// Makes a thread that another device has sent the readers of, if the letter belongs to it.
    pub(super) fn begin_synced(
        &mut self,
        facts: &PlacementFacts<'_>,
        at_ms: i64,
    ) -> Result<Option<ThreadId>> {
        let PlacementFacts { account, thread_id, uid, groups, .. } = *facts;
        if self.read.known_thread(account, thread_id)?.is_some() {
            return Ok(None);
        }
        let Some(synced) = self.early_thread(account, thread_id)? else { return Ok(None) };
        if !self.synced_lets_in(account, &synced, uid, groups)? {
            return Ok(None);
        }
        let thread = self.insert_thread(account, Some(thread_id), "", at_ms)?;
        self.settle_synced(account, thread, &synced)?;
        Ok(Some(thread))
    }

    /// As [`Self::lets_in`], by the readers that another device has sent.
    pub(super) fn synced_lets_in(
        &self,
        account: AccountId,
        synced: &SyncedThread,
        uid: &Uid,
        vouched: &[Gid],
    ) -> Result<bool> {
        if synced.strikes(uid) {
            return Ok(false);
        }
        if synced.names(uid) || *uid == self.read.own_uid(account)? || uid.is_service() {
            return Ok(true);
        }
        for gid in synced.groups() {
            if self.read.speaks_in(account, &gid, uid, vouched)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a letter belongs to the thread: its author is a reader by name, or it was posted to
    /// a group that is, as the service says (`vouched`; see `speaks_in` for a service that never
    /// says so); and the member has not struck the author.
    pub(super) fn lets_in(
        &self,
        account: AccountId,
        thread: ThreadId,
        uid: &Uid,
        vouched: &[Gid],
    ) -> Result<bool> {
        if self.is_named(account, thread, uid)? {
            return Ok(true);
        }
        if self.read.is_struck(thread, uid)? {
            return Ok(false);
        }
        for gid in self.read.groups_in(thread)? {
            if self.read.speaks_in(account, &gid, uid, vouched)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    pub(super) fn is_named(&self, account: AccountId, thread: ThreadId, uid: &Uid) -> Result<bool> {
        let is_own = *uid == self.read.own_uid(account)? || uid.is_service();
        Ok(is_own || self.read.is_party(thread, uid)?)
    }

    /// The thread whose first letter this is, which names its readers. A thread that one of them
    /// has claimed becomes it.
    fn opened_thread(&mut self, account: AccountId, post: &Incoming) -> Result<ThreadId> {
        let service_id = post.msgid.to_string();
        let known = self.read.known_thread(account, &service_id)?;
        let thread = match known {
            Some(thread) => thread,
            None => match self.claimed_by_reader(account, post)? {
                Some(thread) => {
                    self.clear_parties(thread)?;
                    thread
                }
                None => self.insert_thread(account, Some(&service_id), "", post.posted_ms)?,
            },
        };
        self.subscribe(account, thread, post)?;
        self.set_known(thread)?;
        self.settle_early(account, thread, known.is_some())?;
        Ok(thread)
    }

    /// The first thread claimed by one of its readers, according to its first letter.
    fn claimed_by_reader(&self, account: AccountId, post: &Incoming) -> Result<Option<ThreadId>> {
        let me = self.read.own_uid(account)?;
        let (groups, members): (Vec<&Cc>, Vec<&Cc>) = post.cc.iter().partition(|cc| cc.is_group());
        let claimed = self.read.claimed_threads(account, &post.msgid.to_string())?;
        for thread in claimed.into_iter().take(TURNED_MAX) {
            let Some(claimant) = self.read.claimant(thread)? else { continue };
            let mut reads = claimant == post.from_uid
                || claimant == me
                || members.iter().any(|cc| cc.who_uid == claimant);
            if !reads && !groups.is_empty() {
                let vouched = self.read.written_to(account, thread, &claimant)?;
                for cc in groups.iter().take(GROUPS_MAX) {
                    let gid = cc.who_uid.to_gid();
                    reads = reads || self.read.speaks_in(account, &gid, &claimant, &vouched)?;
                }
            }
            // Also one whose claimant the member has struck there: so they stay struck.
            if reads && !self.read.is_being_answered(thread)? {
                return Ok(Some(thread));
            }
        }
        Ok(None)
    }

    fn new_thread(
        &mut self,
        account: AccountId,
        service_id: &str,
        post: &Incoming,
    ) -> Result<ThreadId> {
        let thread = self.insert_thread(account, Some(service_id), "", post.posted_ms)?;
        self.set_claimant(thread, &post.from_uid)?;
        if post.groups.is_empty() {
            self.subscribe(account, thread, post)?;
            // It is the claimant's own thread, and so are its readers.
            self.subscribe_cc(account, thread, &post.readers, &post.from_uid, post.posted_ms)?;
        } else {
            // An author who is a member of the group is a reader by the group, and only as long as
            // they are in it.
            let group =
                |gid: &Gid| Cc { who: gid.as_str().to_owned(), who_uid: gid.clone().into() };
            let mut named: Vec<_> = post.groups.iter().map(group).collect();
            named.extend(post.cc.iter().chain(&post.readers).cloned());
            self.subscribe_cc(account, thread, &named, &post.from_uid, post.posted_ms)?;
        }
        Ok(thread)
    }

    /// Stores the claimant of a thread.
    pub(super) fn set_claimant(&mut self, thread: ThreadId, uid: &Uid) -> Result<()> {
        self.db
            .prepare_cached("UPDATE thread SET claimant = ?2 WHERE id = ?1")?
            .execute(params![thread, uid])?;
        Ok(())
    }
}
