//! What the engine shows: the records that pages and command line render.
//!
//! These types are the JSON contract of the loopback server. `web/src/lib/api.ts` mirrors them;
//! a field that changes here changes there. Times are Unix milliseconds (UTC). Text fields hold
//! what the sender wrote, unsanitised, to be shown as text only; the only HTML is
//! [`Message::html`] and [`SearchHit::snippet`], which the engine has rendered and sanitised.

use serde::{Deserialize, Serialize};

use crate::picture::Size;

/// Row number of an account in this installation; not known to any service.
pub type AccountId = i64;
/// Row number of a thread in this installation.
pub type ThreadId = i64;
/// Row number of a message in this installation.
pub type MessageId = i64;
/// Row number of a draft in this installation.
pub type DraftId = i64;
/// Row number of an attachment in this installation.
pub type AttachmentId = i64;
/// Local row number of a browser.
pub type BrowserId = i64;
/// Row number of a ping or group invitation in this installation; the `N` of `mnm accept N`.
pub type PingId = i64;

/// Everything a page needs to draw its first screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Accounts in the order they were joined.
    pub accounts: Vec<Account>,
    /// Version of the running app.
    pub version: String,
    /// Whether parts of the store were passed over since the app started because they are damaged;
    /// `mnm check` tells more.
    #[serde(default)]
    pub damaged: bool,
    /// Whether this home was copied or restored from a backup since it was opened before. What came
    /// in after the copy was made is not in it.
    #[serde(default)]
    pub copied: bool,
}

/// One account on one service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Local row number.
    pub id: AccountId,
    /// The name the service gives itself; the address until it has told one.
    pub service: String,
    /// The address the member joined by, `=host:port` or `+host:port`.
    pub address: String,
    /// SHA-256 fingerprint of the service's certificate, pinned at the first contact; lower-case hex.
    /// Absent for `+` addresses, whose certificate is checked against the public roots.
    pub fingerprint: Option<String>,
    /// The member's permanent id on that service.
    pub uid: String,
    /// The alias used for new letters; empty while none was granted.
    pub alias: String,
    /// All aliases of the member on that service.
    pub aliases: Vec<String>,
    /// Label of this device on that service.
    pub device: String,
    /// Connection state.
    pub link: Link,
    /// Unread messages.
    pub unread: u64,
    /// Pings and group invitations that wait for an answer.
    pub pings: u64,
    /// Messages in the outbox that no service has acknowledged yet.
    pub queued: u64,
    /// Whether contacts see that the member is online; none until the member has chosen, and then
    /// nobody does.
    pub presence: Option<bool>,
    /// What waits at the service because the disk here has no room for it.
    #[serde(default)]
    pub held: Option<Held>,
}

/// Messages that wait at the service for room on this device's disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// How many.
    pub messages: u64,
    /// Bytes of all of them.
    pub bytes: u64,
    /// Bytes that are missing on the disk to take all.
    pub missing: u64,
}

/// What is lost for good when an account is removed from this device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Losses {
    /// Messages stored here.
    pub letters: u64,
    /// Of them those that no service has yet: nobody will get them.
    pub queued: u64,
    /// Letters being written.
    pub drafts: u64,
    /// Entries of the address book.
    pub contacts: u64,
    /// Other devices of the account that this one knows of; they keep what they have.
    pub other_devices: u64,
}

/// Connection state of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Link {
    /// Logged in.
    Online {
        /// Since when.
        since_ms: i64,
    },
    /// A connection is being made.
    Connecting,
    /// Not connected; the app tries again by itself.
    Offline {
        /// What happened, what it means and what to do, in one sentence for people.
        error: String,
        /// When the next attempt is due.
        retry_at_ms: i64,
    },
    /// The service refused this device or showed a wrong certificate; the app tries again only now
    /// and then by itself.
    Refused {
        /// What happened, what it means and what to do.
        error: String,
        /// Fingerprint of the certificate that was shown in place of the pinned one, lower-case
        /// hex; the member may agree to it with [`crate::command::Command::SetService`].
        seen: Option<String>,
        /// When the next attempt is due.
        retry_at_ms: i64,
    },
}

