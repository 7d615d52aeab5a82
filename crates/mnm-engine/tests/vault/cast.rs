//! Cast of the vault's tests: Alice's app, and what others send her.

use mnm_engine::error::VaultError;
use mnm_engine::event::Event;
use mnm_engine::vault::{
    Acked, Cc, DraftContent, Incoming, IncomingNote, IncomingPing, MemberAct, MemberNotice,
    NewAccount, OutboxAction, OutboxId, OutboxItem, OutgoingPost, Received, SyncNotice, Upon,
    UserNotice, Vault,
};
use mnm_engine::view::{AccountId, MayReply, Message, MessageRowId, ThreadId};
use tempfile::TempDir;
use tmtp::id::MessageId;

pub(crate) const ALICE: &str = "LC111111111111111111111111111111";
pub(crate) const BOB: &str = "BBB22222222222222222222222222222";
pub(crate) const CAROL: &str = "CRRL3333333333333333333333333333";
pub(crate) const MALLORY: &str = "MLLRY444444444444444444444444444";
pub(crate) const SECRET: &str = "NODESECRET5555555555555555555555555555555";

/// Alice's app with one account and an empty address book.
pub(crate) struct App {
    pub(crate) vault: Vault,
    pub(crate) account: AccountId,
    pub(crate) home: TempDir,
    clock_ms: i64,
    msgid: u64,
}

impl App {
    pub(crate) fn new() -> Self {
        Self::in_home(TempDir::new().unwrap(), alice())
    }

    /// In a home that is there, with one account more.
    pub(crate) fn in_home(home: TempDir, new: NewAccount) -> Self {
        let mut vault = mnm_native::open_vault(home.path()).unwrap();
        let account = vault.add_account(new, 1).unwrap().value.id;
        Self { vault, account, home, clock_ms: 1_000, msgid: 0x1000 }
    }

    /// With Bob as a contact.
    pub(crate) fn with_bob() -> Self {
        let mut app = Self::new();
        app.befriend(BOB, "Bob Jones");
        app
    }

    /// Alice copies a thread and has the copy queued.
    pub(crate) fn forward(
        &mut self,
        thread: ThreadId,
        to: &[String],
    ) -> Result<OutboxId, VaultError> {
        let now = self.now();
        let mut copying = self.vault.begin_copy(thread, to, now)?;
        let (mut writer, mut more) = (self.vault.begin_blob()?, true);
        while more {
            let slice = self.vault.copy_slice(&mut copying)?;
            self.vault.append_blob(&mut writer, &slice.0)?;
            more = slice.1;
        }
        let blob = self.vault.finish_blob(writer)?;
        let queued = self.vault.queue_forward(&copying, blob, to, now)?;
        Ok(queued.value.unwrap())
    }

    /// With Bob in the address book, and in the group.
    pub(crate) fn with_gardeners() -> Self {
        let mut app = Self::with_bob();
        join_gardeners(&mut app);
        app
    }

    /// Alice pings, the service takes it, the other answers with a ping.
    pub(crate) fn befriend(&mut self, uid: &str, alias: &str) {
        let now = self.now();
        let _ = self.vault.queue_ping(self.account, alias, "Hello", now).unwrap();
        self.send_next();
        let ping = self.ping_from(uid, alias);
        let _ = self.vault.receive_ping(self.account, &ping).unwrap();
    }

    pub(crate) fn now(&mut self) -> i64 {
        self.clock_ms += 10;
        self.clock_ms
    }

    pub(crate) fn next_msgid(&mut self) -> MessageId {
        self.msgid += 1;
        MessageId(self.msgid)
    }

    pub(crate) fn ping_from(&mut self, uid: &str, alias: &str) -> IncomingPing {
        IncomingPing {
            msgid: self.next_msgid(),
            from_uid: uid.into(),
            posted_ms: self.now(),
            alias: alias.into(),
            to: "Alice Smith".into(),
            text: "Shall we write?".into(),
            gid: None,
        }
    }

    /// A letter that opens a thread with Alice.
    pub(crate) fn letter(&mut self, uid: &str, alias: &str, text: &str) -> Incoming {
        Incoming {
            msgid: self.next_msgid(),
            from_uid: uid.into(),
            posted_ms: self.now(),
            thread_id: String::new(),
            alias: alias.into(),
            subject: format!("About {text}"),
            confirms: None,
            cc: vec![cc(alias, uid), cc("Alice Smith", ALICE)],
            readers: Vec::new(),
            groups: Vec::new(),
            text: text.into(),
            attachments: Vec::new(),
        }
    }

