//! Incoming notices: pings, invitations, groups, devices and threads.
//!
//! Each is handled once: its id is stored in the same transaction.

use rusqlite::params;
use tmtp::id::{Gid, MessageId, Uid, UidOrGid};

use super::cc::Cc;
use super::change::{VaultReader, WriteTx};
use super::inbox::Received;
use super::name::is_clean;
use super::ping::NewPing;
use super::placement::PlacementFacts;
use super::text::clean_ping;
use super::{Change, Result, Vault};
use crate::view::{AccountId, NameMark, PingId, Standing};

/// Ids stored per account. The service redelivers only what was not acknowledged, which is among
/// the newest.
const SEEN_MAX: i64 = 20_000;

/// A ping or an invitation as the service delivered it. The service vouches for all but the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncomingPing {
    /// Id the service gave.
    pub msgid: MessageId,
    /// Sender.
    pub from_uid: Uid,
    /// When the service accepted it.
    pub posted_ms: i64,
    /// Alias of the sender.
    pub alias: String,
    /// Alias it is addressed to, one of the member's.
    pub to: String,
    /// Plain text; may be empty.
    pub text: String,
    /// The group, for an invitation.
    pub gid: Option<Gid>,
}

/// A group notice (`member`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberNotice {
    /// Id the service gave.
    pub msgid: MessageId,
    /// The acting member.
    pub from_uid: Uid,
    /// The group.
    pub gid: Gid,
    /// Alias of the member it concerns.
    pub alias: String,
    /// Uid of the member it concerns, if the service gives it: for those who leave.
    pub uid: Option<Uid>,
    /// What.
    pub act: MemberAct,
}

/// Kind of a group notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemberAct {
    /// Somebody was invited.
    Invite,
    /// Somebody joined.
    Join,
    /// Somebody changed their alias to this one.
    Alias(String),
    /// Somebody left or was removed.
    Drop,
}

/// A notice about the member's own account (`user`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserNotice {
    /// The service has granted an alias.
    Alias(String),
    /// A device was added. Its secret is not stored here.
    Device {
        /// Its label.
        label: String,
    },
}

/// The notification of a forwarded thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncomingNote {
    /// Id the service gave.
    pub msgid: MessageId,
    /// The forwarder, vouched for by the service.
    pub from_uid: Uid,
    /// When the service accepted it.
    pub posted_ms: i64,
    /// The thread.
    pub thread_id: String,
    /// The new readers.
    pub cc: Vec<Cc>,
    /// Groups that were notified; the service says that the forwarder is in them.
    pub groups: Vec<Gid>,
    /// Uids and groups that the service says the thread itself was sent to; none if the service
    /// does not say.
    pub copied: Option<Vec<UidOrGid>>,
}

impl Vault {
    /// Stores a ping or an invitation. A ping from a contact, or from the very alias that the
    /// member has pinged, is accepted automatically; any other waits for an answer. One from the
    /// member's own uid is dropped.
    pub fn receive_ping(
        &mut self,
        account: AccountId,
        ping: &IncomingPing,
    ) -> Result<Change<Received<Option<PingId>>>> {
        self.once(account, ping.msgid, |work| {
            if ping.from_uid == work.read.own_uid(account)? {
                return work.receive_own_ping(account, ping);
            }
            work.receive_ping(account, ping).map(Some)
        })
    }

    /// Handles a group notice.
    pub fn receive_member(
        &mut self,
        account: AccountId,
        notice: &MemberNotice,
    ) -> Result<Change<Received<()>>> {
        self.once(account, notice.msgid, |work| work.receive_member(account, notice))
    }

    /// Handles a notice about the member's own account.
    pub fn receive_user(
        &mut self,
        account: AccountId,
        msgid: MessageId,
        posted_ms: i64,
        notice: &UserNotice,
    ) -> Result<Change<Received<()>>> {
        self.once(account, msgid, |work| {
            match notice {
                UserNotice::Alias(alias) => work.insert_own_alias(account, alias)?,
                UserNotice::Device { label } => {
                    work.insert_device(account, label, false, posted_ms)?;
                }
            }
            work.touch_account(account);
            Ok(())
        })
    }

