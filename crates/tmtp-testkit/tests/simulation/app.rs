//! The real app's engine on a machine of its own: started, killed, copied, asked what it shows.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mnm_engine::command::{Command, Place, ThreadFilter};
use mnm_engine::view::{
    Account, Message, MessageState, PartyKind, Ping, PingState, Thread, ThreadId,
};
use mnm_engine::{Engine, Error, Options};
use tmtp_testkit::dice::Dice;
use tmtp_testkit::ledger::{DeviceIndex, File, Home, Notice, Shown};
use tokio::io::AsyncReadExt;
use tokio::task::JoinHandle;

use crate::cast::{MemberIndex, marker_of};
use crate::platform::AppPlatform;

/// Has an engine do something that is answered by one kind of reply.
macro_rules! ask {
    ($engine:expr, $command:expr, $kind:ident) => {
        match $engine.command($command).await {
            Ok(mnm_engine::command::Reply::$kind(value)) => Ok(value),
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err(error),
        }
    };
}
pub(crate) use ask;

/// One home, and the engine while it runs.
#[derive(Debug)]
pub(crate) struct App {
    /// Number of the home; a copy has one of its own.
    pub(crate) home: usize,
    pub(crate) device: DeviceIndex,
    pub(crate) member: MemberIndex,
    pub(crate) platform: Arc<AppPlatform>,
    pub(crate) engine: Option<Engine>,
    /// Whoever writes with it.
    pub(crate) author: Option<JoinHandle<()>>,
    /// Letters that it had when it was made as a copy.
    pub(crate) had: BTreeSet<String>,
    dir: PathBuf,
    /// Counts the places where the home has been.
    moves: usize,
}

impl App {
    /// A home that is not opened yet.
    pub(crate) fn new(dir: PathBuf, platform: Arc<AppPlatform>) -> Self {
        let home = platform.home;
        let (engine, author, had) = (None, None, BTreeSet::new());
        Self { home, device: 0, member: 0, platform, engine, author, had, dir, moves: 0 }
    }

    fn path(&self) -> PathBuf {
        self.dir.join(format!("{}-{}", self.home, self.moves))
    }

    /// Starts it.
    pub(crate) async fn open(&mut self, connect: bool) -> Engine {
        let options = Options { home: self.path(), connect };
        let platform: Arc<dyn mnm_engine::platform::Platform> = self.platform.clone();
        let engine = Engine::open(options, platform).await.unwrap();
        self.engine = Some(engine.clone());
        engine
    }

    /// Ends whoever writes, in the middle of whatever they do.
    pub(crate) async fn interrupt_author(&mut self) {
        if let Some(author) = self.author.take() {
            author.abort();
            // That it was interrupted is what was wanted.
            let _ = author.await;
        }
    }

    /// Kills it: its files are as they are at this moment, with what a torn write may leave behind.
    pub(crate) async fn crash(&mut self, dice: &mut Dice) {
        self.interrupt_author().await;
        let before = self.path();
        self.moves += 1;
        copy_home(&before, &self.path(), dice).unwrap();
        self.engine = None;
    }

    /// Ends it in order.
    pub(crate) async fn close(&mut self) {
        self.interrupt_author().await;
        if let Some(engine) = self.engine.take() {
            engine.close().await;
        }
    }

    /// Copies its home as it is at this moment to another machine.
    pub(crate) fn copy(&self, platform: Arc<AppPlatform>, dice: &mut Dice) -> Self {
        let (device, member) = (self.device, self.member);
        let copy = Self { device, member, ..Self::new(self.dir.clone(), platform) };
        copy_home(&self.path(), &copy.path(), dice).unwrap();
        copy
    }
}

/// Copies key, database and log. The log may end in the beginning of a page that was never
/// committed.
fn copy_home(from: &Path, to: &Path, dice: &mut Dice) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for name in ["vault.key", "vault.db", "vault.db-wal"] {
        match fs::copy(from.join(name), to.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            copied => drop(copied?),
        }
    }
    let log = to.join("vault.db-wal");
    if log.exists() && dice.once_in(3) {
        let mut torn = vec![0; dice.between(1, 5_000) as usize];
        dice.fill(&mut torn);
        let mut bytes = fs::read(&log)?;
        bytes.extend(torn);
        fs::write(&log, bytes)?;
    }
    Ok(())
}

/// The one account of an engine.
pub(crate) async fn account(engine: &Engine) -> Result<Account, Error> {
    let state = ask!(engine, Command::State, State)?;
    Ok(state.accounts.into_iter().next().unwrap())
}