    /// A letter in an existing thread.
    pub(crate) fn reply(&mut self, thread_id: impl ToString, uid: &str, alias: &str) -> Incoming {
        Incoming {
            thread_id: thread_id.to_string(),
            subject: String::new(),
            cc: Vec::new(),
            ..self.letter(uid, alias, "a reply")
        }
    }

    pub(crate) fn receive(&mut self, post: &Incoming) -> Message {
        let change = self.vault.receive_post(self.account, post).unwrap();
        let Received::New(id) = change.value else {
            panic!("it is a duplicate");
        };
        self.vault.message(id).unwrap()
    }

    /// Queues a letter to `to`.
    pub(crate) fn queue(&mut self, to: &[&str], text: &str) -> Message {
        self.try_queue(to, text).unwrap()
    }

    /// As [`Self::queue`], where it may be refused.
    pub(crate) fn try_queue(&mut self, to: &[&str], text: &str) -> Result<Message, VaultError> {
        let content = DraftContent {
            to: to.iter().map(|&name| name.to_owned()).collect(),
            subject: "Plans".into(),
            text: text.into(),
        };
        let now = self.now();
        let draft = self
            .vault
            .save_draft(Upon::Anything, None, self.account, None, &content, now)
            .unwrap()
            .value
            .id;
        let now = self.now();
        self.vault.queue_draft(draft, None, now, 0).map(|change| change.value)
    }

    /// Queues a reply.
    pub(crate) fn queue_reply(
        &mut self,
        thread: ThreadId,
        text: &str,
    ) -> Result<Message, VaultError> {
        let content = DraftContent { text: text.into(), ..DraftContent::default() };
        let (now, account) = (self.now(), self.account);
        let saved =
            self.vault.save_draft(Upon::Anything, None, account, Some(thread), &content, now);
        let draft = saved.unwrap().value.id;
        let now = self.now();
        self.vault.queue_draft(draft, None, now, 0).map(|change| change.value)
    }

    pub(crate) fn next_post(&mut self) -> (OutboxItem, OutgoingPost) {
        let item = self.vault.next_outbox(self.account, 0).unwrap().unwrap();
        let OutboxAction::Post(post) = item.action.clone() else {
            panic!("not a post: {item:?}");
        };
        (item, *post)
    }

    /// The service acknowledges the head of the outbox.
    pub(crate) fn send_next(&mut self) -> (Acked, Vec<Event>) {
        let item = self.vault.next_outbox(self.account, 0).unwrap().unwrap();
        let ack = Acked { msgid: self.next_msgid(), posted_ms: self.now(), to: None };
        let change = self.vault.outbox_sent(item.id, Some(&ack)).unwrap();
        (ack, change.events)
    }

    /// A letter of a member of the group that opens a thread of hers.
    pub(crate) fn letter_to_gardeners(&mut self, uid: &str, alias: &str, text: &str) -> Incoming {
        let mut letter = self.letter(uid, alias, text);
        letter.cc = vec![cc(alias, uid), cc("Gardeners", "Gardeners")];
        through_gardeners(letter)
    }

    /// A thread with Bob and Carol, and the opening letter.
    pub(crate) fn of_three(&mut self) -> (ThreadId, Incoming) {
        let mut letter = self.letter(BOB, "Bob Jones", "hello both");
        letter.cc.push(cc("Carol Brown", CAROL));
        (self.receive(&letter).thread, letter)
    }

    pub(crate) fn may_reply(&self, thread: ThreadId) -> MayReply {
        self.vault.thread(thread).unwrap().row.may_reply
    }

    /// Why a reply is refused; nothing is queued then.
    pub(crate) fn refused_reply(&mut self, thread: ThreadId) -> String {
        let error = self.queue_reply(thread, "is anybody there?").unwrap_err().to_string();
        assert_eq!(self.vault.next_outbox(self.account, 0).unwrap(), None, "{error}");
        error
    }