/// Somebody in a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Party {
    /// The permanent id the service vouches for; equals the group's name for a group.
    pub uid: String,
    /// The alias by which this member is known here; never taken from the message when a contact
    /// with this uid exists. Empty when no alias is known.
    pub alias: String,
    /// What this party is.
    pub kind: PartyKind,
}

/// What a [`Party`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartyKind {
    /// The member who uses this app.
    Me,
    /// A member in the address book.
    Contact,
    /// A member who is not in the address book: reached us through a group or a shared thread.
    Stranger,
    /// Somebody whom another member names as the author of a forwarded letter. The service vouches for
    /// nothing of it; the alias is never the address book's.
    Claimed,
    /// A group.
    Group,
    /// The service itself, with a word about its own work, such as that a letter did not arrive.
    Service,
}

/// One line of a thread list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadRow {
    /// Local row number.
    pub id: ThreadId,
    /// The account it belongs to.
    pub account: AccountId,
    /// Subject of the newest message that has one; may be empty.
    pub subject: String,
    /// Everybody subscribed, the member included, in order of joining.
    pub parties: Vec<Party>,
    /// Author of the newest message.
    pub last_from: Party,
    /// Time of the newest message.
    pub last_at_ms: i64,
    /// First words of the newest message, plain text, at most 140 characters.
    pub snippet: String,
    /// Messages in the thread.
    pub count: u64,
    /// Unread messages in the thread.
    pub unread: u64,
    /// Whether any message carries an attachment.
    pub attachments: bool,
    /// State of the newest message, when it is one of ours.
    pub state: Option<MessageState>,
    /// Whether a reply would reach somebody.
    pub may_reply: MayReply,
    /// The thread that its first letter says it belongs to, whose readers its author is not known to be
    /// among.
    pub belongs_to: Option<ThreadId>,
}

/// Whether a reply in a thread would reach somebody. Where it would not, it is refused.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum MayReply {
    /// All who read it.
    Yes,
    /// Some who read it; not groups that the member never was in.
    Others {
        /// The names of those groups.
        groups: Vec<String>,
    },
    /// It is a note to oneself, on all devices.
    Oneself,
    /// The member has left groups that read it.
    LeftGroup {
        /// Their names.
        groups: Vec<String>,
    },
    /// Who reads it is not known here.
    Nobody,
    /// Everybody else who read it was struck.
    Struck,
    /// The service itself wrote it, and reads nothing.
    Service,
}

/// Who reads a thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readers {
    /// In order of joining, the struck ones too.
    pub readers: Vec<Reader>,
    /// How often more were named than a thread takes.
    pub unlisted: u64,
}

/// Somebody who was added to a thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reader {
    /// Who.
    pub party: Party,
    /// Permanent id of whoever added them, as the service vouches for it; absent when it was not noted.
    pub by: Option<String>,
    /// When; 0 when it was not noted.
    pub at_ms: i64,
    /// Whether the member has struck them: letters go to them no more.
    pub struck: bool,
}

/// Somebody whom the service could not reach with a letter that the others have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Who.
    pub party: Party,
    /// Why, in the service's words.
    pub reason: String,
}

