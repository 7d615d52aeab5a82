//! Somebody who writes with one app: letters, replies, pings, now and then something refused once
//! more. May be interrupted at any moment; the ledger says what then is not known.

use std::collections::BTreeSet;
use std::time::Duration;

use mnm_engine::command::Command;
use mnm_engine::view::{Draft, MessageState, PingState, Standing, ThreadId};
use mnm_engine::{Engine, Error};
use tmtp_testkit::dice::Dice;
use tmtp_testkit::ledger::{DeviceIndex, Fate};
// Not synchronisation: simulated time passes only so.
use tokio::time::sleep;

use crate::app::{account, ask, messages};
use crate::cast::{Cast, Content, GROUP, MemberIndex, marker_of};
use crate::trace::Trace;

/// Bytes of an attachment between two markers; no block of a disk is without one.
const MARKED_EVERY_BYTES: usize = 512;

/// Writes with one engine.
#[derive(Debug)]
pub(crate) struct Author {
    pub(crate) engine: Engine,
    pub(crate) home: usize,
    pub(crate) device: DeviceIndex,
    pub(crate) member: MemberIndex,
    pub(crate) cast: Cast,
    pub(crate) dice: Dice,
    pub(crate) trace: Trace,
    /// The longest pause between two letters, in milliseconds.
    pub(crate) pause_max_ms: u64,
}

impl Author {
    /// Writes until interrupted.
    pub(crate) async fn write_on(mut self) {
        loop {
            sleep(Duration::from_millis(self.dice.between(0, self.pause_max_ms))).await;
            // What the store of an app refuses or a service does not answer is tried otherwise.
            if let Err(error) = self.act().await {
                let home = self.home;
                self.trace.note(|| format!("home {home}: {:?}", error.code));
            }
        }
    }

    async fn act(&mut self) -> Result<(), Error> {
        self.accept_all().await?;
        match self.dice.between(0, 19) {
            0 => self.ping_somebody().await,
            1 => retry_refused(&self.engine, &self.cast).await.map(drop),
            2..=3 => self.mark_read().await,
            4..=9 => self.reply().await,
            _ => self.letter().await,
        }
    }

    async fn accept_all(&self) -> Result<(), Error> {
        accept_all(&self.engine).await
    }

    /// Pings a member; that somebody is in the address book already does not matter.
    async fn ping_somebody(&mut self) -> Result<(), Error> {
        let to = self.dice.place(self.cast.members());
        if to == self.member {
            return Ok(());
        }
        let account = account(&self.engine).await?.id;
        let ping = Command::Ping { account, to: Cast::alias(to), text: "Hello".into() };
        ask!(self.engine, ping, Ping).map(drop)
    }

    async fn mark_read(&mut self) -> Result<(), Error> {
        let Some((thread, _)) = self.some_thread().await? else { return Ok(()) };
        self.engine.command(Command::MarkRead { thread }).await.map(drop)
    }

    async fn some_thread(&mut self) -> Result<Option<(ThreadId, String)>, Error> {
        let all = Command::Threads { account: None, before_ms: None, limit: None };
        let threads = ask!(self.engine, all, Threads)?;
        Ok(self.dice.pick(&threads).map(|row| (row.id, row.subject.clone())))
    }

    async fn reply(&mut self) -> Result<(), Error> {
        let Some((thread, subject)) = self.some_thread().await? else { return Ok(()) };
        let Some(audience) = self.cast.audience(&subject) else { return Ok(()) };
        self.write(Some(thread), Some(subject), Vec::new(), audience).await
    }

