//! Commands that a page or the command line gives the engine, and their replies.
//!
//! One command is one JSON object `{"cmd": NAME, …}` sent to `POST /api/command`; the answer is
//! `{"ok": REPLY}` or `{"error": {"code": …, "message": …}}`. Every command commits before it is
//! answered.

mod search_query;
mod thread_query;

use serde::{Deserialize, Serialize};
use tmtp::id::{Gid, Uid, UidOrGid};

use crate::secret::SecretCode;
use crate::view::{
    Account, AccountId, AttachmentId, Browser, BrowserId, Contact, Device, Draft, DraftId,
    ForwardState, Group, Losses, MemberPlace, Members, Message, MessageRowId, NoticeChange,
    NoticeSettings, Ping, PingId, Readers, SavedSearchId, SearchPage, State, TagId, Thread,
    ThreadId, ThreadRow, Watermark,
};

pub use search_query::SearchOrder;
pub use thread_query::{MessageMark, ThreadFilter, ThreadMark, ThreadSort, ThreadView};

/// A request to the engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "cmd", rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Everything for the first screen. Reply: [`Reply::State`].
    State,
    /// Register on a service. Waits until the service has answered. Reply: [`Reply::Account`].
    Join {
        /// `=host:port`, `+host:port`, or either followed by `#FINGERPRINT` to pin a certificate
        /// from the first contact.
        address: String,
        /// The alias to ask for; at least 8 bytes.
        alias: String,
        /// Label of this device; a default is chosen when absent.
        device: Option<String>,
        /// Register even where there is an account on this service already. Otherwise that is
        /// [`crate::ErrorCode::KnownService`], which offers the account that is here.
        #[serde(default)]
        another: bool,
    },
    /// Say where an account's service is now, or which certificate it has. What proves to be the
    /// service that was pinned is accepted at once; anything else is [`crate::ErrorCode::Untrusted`]
    /// with both fingerprints, until `trust` names the one that is shown. Waits for the service.
    /// Reply: [`Reply::Account`].
    SetService {
        /// The account.
        account: AccountId,
        /// As for [`Command::Join`]; as before when absent.
        address: Option<String>,
        /// Fingerprint of the certificate to trust from now on, all 64 digits.
        trust: Option<String>,
    },
    /// What would be lost with an account. Reply: [`Reply::Losses`].
    Losses {
        /// The account.
        account: AccountId,
    },
    /// Erase an account with all that is stored of it here. The service is not told: there the
    /// account stays, and so do other devices of it. Reply: [`Reply::Done`] once all is erased.
    RemoveAccount {
        /// The account.
        account: AccountId,
    },
    /// Become a further device of an account, by a code made with [`Command::AddDevice`] on
    /// another device of it. Reply: [`Reply::Account`].
    JoinDevice {
        /// The code.
        #[cfg_attr(test, schemars(with = "String"))]
        code: SecretCode,
    },
    /// Make a code for a further device. Waits for the service. Reply: [`Reply::Code`].
    AddDevice {
        /// The account.
        account: AccountId,
        /// Label of the new device.
        label: String,
    },
    /// Devices of an account that this app knows of. Reply: [`Reply::Devices`].
    Devices {
        /// The account, or all.
        account: Option<AccountId>,
    },
    /// Ask the service for a further alias. Waits for the service. Reply: [`Reply::Account`].
    AddAlias {
        /// The account.
        account: AccountId,
        /// The alias.
        alias: String,
    },
    /// Try to connect now. Reply: [`Reply::Done`].
    Reconnect {
        /// The account.
        account: AccountId,
    },
    /// Choose whether contacts see that the member is online. The member's other devices follow.
    /// Reply: [`Reply::Done`].
    SetPresence {
        /// The account.
        account: AccountId,
        /// Permanent id of one contact to choose for; all who have no choice of their own when
        /// absent.
        #[cfg_attr(test, schemars(with = "Option<String>"))]
        contact: Option<Uid>,
        /// Whether. Absent only with a contact: as for the others.
        shown: Option<bool>,
    },
    /// Remove somebody from the address book, on the member's other devices too. Letters stay; theirs
    /// come as a stranger's from then on. Reply: [`Reply::Done`].
    RemoveContact {
        /// The account.
        account: AccountId,
        /// Their permanent id.
        #[cfg_attr(test, schemars(with = "String"))]
        contact: Uid,
    },
    /// Somebody looks, or the network has changed: accounts that are not connected try at once.
    /// Reply: [`Reply::Done`].
    Nudge,
    /// Send a first-contact ping; it is queued. Reply: [`Reply::Ping`].
    Ping {
        /// The account.
        account: AccountId,
        /// Alias of the member to reach.
        to: String,
        /// Plain text, at most 140 UTF-16 units.
        text: String,
    },
    /// Pings and invitations, newest first. Reply: [`Reply::Pings`].
    Pings {
        /// The account, or all.
        account: Option<AccountId>,
        /// Only those that are listed behind this one.
        before: Option<PingId>,
        /// Only those whose sender, addressee or group has this in its name, whatever the case.
        find: Option<String>,
        /// At most so many; 1..=1000, default 200.
        limit: Option<u32>,
    },
    /// One ping or invitation. Reply: [`Reply::Ping`].
    OnePing {
        /// Which.
        ping: PingId,
    },
    /// Accept a ping by answering it with a ping, or an invitation by joining the group; it is
    /// queued. Reply: [`Reply::Ping`].
    Accept {
        /// Which.
        ping: PingId,
        /// The answer; a friendly default when absent. Not used for an invitation.
        text: Option<String>,
    },
    /// Put a ping away without telling its sender. Reply: [`Reply::Ping`].
    Ignore {
        /// Which.
        ping: PingId,
    },
    /// Put all pings and invitations away that wait for an answer, without telling their senders.
    /// Reply: [`Reply::Count`].
    IgnoreAll {
        /// The account, or all.
        account: Option<AccountId>,
        /// Only those that came before this time.
        before_ms: Option<i64>,
    },
    /// The address book. Reply: [`Reply::Contacts`].
    Contacts {
        /// The account, or all.
        account: Option<AccountId>,
    },
    /// Groups of an account, each with its first members. Reply: [`Reply::Groups`].
    Groups {
        /// The account, or all.
        account: Option<AccountId>,
    },
    /// A page of the members of a group: first those who have joined, then those who are invited, then
    /// those who have left. Whoever changes their standing between two pages is told of twice or not at
    /// all. Reply: [`Reply::Members`].
    Members {
        /// The account.
        account: AccountId,
        /// Name of the group.
        #[cfg_attr(test, schemars(with = "String"))]
        group: Gid,
        /// Only those behind this place; from the first on when absent.
        after: Option<MemberPlace>,
        /// At most so many; 1..=1000, default 200.
        limit: Option<u32>,
    },
    /// Invite a member to a group, which is created when it does not exist; it is queued.
    /// Reply: [`Reply::Ping`].
    Invite {
        /// The account.
        account: AccountId,
        /// Name of the group; at least 8 bytes.
        #[cfg_attr(test, schemars(with = "String"))]
        group: Gid,
        /// Alias of the member to invite.
        to: String,
        /// Plain text, at most 140 UTF-16 units.
        text: String,
    },
    /// Leave a group, or remove a member from it. Waits for the service. Reply: [`Reply::Done`].
    Drop {
        /// The account.
        account: AccountId,
        /// Name of the group.
        #[cfg_attr(test, schemars(with = "String"))]
        group: Gid,
        /// Alias of the member to remove; the member's own to leave.
        alias: String,
    },
    /// Join a group again, or one whose invitation was accepted elsewhere. Waits for the service.
    /// Reply: [`Reply::Done`].
    JoinGroup {
        /// The account.
        account: AccountId,
        /// Name of the group.
        #[cfg_attr(test, schemars(with = "String"))]
        group: Gid,
    },
    /// Threads of an account, newest first if no other order is asked for. The first page of the inbox begins
    /// with those that are pinned, beyond the limit. Reply: [`Reply::Threads`].
    Threads {
        /// The account, or all.
        account: Option<AccountId>,
        /// Which list.
        #[serde(default)]
        filter: ThreadFilter,
        /// Only threads in which the member or group with this permanent id is, or was, archived or not.
        #[serde(default)]
        #[cfg_attr(test, schemars(with = "Option<String>"))]
        with: Option<UidOrGid>,
        /// Only threads that are listed behind one whose newest message is of this time.
        before_ms: Option<i64>,
        /// Which of the threads of that time it is; all of them come before it when absent.
        #[serde(default)]
        before: Option<ThreadId>,
        /// What the list is sorted by besides the time, of that thread: its `person_key` or
        /// `subject_key`, or `0` where it is unread and `1` where not.
        #[serde(default)]
        before_key: Option<String>,
        /// At most so many; 1..=100, default 100.
        limit: Option<u32>,
    },
    /// One thread with a page of its messages. Reply: [`Reply::Thread`].
    Thread {
        /// Which.
        thread: ThreadId,
        /// Which page; the newest messages when absent.
        at: Option<Place>,
        /// At most so many messages; 1..=200, default 100. Fewer come where their texts are large.
        limit: Option<u32>,
    },
    /// Mark messages of a thread as seen, here and on the member's other devices.
    /// Reply: [`Reply::Done`].
    MarkRead {
        /// The thread.
        thread: ThreadId,
        /// Which of its messages, at most 1,000; all when absent. Those of other threads and those
        /// that are gone are passed over.
        messages: Option<Vec<MessageRowId>>,
    },
    /// Mark threads, or take a mark from them. Those that are gone are passed over.
    /// Reply: [`Reply::Count`], how many were changed.
    MarkThreads {
        /// Which, at most 1,000.
        threads: Vec<ThreadId>,
        /// The mark.
        mark: ThreadMark,
        /// Whether they have it from now on.
        on: bool,
    },
    /// Mark single messages, or take a mark from them. Those that are gone, or are not sent yet, are passed
    /// over. Reply: [`Reply::Count`], how many were changed.
    MarkMessages {
        /// Which, at most 1,000.
        messages: Vec<MessageRowId>,
        /// The mark.
        mark: MessageMark,
        /// Whether they have it from now on.
        on: bool,
    },
    /// Create a tag, or change its name and colour. Reply: [`Reply::Account`].
    SaveTag {
        /// The account.
        account: AccountId,
        /// The tag to change; a new one when absent.
        #[serde(default)]
        tag: Option<TagId>,
        /// Its name, at most 40 characters.
        name: String,
        /// One of the ten accents of the pages, 0 to 9.
        accent: u8,
    },
    /// Remove a tag from its threads and from the account. Reply: [`Reply::Account`].
    DropTag {
        /// The account.
        account: AccountId,
        /// Which.
        tag: TagId,
    },
    /// Give threads of its account a tag, or take it from them. Reply: [`Reply::Count`], how many
    /// were changed.
    TagThreads {
        /// Which, at most 1,000.
        threads: Vec<ThreadId>,
        /// The tag.
        tag: TagId,
        /// Whether they have it from now on.
        on: bool,
    },
    /// Save a search under a name, in place of the one that had it. Reply: [`Reply::Account`].
    SaveSearch {
        /// The account.
        account: AccountId,
        /// Its name, at most 40 characters.
        name: String,
        /// The words.
        words: String,
    },
    /// Remove a saved search. Reply: [`Reply::Account`].
    DropSearch {
        /// The account.
        account: AccountId,
        /// Which.
        search: SavedSearchId,
    },
    /// Erase threads that are in the trash, with their files, on this device. They are gone from all
    /// lists at once; what is queued in them is sent before they are erased. Reply: [`Reply::Count`].
    EmptyTrash {
        /// The account, or all.
        account: Option<AccountId>,
        /// Only these, at most 1,000.
        #[serde(default)]
        threads: Option<Vec<ThreadId>>,
    },
    /// Who reads a thread, and who added them. Reply: [`Reply::Readers`].
    Readers {
        /// The thread.
        thread: ThreadId,
    },
    /// Strike somebody from a thread: the member's letters go to them no more, and theirs do not come
    /// into it. Reply: [`Reply::Done`].
    Strike {
        /// The thread.
        thread: ThreadId,
        /// Permanent id, or a group's name.
        #[cfg_attr(test, schemars(with = "String"))]
        uid: UidOrGid,
    },
    /// Have somebody who was struck read a thread again. Reply: [`Reply::Done`].
    Readmit {
        /// The thread.
        thread: ThreadId,
        /// Permanent id, or a group's name.
        #[cfg_attr(test, schemars(with = "String"))]
        uid: UidOrGid,
    },
    /// Put a letter that stands in a thread of its own where it says it belongs; its author counts as
    /// one of the readers there. Reply: [`Reply::Thread`], the thread it is in now.
    TakeIn {
        /// The thread of its own.
        thread: ThreadId,
    },
    /// Create or replace a draft. Reply: [`Reply::Draft`].
    SaveDraft {
        /// The draft to replace; a new one when absent.
        draft: Option<DraftId>,
        /// The account.
        account: AccountId,
        /// The thread it answers. A thread has at most one draft; saving a second one without
        /// `draft` replaces the first.
        thread: Option<ThreadId>,
        /// Aliases of contacts and names of groups. Unknown ones are allowed until it is sent.
        to: Vec<String>,
        /// Subject.
        subject: String,
        /// Markdown.
        text: String,
        /// The version of the draft that this was typed upon, 0 when the writer knew of none: if
        /// another has been saved since, nothing is changed and the error is
        /// [`crate::error::ErrorCode::Outdated`]. Absent: whatever is there is replaced.
        #[serde(default)]
        version: Option<u64>,
        /// The writer goes away and can't be asked: rather than refusing, both are kept, as
        /// [`crate::vault::Vault::save_draft`] says. Needs `version`.
        #[serde(default)]
        leaving: bool,
    },
    /// A page of drafts of new letters and of replies, the last begun first; an empty one behind the last.
    /// Reply: [`Reply::Drafts`].
    Drafts {
        /// The account, or all.
        account: Option<AccountId>,
        /// Only those begun before this one.
        before: Option<DraftId>,
    },
    /// Discard a draft with its attachments. Reply: [`Reply::Done`].
    DropDraft {
        /// Which.
        draft: DraftId,
        /// The version that was on screen, as in [`Command::Send`].
        #[serde(default)]
        version: Option<u64>,
    },
    /// Take an attachment from a draft. Reply: [`Reply::Draft`]. (Adding one is an upload:
    /// `POST /api/drafts/{id}/attachments?name=…`, the body being the bytes.)
    Detach {
        /// The draft.
        draft: DraftId,
        /// The attachment.
        attachment: AttachmentId,
    },
    /// Queue a draft for sending; it becomes a message. Reply: [`Reply::Message`].
    Send {
        /// Which.
        draft: DraftId,
        /// The version that was on screen: if there is another by now, nothing is sent and the error
        /// is [`crate::error::ErrorCode::Outdated`]. Absent: it is sent as it is.
        #[serde(default)]
        version: Option<u64>,
        /// Hold it back so long that it can be taken back, milliseconds; at most 60,000. It leaves
        /// earlier when another letter is queued in its thread, by [`Command::SendNow`], and at the
        /// next start of the app.
        #[serde(default)]
        hold_ms: Option<u64>,
    },
    /// Let a message that is held back leave. Reply: [`Reply::Message`].
    SendNow {
        /// Which.
        message: MessageRowId,
    },
    /// Queue a failed message again. Reply: [`Reply::Message`].
    Retry {
        /// Which.
        message: MessageRowId,
    },
    /// Take a queued or failed message out of the outbox and make it a draft again.
    /// Reply: [`Reply::Draft`].
    Unsend {
        /// Which.
        message: MessageRowId,
    },
    /// What is here already, for a program that tells of what comes. Reply: [`Reply::Watermark`].
    Watermark,
    /// Wait until a message has left the outbox (sent or failed). Reply: [`Reply::Message`], with
    /// whatever state it has when the time is up.
    AwaitSent {
        /// Which.
        message: MessageRowId,
        /// At most so long, milliseconds; at most 600,000.
        timeout_ms: u64,
    },
    /// Forward a thread to people who are not in it; it is queued, and then waited for. Reply:
    /// [`Reply::Forward`].
    Forward {
        /// The thread.
        thread: ThreadId,
        /// Aliases of contacts and names of groups.
        to: Vec<String>,
        /// Wait at most so long for the service, milliseconds; at most 600,000.
        timeout_ms: u64,
    },
    /// What the member has chosen for notices on this device. Reply: [`Reply::Notices`].
    Notices,
    /// Change what the member has chosen for notices on this device. Reply: [`Reply::Notices`].
    SetNotices {
        /// The change.
        change: NoticeChange,
    },
    /// Browsers that were let in to the pages, the one used last first. Reply: [`Reply::Browsers`].
    Browsers,
    /// Shut a browser out. Reply: [`Reply::Done`].
    RevokeBrowser {
        /// Which.
        browser: BrowserId,
    },
    /// Render Markdown as a message would show it. Reply: [`Reply::Html`].
    Preview {
        /// Markdown.
        text: String,
    },
    /// Search subjects, texts and names of files; all words must occur, the last may be a beginning.
    /// Words in quotes stand together. `from:NAME`, `tag:NAME`, `in:PLACE` (archive, trash, starred, a group,
    /// a service, a subject), `is:unread`, `has:file`, `before:DAY` and `after:DAY` (also months and
    /// years, UTC) are conditions. Without words, these are met by the newest 20,000 messages only.
    /// What is in the trash is found only there. Reply: [`Reply::Hits`].
    Search {
        /// The account, or all.
        account: Option<AccountId>,
        /// The words.
        words: String,
        /// Only in this thread.
        #[serde(default)]
        thread: Option<ThreadId>,
        /// The order.
        #[serde(default)]
        order: SearchOrder,
        /// Leave out so many at the beginning; 1,000 at most.
        #[serde(default)]
        skip: u32,
        /// At most so many; 1..=200, default 50.
        limit: Option<u32>,
    },
    /// How many messages a search would find; 1,001 for more than 1,000. Reply: [`Reply::Count`].
    CountHits {
        /// The account, or all.
        account: Option<AccountId>,
        /// The words.
        words: String,
        /// Only in this thread.
        #[serde(default)]
        thread: Option<ThreadId>,
    },
}