/// A thread with a page of its messages, and the draft of a reply if there is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thread {
    /// The line of the list.
    pub row: ThreadRow,
    /// The messages of the page, oldest first.
    pub messages: Vec<Message>,
    /// Whether there are messages before these.
    pub older: bool,
    /// Whether there are messages after these.
    pub newer: bool,
    /// The unsent reply.
    pub draft: Option<Draft>,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Local row number.
    pub id: MessageId,
    /// The thread it belongs to.
    pub thread: ThreadId,
    /// The account it belongs to.
    pub account: AccountId,
    /// The id the service gave it, 16 hex digits; absent while it is in the outbox.
    pub msgid: Option<String>,
    /// The author, as the service vouches for it; of a letter that was forwarded, as claimed.
    pub from: Party,
    /// For a letter that somebody forwarded, while its author has not confirmed it.
    pub forwarded: Option<Forwarded>,
    /// When the service accepted it; when it was queued, for one in the outbox.
    pub at_ms: i64,
    /// Its own subject, when it sets a new one.
    pub subject: String,
    /// The text as written: Markdown.
    pub text: String,
    /// The text rendered and sanitised: no scripts, styles, images from elsewhere or clickable
    /// links of unknown schemes.
    pub html: String,
    /// Whether the text goes on behind what `html` shows of it.
    pub cut: bool,
    /// Attachments in the order they were added.
    pub attachments: Vec<Attachment>,
    /// Whom the service could not reach with it.
    pub left_out: Vec<LeftOut>,
    /// Where it stands.
    pub state: MessageState,
    /// Whether the member has not seen it yet.
    pub unread: bool,
}

/// Where a forward of a thread stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ForwardState {
    /// In the outbox; it goes out with the next link.
    Queued,
    /// The service has taken it.
    Sent,
    /// The service has refused it; the thread says why.
    Failed,
}

/// What is known of a letter that did not come from its author.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forwarded {
    /// Who forwarded it, as the service vouches for it: who the author is, and what the letter says,
    /// is their word.
    pub by: Party,
    /// Names of files that it had. They come when the author confirms it.
    pub files: Vec<String>,
}

/// Where a message stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum MessageState {
    /// Came from the service.
    Received,
    /// In the outbox, safe on disk, waiting for the link.
    Queued,
    /// In the outbox, held back for the member's second thoughts.
    Held {
        /// When it leaves by itself, Unix milliseconds.
        until_ms: i64,
    },
    /// Being sent now.
    Sending {
        /// Bytes sent so far.
        sent: u64,
        /// Bytes in all.
        total: u64,
    },
    /// The service has acknowledged it.
    Sent,
    /// The service refused it; nothing was delivered. It can be retried or discarded.
    Failed {
        /// What happened, what it means and what to do.
        error: String,
    },
}

/// A file that comes with a message or draft. Its bytes: `GET /api/attachments/{id}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Local row number.
    pub id: AttachmentId,
    /// File name without directories or control characters.
    pub name: String,
    /// The name its author gave it, by which the letter's text refers to it; absent when it is the same.
    /// To be compared, never shown or saved under.
    #[serde(default)]
    pub wire_name: Option<String>,
    /// Bytes.
    pub size: u64,
    /// For a form of an app that has them: which.
    pub form: Option<Form>,
    /// Points, if it is a picture of a kind that is shown and its size is known.
    pub picture: Option<Size>,
    /// Whether it may be asked for with `?inline=1`: a picture with no more points than a screen has
    /// use for. Not certain where the size is not known, for what was stored long ago.
    pub inline: bool,
}

/// That a file is a form, blank or filled, in the way of other apps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Form {
    /// Whether somebody filled it.
    pub filled: bool,
    /// By which its author's app knows the form; may be empty.
    pub name: String,
}

/// A letter being written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// Local row number.
    pub id: DraftId,
    /// The account it will be sent from.
    pub account: AccountId,
    /// The thread it answers; none for a new letter.
    pub thread: Option<ThreadId>,
    /// Aliases of contacts and names of groups; ignored for a reply.
    pub to: Vec<String>,
    /// Subject; may be empty for a reply.
    pub subject: String,
    /// Markdown.
    pub text: String,
    /// Attachments in order.
    pub attachments: Vec<Attachment>,
    /// Last change.
    pub updated_ms: i64,
    /// Rises with every change of what was typed; attachments do not count.
    pub version: u64,
}

impl Draft {
    /// Nothing was typed and no file attached. Such a draft is shown nowhere; its row only waits for
    /// a file that is being attached, or for the next word. What a reply says beside its text is its
    /// thread's, not typed.
    pub fn is_empty(&self) -> bool {
        let addressed =
            self.thread.is_none() && !(self.to.is_empty() && self.subject.trim().is_empty());
        self.text.trim().is_empty() && self.attachments.is_empty() && !addressed
    }
}