    /// Handles the notification of a forwarded thread: subscribes those it names. One about an
    /// unknown thread, or from a non-reader, has no effect.
    pub fn receive_notify(
        &mut self,
        account: AccountId,
        note: &IncomingNote,
    ) -> Result<Change<Received<()>>> {
        self.once(account, note.msgid, |work| {
            let IncomingNote { from_uid, posted_ms, cc, groups, copied, .. } = note;
            if !groups.is_empty() || copied.is_some() {
                work.set_vouches(account)?;
            }
            for gid in groups {
                work.learn_member(account, gid, from_uid, "")?;
            }
            let (thread_id, uid) = (note.thread_id.as_str(), from_uid);
            // It names the newcomers only.
            let facts = PlacementFacts { account, thread_id, uid, readers: &[], groups };
            let thread = match work.entered(&facts)? {
                Some(thread) => Some(thread),
                None => work.sole_claimed(&facts)?,
            };
            let mine = *from_uid == work.read.own_uid(account)?;
            if let Some(thread) = thread {
                let newcomers = if mine { Vec::new() } else { work.newcomers(thread, note)? };
                work.subscribe_cc(account, thread, cc, from_uid, *posted_ms)?;
                // The forwarding device confirms; for threads that others forward each author does.
                work.welcome(account, thread, newcomers, note)?;
            }
            Ok(())
        })
    }

    /// Runs `act` unless `msgid` was handled before, and stores it in the same transaction.
    pub(super) fn once<T>(
        &mut self,
        account: AccountId,
        msgid: MessageId,
        act: impl FnOnce(&mut WriteTx<'_>) -> Result<T>,
    ) -> Result<Change<Received<T>>> {
        self.change(|work| {
            if !work.insert_seen(account, msgid)? {
                return Ok(Received::Duplicate);
            }
            act(work).map(Received::New)
        })
    }
}

impl VaultReader<'_> {
    pub(super) fn is_seen(&self, account: AccountId, msgid: MessageId) -> Result<bool> {
        Ok(self
            .db
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM seen WHERE account = ?1 AND msgid = ?2)")?
            .query_row(params![account, msgid], |row| row.get(0))?)
    }
}