/// All messages, each with the subject of its thread.
pub(crate) async fn messages(engine: &Engine) -> Result<Vec<(String, Message)>, Error> {
    let threads = threads(engine).await?.into_iter();
    let messages = threads.flat_map(|thread| {
        let subject = thread.row.subject;
        thread.messages.into_iter().map(move |message| (subject.clone(), message))
    });
    Ok(messages.collect())
}

/// All threads, read a page at a time.
async fn threads(engine: &Engine) -> Result<Vec<Thread>, Error> {
    let mut threads: Vec<Thread> = Vec::new();
    loop {
        let last = threads.last().map(|thread| &thread.row);
        let page = Command::Threads {
            account: None,
            filter: ThreadFilter::default(),
            with: None,
            before_ms: last.map(|row| row.last_at_ms),
            before: last.map(|row| row.id),
            before_key: None,
            limit: None,
        };
        let rows = ask!(engine, page, Threads)?;
        if rows.is_empty() {
            return Ok(threads);
        }
        for row in rows {
            threads.push(whole_thread(engine, row.id).await?);
        }
    }
}

/// All pages of a thread as one.
async fn whole_thread(engine: &Engine, thread: ThreadId) -> Result<Thread, Error> {
    let page = |at| Command::Thread { thread, at: Some(at), limit: None };
    let mut whole = ask!(engine, page(Place::End), Thread)?;
    while let Some(first) = whole.messages.first().filter(|_| whole.older) {
        let before = ask!(engine, page(Place::Before(first.id)), Thread)?;
        whole.older = before.older;
        whole.messages.splice(0..0, before.messages);
    }
    Ok(whole)
}

/// Whether a message is in the outbox, or may be put there once more.
pub(crate) fn is_unsent(message: &Message) -> bool {
    !matches!(message.state, MessageState::Received | MessageState::Sent)
}

/// Everything it shows, attachments included.
pub(crate) async fn shown(app: &App, engine: &Engine) -> Result<Home, Error> {
    let mut home = Home { device: app.device, had: app.had.clone(), ..Home::default() };
    for Thread { row, messages, .. } in threads(engine).await? {
        let thread: BTreeSet<_> =
            messages.iter().map(|message| marker_of(&message.text).to_owned()).collect();
        let subject = row.subject;
        for message in messages {
            if message.from.kind == PartyKind::Service {
                let (subject, thread) = (subject.clone(), thread.clone());
                home.notices.push(Notice { subject, thread, text: message.text });
            } else {
                home.shown.push(letter(engine, message, subject.clone()).await?);
            }
        }
    }
    let pings = ask!(
        engine,
        Command::Pings { account: None, before: None, find: None, limit: None },
        Pings
    )?;
    home.shown.extend(pings.into_iter().map(ping));
    Ok(home)
}

async fn letter(engine: &Engine, message: Message, subject: String) -> Result<Shown, Error> {
    let mut files = Vec::new();
    for attachment in &message.attachments {
        let (about, mut reader) = engine.attachment(attachment.id).await?;
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).await.unwrap();
        files.push(File::of(&about.name, &bytes));
    }
    Ok(Shown {
        msgid: message.msgid,
        place: u64::try_from(message.id).unwrap_or_default(),
        from: message.from.uid.to_string(),
        subject,
        text: message.text,
        files,
    })
}

/// A ping as a letter. The app does not tell its id, but when the service took it.
fn ping(ping: Ping) -> Shown {
    let is_here_only = matches!(ping.state, PingState::Queued | PingState::Failed { .. });
    Shown {
        msgid: (!is_here_only || ping.incoming).then(|| format!("ping {}", ping.at_ms)),
        place: u64::try_from(ping.id).unwrap_or_default(),
        from: ping.from_uid.to_string(),
        subject: ping.group.unwrap_or_default().to_string(),
        text: ping.text,
        files: Vec::new(),
    }
}

/// Markers of pings of this home that the service has refused.
pub(crate) async fn refused_pings(engine: &Engine) -> Result<Vec<String>, Error> {
    own_pings(engine, |state| matches!(state, PingState::Failed { .. })).await
}

/// Markers of pings of this home that are in the outbox.
pub(crate) async fn waiting_pings(engine: &Engine) -> Result<Vec<String>, Error> {
    own_pings(engine, |state| *state == PingState::Queued).await
}

async fn own_pings(
    engine: &Engine,
    is_wanted: impl Fn(&PingState) -> bool,
) -> Result<Vec<String>, Error> {
    let pings = ask!(
        engine,
        Command::Pings { account: None, before: None, find: None, limit: None },
        Pings
    )?
    .into_iter();
    let wanted = pings.filter(|ping| !ping.incoming && is_wanted(&ping.state));
    Ok(wanted.map(|ping| marker_of(&ping.text).to_owned()).collect())
}