    /// The member gets another device.
    pub(crate) fn add_device(&mut self) {
        let (msgid, now) = (self.next_msgid(), self.now());
        let device = UserNotice::Device { label: "tablet".into() };
        let _ = self.vault.receive_user(self.account, msgid, now, &device).unwrap();
    }

    /// What the app has for the member's other devices; all else is sent beside it.
    pub(crate) fn notices(&mut self) -> Vec<String> {
        let mut notices = Vec::new();
        while let Some(item) = self.vault.next_outbox(self.account, 0).unwrap() {
            if let OutboxAction::Sync { body } = &item.action {
                notices.push(body.clone());
            }
            let ack = Acked { msgid: self.next_msgid(), posted_ms: self.now(), to: None };
            let _ = self.vault.outbox_sent(item.id, Some(&ack)).unwrap();
        }
        notices
    }

    /// Gets notices of another device.
    pub(crate) fn hears(&mut self, notices: &[String]) {
        for notice in notices {
            let (msgid, notice) = (self.next_msgid(), SyncNotice::read(notice));
            let _ = self.vault.receive_sync(self.account, msgid, &notice, 0).unwrap();
        }
    }

    pub(crate) fn message(&self, id: MessageRowId) -> Message {
        self.vault.message(id).unwrap()
    }

    /// Ends the app without any warning and starts it again.
    pub(crate) fn restart(self) -> Self {
        let Self { vault, account, home, clock_ms, msgid } = self;
        drop(vault);
        Self { vault: mnm_native::open_vault(home.path()).unwrap(), account, home, clock_ms, msgid }
    }
}

pub(crate) fn alice() -> NewAccount {
    NewAccount {
        address: "=localhost:1".into(),
        fingerprint: Some("ab".repeat(32)),
        service: "Test Service".into(),
        uid: ALICE.into(),
        node: tmtp::id::NodeSecret::from(SECRET),
        device: "laptop".into(),
        aliases: vec!["Alice Smith".into()],
    }
}

/// Alice joins the group.
pub(crate) fn join_gardeners(app: &mut App) {
    let notice = member(app, ALICE, "Alice Smith", MemberAct::Join);
    let _ = app.vault.receive_member(app.account, &notice).unwrap();
}

/// News of the group.
pub(crate) fn member(app: &mut App, from: &str, alias: &str, act: MemberAct) -> MemberNotice {
    let (msgid, gid) = (app.next_msgid(), "Gardeners".into());
    MemberNotice { msgid, from_uid: from.into(), gid, alias: alias.into(), uid: None, act }
}

/// The service says that a letter was posted to the group.
pub(crate) fn through_gardeners(letter: Incoming) -> Incoming {
    Incoming { groups: vec!["Gardeners".into()], ..letter }
}

/// The ids that a letter goes to.
pub(crate) fn recipients(post: &OutgoingPost) -> Vec<&str> {
    post.recipients.iter().map(|to| to.id.as_str()).collect()
}

pub(crate) fn cc(who: &str, who_uid: &str) -> Cc {
    Cc { who: who.into(), who_uid: who_uid.into() }
}

/// Word of a thread that `from` forwards to somebody, from a service that does not say whom it went to.
pub(crate) fn note(msgid: MessageId, from: &str, thread_id: impl ToString, to: Cc) -> IncomingNote {
    IncomingNote {
        msgid,
        from_uid: from.into(),
        posted_ms: 9,
        thread_id: thread_id.to_string(),
        cc: vec![to],
        groups: Vec::new(),
        copied: None,
    }
}

/// The names of events, to compare what was announced.
pub(crate) fn names(events: &[Event]) -> Vec<&'static str> {
    events
        .iter()
        .map(|event| match event {
            Event::Account { .. } => "account",
            Event::Thread { .. } => "thread",
            Event::Message { .. } => "message",
            Event::MessageGone { .. } => "message_gone",
            Event::ThreadGone { .. } => "thread_gone",
            Event::Progress { .. } => "progress",
            Event::Ping { .. } => "ping",
            Event::Contact { .. } => "contact",
            Event::ContactGone { .. } => "contact_gone",
            Event::Group { .. } => "group",
            Event::Draft { .. } => "draft",
            Event::DraftGone { .. } => "draft_gone",
            Event::AccountGone { .. } => "account_gone",
            Event::Lagged => "lagged",
        })
        .collect()
}
