//! The real app's engine on a machine of its own: started, killed, copied, asked what it shows.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mnm_engine::command::Command;
use mnm_engine::view::{Account, Message, MessageState};
use mnm_engine::{Engine, Error, Options};
use tmtp_testkit::dice::Dice;
use tmtp_testkit::ledger::{DeviceIndex, File, Home, Shown};
use tokio::io::AsyncReadExt;
use tokio::task::JoinHandle;

use crate::cast::MemberIndex;
use crate::edge::AppEdge;

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
    pub(crate) edge: Arc<AppEdge>,
    pub(crate) engine: Option<Engine>,
    /// Whoever writes with it.
    pub(crate) author: Option<JoinHandle<()>>,
    dir: PathBuf,
    /// Counts the places where the home has been.
    moves: usize,
}

impl App {
    /// A home that is not opened yet.
    pub(crate) fn new(dir: PathBuf, edge: Arc<AppEdge>) -> Self {
        let home = edge.home;
        Self { home, device: 0, member: 0, edge, engine: None, author: None, dir, moves: 0 }
    }

    fn path(&self) -> PathBuf {
        self.dir.join(format!("{}-{}", self.home, self.moves))
    }

    /// Starts it.
    pub(crate) async fn open(&mut self, connect: bool) -> Engine {
        let options = Options { home: self.path(), connect };
        let edge: Arc<dyn mnm_engine::edge::Edge> = self.edge.clone();
        let engine = Engine::open_at(options, edge).await.unwrap();
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
    pub(crate) fn copy(&self, edge: Arc<AppEdge>, dice: &mut Dice) -> Self {
        let (device, member) = (self.device, self.member);
        let copy = Self { device, member, ..Self::new(self.dir.clone(), edge) };
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
    let all = Command::Threads { account: None, before_ms: None, limit: Some(500) };
    let mut found = Vec::new();
    for row in ask!(engine, all, Threads)? {
        let thread = ask!(engine, Command::Thread { thread: row.id }, Thread)?;
        found.extend(thread.messages.into_iter().map(|message| (row.subject.clone(), message)));
    }
    Ok(found)
}

/// Whether a message is in the outbox, or may be put there once more.
pub(crate) fn is_unsent(message: &Message) -> bool {
    !matches!(message.state, MessageState::Received | MessageState::Sent)
}

/// Everything it shows, attachments included.
pub(crate) async fn shown(engine: &Engine, device: DeviceIndex) -> Result<Home, Error> {
    let mut home = Home { device, shown: Vec::new() };
    for (subject, message) in messages(engine).await? {
        let mut files = Vec::new();
        for attachment in &message.attachments {
            let (about, mut reader) = engine.attachment(attachment.id).await?;
            let mut bytes = Vec::new();
            reader.read_to_end(&mut bytes).await.unwrap();
            files.push(File::of(&about.name, &bytes));
        }
        home.shown.push(Shown {
            msgid: message.msgid,
            place: u64::try_from(message.id).unwrap_or_default(),
            from: message.from.uid,
            subject,
            text: message.text,
            files,
        });
    }
    Ok(home)
}
