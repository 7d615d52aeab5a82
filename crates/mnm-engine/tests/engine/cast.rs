//! Cast of the engine's tests: members with engines of their own. Nobody sleeps here: whoever waits, waits for events.

use std::future::Future;
use std::path::Path;
use std::time::Duration;

use mnm_engine::command::{Command, Reply, ThreadFilter};
use mnm_engine::view::{
    Account, AccountId, Attachment, Contact, Link, Message, MessageState, Ping, Thread, ThreadId,
    ThreadRow,
};
use mnm_engine::{Engine, Error, OpenError, Options};
use tempfile::TempDir;
use tmtp_testkit::process::ServiceProcess;
use tokio::io::AsyncReadExt as _;
use tokio::time::{Instant, timeout_at};

/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// One device of a member.
pub(crate) struct Person {
    pub(crate) engine: Engine,
    pub(crate) account: AccountId,
    home: TempDir,
}

/// The value of the reply of one kind.
macro_rules! ask {
    ($person:expr, $command:expr, $kind:ident) => {
        match $person.engine.command($command).await.unwrap() {
            Reply::$kind(value) => value,
            other => panic!("{other:?}"),
        }
    };
}
pub(crate) use ask;

/// Opens a home. A dropped engine frees it a moment later, and so does a process that another test
/// is just starting, which for a moment has a copy of everything that is open.
pub(crate) async fn open(home: &Path, connect: bool) -> Engine {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match mnm_native::open(Options { home: home.to_owned(), connect }).await {
            Ok(engine) => return engine,
            Err(OpenError::InUse { .. }) if Instant::now() < deadline => {
                tokio::task::yield_now().await;
            }
            Err(error) => panic!("{error}"),
        }
    }
}

