//! The commands and their options, as the argument parser reads them.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use mnm_engine::view::{BrowserId, PingId, ThreadId};

use super::install::Shell;
use super::notify::Notify;
use super::option::{Content, Listed, Marked, MarkedMessages, Order, Wait, number};

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Register on a service, or become a further device of an account
    Join {
        /// =HOST:PORT or +HOST:PORT, optionally followed by #FINGERPRINT
        #[arg(required_unless_present = "device_code", conflicts_with = "device_code")]
        address: Option<String>,
        /// The name by which other members find you; at least 8 characters
        #[arg(long, required_unless_present = "device_code", conflicts_with = "device_code")]
        alias: Option<String>,
        /// Label of this device
        #[arg(long, conflicts_with = "device_code")]
        device: Option<String>,
        /// A code made by `mnm devices add` on another device; `-` reads it from standard input,
        /// where other users of this machine can't see it
        #[arg(long, value_name = "CODE")]
        device_code: Option<String>,
        /// Make a second account although there is one on this service
        #[arg(long, conflicts_with = "device_code")]
        another: bool,
    },
    /// Show an account's service, tell the app that it has moved or has a new certificate, or remove
    /// the account
    Account {
        /// Where the service is now: =HOST:PORT or +HOST:PORT. Accepted at once if it proves there
        /// that it is the same
        #[arg(long, value_name = "ADDRESS")]
        address: Option<String>,
        /// Trust the certificate with this fingerprint, all 64 digits, from now on. Compare it with
        /// whoever runs the service first
        #[arg(long, value_name = "FINGERPRINT")]
        trust: Option<String>,
        /// Erase the account from this device, with its letters. Says first what is lost
        #[arg(long, conflicts_with_all = ["address", "trust"])]
        remove: bool,
        /// Really remove it
        #[arg(long, requires = "remove")]
        yes: bool,
    },
    /// Ask a member to exchange letters with you
    Ping {
        /// Alias of the member
        alias: String,
        /// A few words, at most 140 characters
        #[arg(allow_hyphen_values = true)]
        text: String,
        #[command(flatten)]
        wait: Wait,
    },
    /// List pings and group invitations, newest first
    Pings {
        /// Only those with this in the name of sender, addressee or group
        #[arg(long, value_name = "NAME")]
        find: Option<String>,
        /// Only those listed behind this number
        #[arg(long, value_name = "N")]
        before: Option<PingId>,
        /// At most so many
        #[arg(long, value_name = "N", default_value_t = 200,
              value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
    /// Accept a ping or a group invitation
    Accept {
        /// Its number in `mnm pings`
        #[arg(value_parser = number)]
        n: PingId,
        /// The answer to a ping
        #[arg(allow_hyphen_values = true)]
        text: Option<String>,
        #[command(flatten)]
        wait: Wait,
    },
    /// Put a ping away, or all that wait; their senders are not told
    Ignore {
        /// Its number in `mnm pings`
        #[arg(value_parser = number, required_unless_present = "all", conflicts_with = "all")]
        n: Option<PingId>,
        /// All pings and invitations that wait for an answer
        #[arg(long)]
        all: bool,
        /// With --all: only those that came more days ago
        #[arg(long, value_name = "DAYS", requires = "all")]
        older_than: Option<u32>,
    },
    /// List the address book, or remove somebody from it
    Contacts {
        /// Remove the contact of this name. Letters stay; theirs come as a stranger's from then on
        #[arg(long, value_name = "ALIAS")]
        remove: Option<String>,
    },
    /// List groups with their members
    Groups,
    /// Invite a member to a group; a new group is created
    Invite {
        /// Name of the group; at least 8 characters
        group: String,
        /// Alias of the member
        alias: String,
        /// A few words, at most 140 characters
        #[arg(allow_hyphen_values = true)]
        text: Option<String>,
        #[command(flatten)]
        wait: Wait,
    },
    /// Leave a group
    Leave {
        /// Name of the group
        group: String,
    },
    /// Remove a member from a group
    Drop {
        /// Name of the group
        group: String,
        /// Alias of the member
        alias: String,
    },
    /// Send a letter
    Send {
        /// Aliases of contacts and names of groups, parted by commas; may be given several times. A
        /// name with a comma in it is taken whole if the address book has it, or in double quotes
        #[arg(long, value_name = "ALIAS,…", required = true)]
        to: Vec<String>,
        /// What it is about; a quick line needs none
        #[arg(
            long,
            value_name = "TEXT",
            allow_hyphen_values = true,
            default_value = "",
            hide_default_value = true
        )]
        subject: String,
        #[command(flatten)]
        content: Content,
    },
    /// List threads, pinned ones before the others
    Inbox {
        #[command(flatten)]
        listed: Listed,
        /// Their order
        #[arg(long, value_enum, value_name = "ORDER", default_value_t = Order::Newest)]
        sort: Order,
        /// Only those with unread messages
        #[arg(long)]
        unread: bool,
        /// At most so many
        #[arg(long, value_name = "N", default_value_t = 100,
              value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
        /// Only those that are listed behind this thread
        #[arg(long, value_name = "THREAD")]
        before: Option<ThreadId>,
        /// All of them, however many
        #[arg(long, conflicts_with = "limit")]
        all: bool,
    },
    /// Show a thread and mark it as read
    Read {
        /// Its number in `mnm inbox`
        #[arg(value_parser = number)]
        thread: ThreadId,
        /// Leave it unread
        #[arg(long)]
        peek: bool,
    },
    /// Put threads into the archive, out of the inbox
    Archive(Marked),
    /// Put threads into the trash, where they stay for 30 days
    Delete(Marked),
    /// Delete single messages: they are erased from this device after 30 days
    DeleteMessage(MarkedMessages),
    /// Erase what is in the trash, with its files, from this device
    EmptyTrash {
        /// Only these threads
        #[arg(value_parser = number)]
        threads: Vec<ThreadId>,
        /// Really erase it
        #[arg(long)]
        yes: bool,
    },
    /// Count threads no more as unread, and leave them in the archive
    Mute(Marked),
    /// Pin threads to the top of the inbox
    Pin(Marked),
    /// Give threads a star
    Star(Marked),
    /// Give single messages a star; their threads are among the starred ones
    StarMessage(MarkedMessages),
    /// Mark threads as unread
    Unread(Marked),
    /// Give threads a tag, which is created if there is none of this name
    Tag {
        /// Its name, at most 40 characters
        name: String,
        /// Numbers of threads in `mnm inbox`
        #[arg(required = true, value_parser = number)]
        threads: Vec<ThreadId>,
        /// Take it from them
        #[arg(long)]
        undo: bool,
    },
    /// List tags, or remove one
    Tags {
        /// Remove the tag of this name from all threads and from the account
        #[arg(long, value_name = "NAME")]
        drop: Option<String>,
    },
    /// Show who reads a thread and who added them, strike somebody from it or let them read again
    People {
        /// Number of the thread
        thread: ThreadId,
        /// Strike whom this name or id means: your letters go to them no more, theirs do not come in
        #[arg(long, value_name = "WHO", conflicts_with = "readmit")]
        strike: Option<String>,
        /// Let somebody who was struck read again
        #[arg(long, value_name = "WHO")]
        readmit: Option<String>,
    },
    /// Put a letter that stands in a thread of its own where it says it belongs
    TakeIn {
        /// Number of the thread of its own
        thread: ThreadId,
    },
    /// Join a group again that you have left
    JoinGroup {
        /// Name of the group
        group: String,
    },
    /// Answer in a thread
    Reply {
        /// Its number in `mnm inbox`
        #[arg(value_parser = number)]
        thread: ThreadId,
        #[command(flatten)]
        content: Content,
        /// Discard an unsent reply that this thread has already
        #[arg(long)]
        discard_draft: bool,
    },
    /// Send again what the service refused of a thread's letters, or give it up
    Resend {
        /// Its number in `mnm inbox`
        #[arg(value_parser = number)]
        thread: ThreadId,
        /// Give it up: the letters are gone for good
        #[arg(long)]
        discard: bool,
        #[command(flatten)]
        wait: Wait,
    },
    /// Forward a thread to people who are not in it; from then on they are
    Forward {
        /// Its number in `mnm inbox`
        thread: ThreadId,
        /// Contacts and groups, as in `mnm send`
        #[arg(long, value_name = "ALIAS,…", required = true)]
        to: Vec<String>,
        #[command(flatten)]
        wait: Wait,
    },
    /// Save attachments of a thread
    Save {
        /// Its number in `mnm inbox`
        #[arg(value_parser = number)]
        thread: ThreadId,
        /// Where to: a path whose last part is the attachment's name, or a directory for all. Of
        /// several attachments with that name the newest is saved
        file: PathBuf,
        /// Overwrite existing files
        #[arg(long)]
        force: bool,
    },
    /// Search subjects, texts and names of files
    Search {
        /// All must occur; the last may be the beginning of a word. Also "words that stand together",
        /// from:NAME, in:archive, in:GROUP, has:file, is:unread, before:2026-05, after:2026-05-31
        #[arg(required = true)]
        words: Vec<String>,
        /// Only in this thread
        #[arg(long, value_name = "THREAD")]
        thread: Option<ThreadId>,
        /// The newest first, instead of the best
        #[arg(long)]
        newest: bool,
        /// Leave out so many at the beginning
        #[arg(long, value_name = "N", default_value_t = 0)]
        skip: u32,
        /// At most so many
        #[arg(long, value_name = "N", default_value_t = 50,
              value_parser = clap::value_parser!(u32).range(1..=200))]
        limit: u32,
    },
    /// Tell of what comes and goes, a line each, until Ctrl-C; with --json an object each
    Watch {
        /// With the text of letters and pings
        #[arg(long)]
        text: bool,
    },
    /// Write with one person, line by line: what they write appears, and each line typed is sent. Ctrl-D
    /// or /quit ends it
    Chat {
        /// Alias of a person of your address book
        person: String,
        /// Show so many of the last messages first
        #[arg(long, value_name = "N", default_value_t = 20,
              value_parser = clap::value_parser!(u32).range(0..=200))]
        last: u32,
        #[command(flatten)]
        wait: Wait,
    },
    /// Show accounts and their connections
    Status,
    /// Show or choose who sees that you are online: people of your address book, never strangers
    Presence {
        /// Whether they see it; `default`, with --contact, treats one person as the others
        #[arg(value_enum)]
        shown: Option<Shown>,
        /// Choose for one person of the address book only
        #[arg(long, value_name = "ALIAS", requires = "shown")]
        contact: Option<String>,
    },
    /// Show or choose of what you are told: by the desktop, or by an open page
    Notify(Notify),
    /// List this account's devices, or add one
    Devices {
        #[command(subcommand)]
        action: Option<DevicesVerb>,
    },
    /// List the browsers that open the pages without being let in again, or shut one out
    Browsers {
        /// Shut out the browser of this number
        #[arg(long, value_name = "N")]
        revoke: Option<BrowserId>,
    },
    /// List drafts
    Drafts,
    /// Look for damage in what is stored here, and save what is whole. The app must have ended
    Check {
        /// Save everything that can be read to a new directory, which can then be used with --home
        #[arg(long, value_name = "DIR")]
        save_to: Option<PathBuf>,
    },
    /// Make mnm a part of this user's desktop: in its menu, for tmtp: links, started in the background
    /// at login, with completions and man pages. Again after an upgrade
    Install {
        /// Take away what was put there, and nothing else. Letters stay
        #[arg(long)]
        remove: bool,
    },
    /// Print the completions for a shell
    Completions {
        /// Which
        #[arg(value_enum)]
        shell: Shell,
    },
    /// Print the man page, or write those of all commands into a directory
    Man {
        /// Where to
        #[arg(value_name = "DIR")]
        directory: Option<PathBuf>,
    },
    /// Print a fresh address that opens the pages of the running app, once
    Url,
    /// Ask the running app to end
    Stop,
}

/// Whether somebody sees that the member is online.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Shown {
    /// They see it
    On,
    /// They don't
    Off,
    /// As the others
    Default,
}

#[derive(Debug, Subcommand)]
pub(super) enum DevicesVerb {
    /// Make a code with which another device joins this account. It is a secret
    Add {
        /// Label of the new device
        label: String,
    },
}