    async fn letter(&mut self) -> Result<(), Error> {
        let account = account(&self.engine).await?.id;
        let contacts = ask!(self.engine, Command::Contacts { account: None }, Contacts)?;
        let groups = ask!(self.engine, Command::Groups { account: Some(account) }, Groups)?;
        let joined = groups.iter().any(|g| g.gid == GROUP && g.standing == Standing::Joined);
        if joined && self.dice.once_in(4) {
            let everybody = (0..self.cast.members()).collect();
            return self.write(None, None, vec![GROUP.into()], everybody).await;
        }
        let mut audience = BTreeSet::from([self.member]);
        let mut to = BTreeSet::new();
        for _ in 0..self.dice.between(1, 3) {
            let contact = self.dice.pick(&contacts);
            let known = contact.and_then(|contact| Cast::member_called(&contact.alias));
            audience.extend(known);
            to.extend(contact.map(|contact| contact.alias.clone()));
        }
        if to.is_empty() {
            return Ok(());
        }
        self.write(None, None, to.into_iter().collect(), audience).await
    }

    /// Writes a letter; it is in the ledger before the engine knows of it.
    async fn write(
        &mut self,
        thread: Option<ThreadId>,
        subject: Option<String>,
        to: Vec<String>,
        audience: BTreeSet<MemberIndex>,
    ) -> Result<(), Error> {
        let account = account(&self.engine).await?.id;
        let marker = self.cast.marker();
        let subject = subject.unwrap_or_else(|| marker.clone());
        let content = self.content(&marker);
        let new = thread.is_none();
        let save = Command::SaveDraft {
            draft: None,
            account,
            thread,
            to,
            subject: if new { subject.clone() } else { String::new() },
            text: content.text.clone(),
        };
        let draft = self.clean_draft(save).await?;
        for (name, bytes) in &content.files {
            self.engine.attach(draft.id, name, bytes.as_slice()).await?;
        }
        self.cast.note(self.home, self.device, &marker, &subject, &audience, &content);
        let (home, bytes) = (self.home, content.files.iter().map(|f| f.1.len()).sum::<usize>());
        self.trace.note(|| format!("home {home} writes {marker} to {audience:?}, {bytes} bytes"));
        ask!(self.engine, Command::Send { draft: draft.id }, Message)?;
        self.cast.settle(&marker, Fate::Due);
        Ok(())
    }

    /// A draft without what an interrupted letter may have left in it.
    async fn clean_draft(&self, save: Command) -> Result<Draft, Error> {
        let draft = ask!(self.engine, save.clone(), Draft)?;
        if draft.attachments.is_empty() {
            return Ok(draft);
        }
        self.engine.command(Command::DropDraft { draft: draft.id }).await?;
        ask!(self.engine, save, Draft)
    }

    fn content(&mut self, marker: &str) -> Content {
        let words = ["*tide*", "boat", "Größe", "oar", "`cox`", "mist", "river"];
        let count = self.dice.between(0, 60);
        let mut text = marker.to_owned();
        for _ in 0..count {
            text.push(' ');
            text.extend(self.dice.pick(&words).copied());
        }
        let files = if self.dice.once_in(4) { self.dice.between(1, 2) } else { 0 };
        let files = (0..files).map(|number| {
            // Below and above what the service keeps in memory.
            let len = 1 << self.dice.between(4, 18);
            let len = self.dice.between(1, len) as usize;
            let bytes = self.dice.marked_bytes(len, marker, MARKED_EVERY_BYTES);
            (format!("{marker}-{number}.bin"), bytes)
        });
        Content { text, files: files.collect() }
    }
}

/// Answers every ping and invitation that waits.
pub(crate) async fn accept_all(engine: &Engine) -> Result<(), Error> {
    for ping in ask!(engine, Command::Pings { account: None }, Pings)? {
        if ping.incoming && ping.state == PingState::Waiting {
            let accept = Command::Accept { ping: ping.id, text: None };
            ask!(engine, accept, Ping)?;
        }
    }
    Ok(())
}

/// Sends once more what the service refused; says whether there was anything.
pub(crate) async fn retry_refused(engine: &Engine, cast: &Cast) -> Result<bool, Error> {
    let mut any = false;
    for (_, message) in messages(engine).await? {
        if matches!(message.state, MessageState::Failed { .. }) {
            any = true;
            let marker = marker_of(&message.text);
            cast.retry(marker);
            ask!(engine, Command::Retry { message: message.id }, Message)?;
            cast.settle(marker, Fate::Due);
        }
    }
    Ok(any)
}