/// A browser that was let in to the pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Browser {
    /// Local row number.
    pub id: BrowserId,
    /// What it calls itself.
    pub label: String,
    /// When it was let in.
    pub since_ms: i64,
    /// When a page was last opened in it.
    pub used_ms: i64,
}

/// A ping or a group invitation, received or sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ping {
    /// Local row number.
    pub id: PingId,
    /// The account it came to or left from.
    pub account: AccountId,
    /// Name of that account's service.
    pub service: String,
    /// Whether it came in or went out.
    pub incoming: bool,
    /// Alias of the sender; what cannot be seen in it is written out.
    pub from: String,
    /// Permanent id of the sender.
    pub from_uid: String,
    /// Alias of the addressee; what cannot be seen in it is written out.
    pub to: String,
    /// What to mind about the name of the one who is not the member.
    pub mark: Option<NameMark>,
    /// Plain text, at most 140 UTF-16 units. To be shown as text; nothing in it is clickable.
    pub text: String,
    /// The group it invites to, if it is an invitation.
    pub group: Option<String>,
    /// When the service accepted it.
    pub at_ms: i64,
    /// Where it stands.
    pub state: PingState,
}

/// Where a ping stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum PingState {
    /// Incoming: waits for our answer. Outgoing: the service has it, no answer yet.
    Waiting,
    /// Outgoing, in the outbox.
    Queued,
    /// Answered: both are in each other's address book, or the group was joined.
    Accepted,
    /// Incoming: the member put it away. The sender is not told.
    Ignored,
    /// Outgoing: the service refused it.
    Failed {
        /// What happened, what it means and what to do.
        error: String,
    },
}

/// Somebody in an account's address book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// The account whose address book it is.
    pub account: AccountId,
    /// Permanent id.
    pub uid: String,
    /// The alias they were first known by; what cannot be seen in it is written out. Of several that
    /// look alike, each has the beginning of its permanent id behind it, after ` #`.
    pub alias: String,
    /// What to mind about the name.
    pub mark: Option<NameMark>,
    /// Whether one of their devices is online and tells us so.
    pub online: bool,
    /// Since when they are in the address book.
    pub since_ms: i64,
    /// Whether they see that the member is online, if the member has chosen for them alone;
    /// otherwise [`Account::presence`] counts.
    pub presence: Option<bool>,
}

/// What to mind about a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NameMark {
    /// It holds what cannot be seen or is easily overlooked.
    Odd,
    /// A contact with another permanent id is called the same, or so that it looks the same.
    Alike,
    /// It is a letter's claim; the service has not vouched for it.
    Claimed,
}

/// A group that the member belongs or belonged to, or was invited to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// The account it belongs to.
    pub account: AccountId,
    /// Its name.
    pub gid: String,
    /// The member's own standing.
    pub standing: Standing,
    /// What is known of the members, by alias.
    pub members: Vec<GroupMember>,
}

/// One member of a group, as far as this app has been told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupMember {
    /// Alias in the group.
    pub alias: String,
    /// Standing.
    pub standing: Standing,
}

/// Somebody's standing in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Invited, has not joined.
    Invited,
    /// Joined.
    Joined,
    /// Left, or was removed.
    Left,
}

/// One place where search words were found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchHit {
    /// The account.
    pub account: AccountId,
    /// Name of its service.
    pub service: String,
    /// The thread.
    pub thread: ThreadId,
    /// The message.
    pub message: MessageId,
    /// Subject of the thread.
    pub subject: String,
    /// Author.
    pub from: Party,
    /// Time of the message.
    pub at_ms: i64,
    /// Text around the words, HTML-escaped, the words between `<mark>` and `</mark>`; nothing else
    /// in it is markup.
    pub snippet: String,
}

/// A device of an account, as far as this app has been told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// The account.
    pub account: AccountId,
    /// Label given when it was added.
    pub label: String,
    /// Whether it is this one.
    pub this: bool,
    /// When this app learned of it.
    pub since_ms: i64,
}
