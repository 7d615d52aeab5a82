//! The command line: what can be asked, and which family of commands answers it.

mod account;
mod app;
mod check;
mod letter;
mod people;
mod reader;
mod recipient;
mod save;
mod write;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use mnm_engine::{
    command::{Command as Ask, Reply},
    view::{Account, AccountId, BrowserId, PingId, ThreadId},
};

use crate::{
    exit::{self, Exit, Failure},
    home::Home,
    print::{Answer, Look, inline},
    session::{Need, Session, unexpected},
};

/// One messaging app for the services of every organisation you belong to.
///
/// Without a command: keeps all accounts connected and opens the pages in the browser, until
/// Ctrl-C. The commands use the running app when there is one, and work by themselves when not.
#[derive(Debug, Parser)]
#[command(name = "mnm", version = env!("BUILD_VERSION"), after_help = exit::help(), args_conflicts_with_subcommands = false)]
pub(crate) struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(flatten)]
    serve: Serve,
    #[command(subcommand)]
    command: Option<Verb>,
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
struct Global {
    /// Directory of this installation [default: mnm in the platform's place for application data,
    /// ~/.local/share/mnm on Linux]
    #[arg(long, value_name = "DIR", env = "MNM_HOME", global = true, hide_env_values = true)]
    home: Option<PathBuf>,
    /// Print one JSON document instead of text
    #[arg(long, global = true)]
    json: bool,
    /// The account to use: its number in `mnm status`, or the name or address of its service
    #[arg(long, value_name = "ACCOUNT", global = true)]
    account: Option<String>,
    /// Do not connect (when no app is running): show what is stored here, and only queue what is to
    /// be sent
    #[arg(long, global = true)]
    offline: bool,
}

/// Options of the app itself.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Serve {
    /// Do not open a browser
    #[arg(long)]
    no_open: bool,
    /// Port on 127.0.0.1 [default: this home's own, chosen once]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    port: u16,
}

/// How long to wait for a service.
#[derive(Debug, Clone, Copy, Args)]
struct Wait {
    /// Wait so long for the service to acknowledge it
    #[arg(long = "wait", value_name = "SECONDS", default_value_t = 15,
          value_parser = clap::value_parser!(u64).range(0..=600))]
    seconds: u64,
}

/// What a letter consists of.
#[derive(Debug, Args)]
struct Content {
    /// Attach a file (may be repeated)
    #[arg(long, value_name = "FILE")]
    attach: Vec<PathBuf>,
    /// The text, Markdown; `-` reads it from standard input
    #[arg(allow_hyphen_values = true)]
    text: Option<String>,
    #[command(flatten)]
    wait: Wait,
}

#[derive(Debug, Subcommand)]
enum Verb {
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
    /// List the address book
    Contacts,
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
    /// List threads, newest first
    Inbox {
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
    /// Forward a thread to people who are not in it; from then on they are
    Forward {
        /// Its number in `mnm inbox`
        thread: ThreadId,
        /// A contact or a group (may be repeated)
        #[arg(long, value_name = "NAME", required = true)]
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
    /// Search subjects and texts
    Search {
        /// All must occur; the last may be the beginning of a word
        #[arg(required = true)]
        words: Vec<String>,
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
    /// Print a fresh address that opens the pages of the running app, once
    Url,
    /// Ask the running app to end
    Stop,
}

/// Whether somebody sees that the member is online.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shown {
    /// They see it
    On,
    /// They don't
    Off,
    /// As the others
    Default,
}

#[derive(Debug, Subcommand)]
enum DevicesVerb {
    /// Make a code with which another device joins this account. It is a secret
    Add {
        /// Label of the new device
        label: String,
    },
}

/// The number of a row in a list.
fn number(text: &str) -> Result<i64, &'static str> {
    text.parse().map_err(|_| "a number is expected, as the list shows it")
}

impl Cli {
    /// Whether everything is to be printed as JSON.
    pub(crate) fn json(&self) -> bool {
        self.global.json
    }