impl Person {
    /// An app with nothing in it.
    pub(crate) async fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        Self { engine: open(&home.path().join("home"), true).await, account: 0, home }
    }

    /// An app that a test has opened.
    pub(crate) fn with(engine: Engine, home: TempDir) -> Self {
        Self { engine, account: 0, home }
    }

    /// A new member of a service, connected.
    pub(crate) async fn join(service: &ServiceProcess, alias: &str) -> Self {
        let mut person = Self::new().await;
        let join = Command::Join {
            address: service.invitation().to_owned(),
            alias: alias.to_owned(),
            device: None,
            another: false,
        };
        person.account = ask!(person, join, Account).id;
        person.online().await;
        person
    }

    /// A further device of this member, connected.
    pub(crate) async fn another_device(&self, label: &str) -> Self {
        let add = Command::AddDevice { account: self.account, label: label.to_owned() };
        let code = ask!(self, add, Code);
        let mut device = Self::new().await;
        device.account = ask!(device, Command::JoinDevice { code }, Account).id;
        device.online().await;
        device
    }

    /// Lets go of the engine, keeping the home.
    pub(crate) fn into_home(self) -> (TempDir, AccountId) {
        (self.home, self.account)
    }

    /// The same device with the home as it is now.
    pub(crate) async fn reopened(home: TempDir, account: AccountId) -> Self {
        let path = home.path().join("home");
        Self { engine: open(&path, true).await, account, home }
    }

    pub(crate) async fn refused(&self, command: Command) -> Error {
        self.engine.command(command).await.unwrap_err()
    }

    /// Probes after every event until there is something.
    pub(crate) async fn until<T, F: Future<Output = Option<T>>>(
        &self,
        what: &str,
        mut probe: impl FnMut() -> F,
    ) -> T {
        let mut events = self.engine.events();
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = probe().await {
                return found;
            }
            // Lagging is news as well.
            let news = timeout_at(deadline, events.recv()).await;
            assert!(news.is_ok(), "{what}: nothing more happens");
        }
    }

    pub(crate) async fn state(&self) -> Account {
        let state = ask!(self, Command::State, State);
        state.accounts.into_iter().find(|account| account.id == self.account).unwrap()
    }

    pub(crate) async fn until_link(&self, what: &str, wanted: impl Fn(&Link) -> bool) -> Link {
        let wanted = &wanted;
        self.until(what, || async move { Some(self.state().await.link).filter(wanted) }).await
    }

    pub(crate) async fn online(&self) {
        self.until_link("online", |link| matches!(link, Link::Online { .. })).await;
    }

    /// Pings each other and waits until both have the other in the address book.
    pub(crate) async fn befriend(&self, other: &Self) {
        let (mine, theirs) = (self.state().await.alias, other.state().await.alias);
        let ping =
            Command::Ping { account: self.account, to: theirs.clone(), text: "hello".into() };
        ask!(self, ping, Ping);
        let received = other.until_ping(&mine).await;
        ask!(other, Command::Accept { ping: received.id, text: None }, Ping);
        other.until_contact(&mine).await;
        self.until_contact(&theirs).await;
    }

    /// A waiting ping or invitation from somebody.
    pub(crate) async fn until_ping(&self, from: &str) -> Ping {
        let from = &from;
        self.until("a ping", || async move {
            let pings = ask!(
                self,
                Command::Pings { account: None, before: None, find: None, limit: None },
                Pings
            );
            pings.into_iter().find(|ping| {
                ping.from == **from
                    && ping.incoming
                    && ping.state == mnm_engine::view::PingState::Waiting
            })
        })
        .await
    }

    pub(crate) async fn until_contact(&self, alias: &str) -> Contact {
        let alias = &alias;
        self.until("a contact", || async move {
            let contacts = ask!(self, Command::Contacts { account: None }, Contacts);
            contacts.into_iter().find(|contact| contact.alias == **alias)
        })
        .await
    }

    /// Queues a new letter.
    pub(crate) async fn queue(&self, to: &[&str], text: &str, files: &[(&str, &[u8])]) -> Message {
        let save = Command::SaveDraft {
            draft: None,
            account: self.account,
            thread: None,
            to: to.iter().map(|name| (*name).to_owned()).collect(),
            subject: format!("about {text}"),
            text: text.to_owned(),
            version: None,
            leaving: false,
        };
        self.send(save, files).await
    }

    /// Queues a reply.
    pub(crate) async fn queue_reply(
        &self,
        thread: ThreadId,
        text: &str,
        files: &[(&str, &[u8])],
    ) -> Message {
        let save = Command::SaveDraft {
            draft: None,
            account: self.account,
            thread: Some(thread),
            to: Vec::new(),
            subject: String::new(),
            text: text.to_owned(),
            version: None,
            leaving: false,
        };
        self.send(save, files).await
    }

    /// Saves a draft, attaches the files and queues it.
    async fn send(&self, save: Command, files: &[(&str, &[u8])]) -> Message {
        let draft = ask!(self, save, Draft);
        for (name, bytes) in files {
            self.engine.attach(draft.id, name, None, *bytes).await.unwrap();
        }
        ask!(self, Command::Send { draft: draft.id, version: None, hold_ms: None }, Message)
    }

    /// Waits until a message has left the outbox.
    pub(crate) async fn sent(&self, message: &Message) -> Message {
        let wait = Command::AwaitSent { message: message.id, timeout_ms: 60_000 };
        let message = ask!(self, wait, Message);
        assert_eq!(message.state, MessageState::Sent);
        message
    }

    pub(crate) async fn threads(&self) -> Vec<ThreadRow> {
        let threads = Command::Threads {
            account: None,
            filter: ThreadFilter::default(),
            with: None,
            before_ms: None,
            before: None,
            before_key: None,
            limit: None,
        };
        ask!(self, threads, Threads)
    }

    pub(crate) async fn thread(&self, thread: ThreadId) -> Thread {
        ask!(self, Command::Thread { thread, at: None, limit: None }, Thread)
    }

    /// All messages with this text; the first is waited for.
    pub(crate) async fn until_messages(&self, text: &str) -> Vec<Message> {
        let text = &text;
        self.until(text, || async move {
            let found = self.messages(text).await;
            (!found.is_empty()).then_some(found)
        })
        .await
    }

    /// Waits for the one message with this text.
    pub(crate) async fn until_message(&self, text: &str) -> Message {
        let mut found = self.until_messages(text).await;
        assert_eq!(found.len(), 1, "copies of {text:?}");
        found.remove(0)
    }

    /// All messages with this text.
    pub(crate) async fn messages(&self, text: &str) -> Vec<Message> {
        let mut found = Vec::new();
        for row in self.threads().await {
            let thread = self.thread(row.id).await;
            found.extend(thread.messages.into_iter().filter(|message| message.text == text));
        }
        found
    }

    pub(crate) async fn bytes(&self, attachment: &Attachment) -> Vec<u8> {
        let (about, mut reader) = self.engine.attachment(attachment.id).await.unwrap();
        assert_eq!(&about, attachment);
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).await.unwrap();
        bytes
    }
}

/// Bytes that do not repeat within any buffer's length.
pub(crate) fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}