impl WriteTx<'_> {
    /// Stores an id; whether it is new. Message ids ascend, so the lowest are the oldest.
    pub(super) fn insert_seen(&mut self, account: AccountId, msgid: MessageId) -> Result<bool> {
        let added = self
            .db
            .prepare_cached(
                "INSERT INTO seen (account, msgid) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            )?
            .execute(params![account, msgid])?;
        self.db
            .prepare_cached(
                "DELETE FROM seen WHERE account = ?1 AND msgid <=
                 (SELECT msgid FROM seen WHERE account = ?1 ORDER BY msgid DESC LIMIT 1 OFFSET ?2)",
            )?
            .execute([account, SEEN_MAX])?;
        Ok(added > 0)
    }

    fn receive_ping(&mut self, account: AccountId, ping: &IncomingPing) -> Result<PingId> {
        let alias = ping.alias.as_str();
        self.confirm_now_to(account, &ping.from_uid)?;
        let state = match &ping.gid {
            Some(gid) => {
                let state = self.invited(account, gid, alias, &ping.to)?;
                self.learn_member(account, gid, &ping.from_uid, alias)?;
                state
            }
            None => self.greeted(account, &ping.from_uid, alias, ping.posted_ms)?,
        };
        self.insert_ping(&NewPing {
            account,
            msgid: Some(ping.msgid),
            incoming: true,
            from_uid: &ping.from_uid,
            from_alias: alias,
            to_alias: &ping.to,
            text: &clean_ping(&ping.text),
            gid: ping.gid.as_ref(),
            at_ms: ping.posted_ms,
            state,
            answers: None,
        })
    }

    /// A ping or invitation that another device of the member sent: services give the others a
    /// copy. None for one that was returned because its receiver is the member.
    fn receive_own_ping(
        &mut self,
        account: AccountId,
        ping: &IncomingPing,
    ) -> Result<Option<PingId>> {
        if self.read.own_aliases(account)?.contains(&ping.to) {
            return Ok(None);
        }
        let (alias, to) = (ping.alias.as_str(), ping.to.as_str());
        if let Some(gid) = &ping.gid {
            self.founded(account, gid, alias)?;
            self.set_member(account, gid, to, Standing::Invited)?;
        }
        let is_known = ping.gid.is_none() && self.read.is_contact_called(account, to)?;
        let id = self.insert_ping(&NewPing {
            account,
            msgid: Some(ping.msgid),
            incoming: false,
            from_uid: &ping.from_uid,
            from_alias: alias,
            to_alias: to,
            text: &clean_ping(&ping.text),
            gid: ping.gid.as_ref(),
            at_ms: ping.posted_ms,
            state: if is_known { "accepted" } else { "waiting" },
            answers: None,
        })?;
        Ok(Some(id))
    }

    /// The state of an incoming ping; the sender becomes a contact if we have pinged them. A name
    /// that could be mistaken for another waits for the member's judgement.
    fn greeted(
        &mut self,
        account: AccountId,
        uid: &Uid,
        alias: &str,
        posted_ms: i64,
    ) -> Result<&'static str> {
        // A name that is only claimed by another device does not count.
        let known = self.read.contact(account, uid)?;
        let known = known.is_some_and(|contact| contact.mark != Some(NameMark::Claimed));
        let expected = is_clean(alias)
            && self.read.has_pinged(account, alias)?
            && !self.read.looks_like_another(account, uid, alias)?;
        if !known && !expected {
            return Ok("waiting");
        }
        self.befriend(account, uid, alias, posted_ms)?;
        Ok("accepted")
    }

    /// The state of an incoming invitation. Only members invite, so this reveals one.
    fn invited(
        &mut self,
        account: AccountId,
        gid: &Gid,
        by: &str,
        to: &str,
    ) -> Result<&'static str> {
        if self.read.standing(account, gid)? == Some(Standing::Joined) {
            return Ok("accepted");
        }
        self.set_standing(account, gid, to, Standing::Invited)?;
        self.set_member(account, gid, by, Standing::Joined)?;
        Ok("waiting")
    }

    fn receive_member(&mut self, account: AccountId, notice: &MemberNotice) -> Result<()> {
        let gid = &notice.gid;
        let alias = notice.alias.as_str();
        if let Some(uid) = whom(notice) {
            self.catch_up_name(account, gid, uid, alias)?;
        }
        let mine = self.is_mine(account, notice)?;
        let by_me = notice.from_uid == self.read.own_uid(account)?;
        if mine && notice.act == MemberAct::Drop && !self.was_joined(account, gid)? {
            return self.uninvite(account, gid, by_me);
        }
        // Only members get group notices, but this may be the first one about the member's own
        // joining on another device.
        if self.read.standing(account, gid)?.is_none() {
            match notice.act == MemberAct::Invite && by_me {
                true => self.founded(account, gid, &self.read.own_alias(account)?)?,
                false => self.set_standing(account, gid, "", Standing::Joined)?,
            }
        }
        self.learn_from(account, notice)?;
        match &notice.act {
            MemberAct::Invite => self.set_member(account, gid, alias, Standing::Invited),
            MemberAct::Join if mine => self.set_standing(account, gid, alias, Standing::Joined),
            MemberAct::Join => {
                self.set_member(account, gid, alias, Standing::Joined)?;
                self.settle_invitations(account, gid, alias)
            }
            MemberAct::Drop if mine => {
                let standing = if by_me { Standing::Left } else { Standing::Removed };
                self.set_standing(account, gid, alias, standing)
            }
            MemberAct::Drop => self.set_member(account, gid, alias, Standing::Left),
            MemberAct::Alias(new) => {
                self.rename_member(account, gid, alias, new)?;
                if mine {
                    self.set_standing(account, gid, new, Standing::Joined)?;
                }
                Ok(())
            }
        }
    }

    /// Whether the member is or was in a group: one who never joined cannot have left.
    fn was_joined(&self, account: AccountId, gid: &Gid) -> Result<bool> {
        Ok(match self.read.standing(account, gid)? {
            Some(Standing::Joined | Standing::Left | Standing::Removed) => true,
            Some(Standing::Invited) | None => false,
        })
    }

    /// Whether a notice concerns the member. Joining and renaming are one's own acts; removal may
    /// be another's, so there the alias decides if the service does not give a uid.
    fn is_mine(&self, account: AccountId, notice: &MemberNotice) -> Result<bool> {
        let me = self.read.own_uid(account)?;
        if let Some(uid) = &notice.uid {
            return Ok(*uid == me);
        }
        let by_me = notice.from_uid == me;
        let aliases = self.read.own_aliases(account)?;
        let my_name = notice.alias == self.read.alias_in(account, &notice.gid)?
            || aliases.contains(&notice.alias);
        Ok(match notice.act {
            MemberAct::Join | MemberAct::Alias(_) => by_me,
            MemberAct::Drop | MemberAct::Invite => my_name,
        })
    }
}

/// The uid that a notice concerns, if known: joining and renaming are one's own acts.
fn whom(notice: &MemberNotice) -> Option<&Uid> {
    match notice.act {
        MemberAct::Join | MemberAct::Alias(_) => Some(&notice.from_uid),
        MemberAct::Drop => notice.uid.as_ref(),
        MemberAct::Invite => None,
    }
}