    /// Does what was asked and prints the answer.
    pub(crate) async fn run(self) -> Result<Exit, Failure> {
        let context = Context {
            home: Home::resolve(self.global.home)?,
            account: self.global.account,
            offline: self.global.offline,
            json: self.global.json,
            look: Look::here(),
        };
        let answer = match self.command {
            None => return app::run(&context, self.serve).await,
            Some(_) if self.serve.no_open || self.serve.port != 0 => {
                return Err(Failure::usage(
                    "--no-open and --port are for `mnm` without a command.",
                ));
            }
            Some(Verb::Url) => app::url(&context).await?,
            Some(Verb::Stop) => app::stop(&context).await?,
            Some(Verb::Check { save_to }) => check::check(&context, save_to).await?,
            Some(verb) => {
                let verb = if context.offline { verb.without_wait() } else { verb };
                let session = Session::open(&context.home, verb.need(context.offline)).await?;
                let answer = verb.run(&context, &session).await;
                session.close().await;
                answer?
            }
        };
        answer.print(context.json)
    }
}

impl Verb {
    /// What the engine has to have for this command when no app runs.
    fn need(&self, offline: bool) -> Need {
        let need = match self {
            Self::Join { .. } => return Need::Beginning,
            // Asks the service in any case.
            Self::Account { address: Some(_), .. } | Self::Account { trust: Some(_), .. } => {
                return Need::Links;
            }
            Self::Pings { .. }
            | Self::Inbox { .. }
            | Self::Contacts
            | Self::Groups
            | Self::Status
            | Self::Account { remove: false, .. } => Need::News,
            Self::Read { .. }
            | Self::Save { .. }
            | Self::Search { .. }
            | Self::Drafts
            | Self::Account { remove: true, .. }
            | Self::Devices { action: None }
            | Self::Browsers { .. }
            | Self::Ignore { .. }
            | Self::Url
            | Self::Stop
            | Self::People { strike: None, readmit: None, .. }
            | Self::Check { .. } => Need::Disk,
            Self::Ping { .. }
            | Self::Accept { .. }
            | Self::Invite { .. }
            | Self::Leave { .. }
            | Self::Drop { .. }
            | Self::Send { .. }
            | Self::Reply { .. }
            | Self::Forward { .. }
            | Self::Presence { .. }
            | Self::People { .. }
            | Self::TakeIn { .. }
            | Self::JoinGroup { .. }
            | Self::Devices { action: Some(_) } => Need::Links,
        };
        if offline { Need::Disk } else { need }
    }

    /// Nobody waits for what is not sent now.
    fn without_wait(mut self) -> Self {
        match &mut self {
            Self::Ping { wait, .. }
            | Self::Accept { wait, .. }
            | Self::Invite { wait, .. }
            | Self::Forward { wait, .. } => {
                wait.seconds = 0;
            }
            Self::Send { content, .. } | Self::Reply { content, .. } => content.wait.seconds = 0,
            Self::Join { .. }
            | Self::Account { .. }
            | Self::Presence { .. }
            | Self::Pings { .. }
            | Self::Inbox { .. }
            | Self::Contacts
            | Self::Groups
            | Self::Status
            | Self::Read { .. }
            | Self::Save { .. }
            | Self::Search { .. }
            | Self::Drafts
            | Self::Devices { .. }
            | Self::Browsers { .. }
            | Self::Ignore { .. }
            | Self::Leave { .. }
            | Self::Drop { .. }
            | Self::People { .. }
            | Self::TakeIn { .. }
            | Self::JoinGroup { .. }
            | Self::Check { .. }
            | Self::Url
            | Self::Stop => {}
        }
        self
    }