/// Which page of a thread is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// The newest messages.
    End,
    /// Around the first message that is unread; the newest where none is.
    Unread,
    /// Around this message; as [`Place::Unread`] where it is not in the thread any more.
    Around(MessageRowId),
    /// The messages before this one.
    Before(MessageRowId),
    /// The messages after this one.
    After(MessageRowId),
}

/// What a command gives back, `{"kind": NAME, "value": …}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "kind", content = "value", rename_all = "snake_case")]
pub enum Reply {
    /// It is done and committed.
    Done,
    /// The first screen.
    State(State),
    /// One account.
    Account(Account),
    /// What would be lost.
    Losses(Losses),
    /// A device code: a secret that makes whoever has it a device of the account. Show it once.
    Code(#[cfg_attr(test, schemars(with = "String"))] SecretCode),
    /// Devices.
    Devices(Vec<Device>),
    /// One ping.
    Ping(Ping),
    /// Pings.
    Pings(Vec<Ping>),
    /// How many were changed.
    Count(u64),
    /// Address book entries.
    Contacts(Vec<Contact>),
    /// Groups.
    Groups(Vec<Group>),
    /// A page of a group's members.
    Members(Members),
    /// Thread list.
    Threads(Vec<ThreadRow>),
    /// One thread.
    Thread(Thread),
    /// Who reads a thread.
    Readers(Readers),
    /// One message.
    Message(Message),
    /// Where a forward stands.
    Forward(ForwardState),
    /// What is here already.
    Watermark(Watermark),
    /// One draft.
    Draft(Draft),
    /// A page of drafts.
    Drafts(Vec<Draft>),
    /// What is chosen for notices.
    Notices(NoticeSettings),
    /// Browsers.
    Browsers(Vec<Browser>),
    /// Sanitised HTML.
    Html(String),
    /// Search results.
    Hits(SearchPage),
}