    async fn run(self, context: &Context, session: &Session) -> Result<Answer, Failure> {
        match self {
            Self::Join { address: Some(address), alias: Some(alias), device, another, .. } => {
                account::join(context, session, address, alias, device, another).await
            }
            Self::Join { device_code, .. } => {
                account::join_device(context, session, device_code.unwrap_or_default()).await
            }
            Self::Account { remove: true, yes, .. } => account::remove(context, session, yes).await,
            Self::Account { address: None, trust: None, .. } => {
                account::show(context, session).await
            }
            Self::Account { address, trust, .. } => {
                account::set_service(context, session, address, trust).await
            }
            Self::Presence { shown, contact } => {
                people::presence(context, session, shown, contact).await
            }
            Self::Status => account::status(context, session).await,
            Self::Devices { action: None } => account::devices(context, session).await,
            Self::Devices { action: Some(DevicesVerb::Add { label }) } => {
                account::add_device(context, session, label).await
            }
            Self::Browsers { revoke } => account::browsers(context, session, revoke).await,
            Self::Ping { alias, text, wait } => {
                people::ping(context, session, alias, text, wait).await
            }
            Self::Pings { find, before, limit } => {
                people::pings(context, session, find, before, limit).await
            }
            Self::Accept { n, text, wait } => people::accept(context, session, n, text, wait).await,
            Self::Ignore { n: Some(n), .. } => people::ignore(context, session, n).await,
            Self::Ignore { n: None, older_than, .. } => {
                people::ignore_all(context, session, older_than).await
            }
            Self::Contacts => people::contacts(context, session).await,
            Self::Groups => people::groups(context, session).await,
            Self::Invite { group, alias, text, wait } => {
                people::invite(context, session, group, alias, text, wait).await
            }
            Self::Leave { group } => people::leave(context, session, group).await,
            Self::Drop { group, alias } => people::remove(context, session, group, alias).await,
            Self::Inbox { unread, limit, before, all } => {
                let limit = if all { usize::MAX } else { limit as usize };
                letter::inbox(context, session, unread, limit, before).await
            }
            Self::Read { thread, peek } => letter::read(context, session, thread, peek).await,
            Self::Search { words } => letter::search(context, session, &words).await,
            Self::Drafts => letter::drafts(context, session).await,
            Self::Send { to, subject, content } => {
                write::send(context, session, to, subject, content).await
            }
            Self::Forward { thread, to, wait } => write::forward(session, thread, to, wait).await,
            Self::Reply { thread, content, discard_draft } => {
                write::reply(context, session, thread, content, discard_draft).await
            }
            Self::People { thread, strike, readmit } => {
                reader::people(context, session, thread, strike, readmit).await
            }
            Self::TakeIn { thread } => reader::take_in(session, thread).await,
            Self::JoinGroup { group } => people::join_group(context, session, group).await,
            Self::Save { thread, file, force } => save::save(session, thread, &file, force).await,
            Self::Check { save_to } => check::check(context, save_to).await,
            Self::Url => app::url(context).await,
            Self::Stop => app::stop(context).await,
        }
    }
}

/// What every command is given.
#[derive(Debug)]
struct Context {
    home: Home,
    account: Option<String>,
    offline: bool,
    json: bool,
    look: Look,
}

impl Context {
    /// The accounts, in the order they were joined.
    async fn accounts(&self, session: &Session) -> Result<Vec<Account>, Failure> {
        match session.command(Ask::State).await? {
            Reply::State(state) => Ok(state.accounts),
            other => Err(unexpected(&other)),
        }
    }

    /// The account named by `--account`, if one was named.
    async fn chosen(&self, session: &Session) -> Result<Option<AccountId>, Failure> {
        match &self.account {
            Some(_) => Ok(Some(self.one(session).await?.id)),
            None => Ok(None),
        }
    }

    /// The account to act for: the one named, or the only one.
    async fn one(&self, session: &Session) -> Result<Account, Failure> {
        let accounts = self.accounts(session).await?;
        let (fitting, others): (Vec<_>, Vec<_>) =
            accounts.into_iter().partition(|account| self.fits(account));
        let Ok([account]) = <[Account; 1]>::try_from(fitting.clone()) else {
            return Err(self.not_one(&fitting, &others));
        };
        Ok(account)
    }

    fn fits(&self, account: &Account) -> bool {
        let Some(wanted) = &self.account else { return true };
        let number = wanted.parse::<AccountId>();
        number.is_ok_and(|number| number == account.id)
            || account.service.eq_ignore_ascii_case(wanted)
            || account.address.eq_ignore_ascii_case(wanted)
    }

    fn not_one(&self, fitting: &[Account], others: &[Account]) -> Failure {
        let list = |accounts: &[Account]| -> String {
            let line = |account: &Account| {
                let (service, alias) = (inline(&account.service), inline(&account.alias));
                format!("\n{}  {service}  {alias}", account.id)
            };
            accounts.iter().map(line).collect()
        };
        match (fitting, others) {
            ([], []) => Failure::new(
                Exit::NotFound,
                "not_found",
                "There is no account yet. Join a service: mnm join ADDRESS --alias NAME",
            ),
            ([], others) => Failure::new(
                Exit::NotFound,
                "not_found",
                format!("No account is called that. There are:{}", list(others)),
            ),
            (fitting, _) => Failure::new(
                Exit::NotFound,
                "ambiguous",
                format!("More than one account fits. Choose with --account:{}", list(fitting)),
            ),
        }
    }
}
