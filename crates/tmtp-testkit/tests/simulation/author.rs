//! Author in the simulation, who writes with one app: letters, replies, pings, now and then something refused once
//! more. May be interrupted at any moment; the ledger says what then is not known.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use mnm_engine::command::{Command, ThreadFilter};
use mnm_engine::view::{Draft, MessageState, PartyKind, PingState, Standing, ThreadId, ThreadRow};
use mnm_engine::{Engine, Error};
use tmtp_testkit::dice::Dice;
use tmtp_testkit::ledger::{DeviceIndex, Fate};
// Not synchronisation: simulated time passes only so.
use tokio::time::sleep;

use crate::app::{account, ask, messages};
use crate::cast::{Audience, Cast, Content, GROUP, MemberIndex, Posting, marker_of};
use crate::club::CLUB;
use crate::service::ServiceHost;
use crate::trace::Trace;

/// How long after a failed attempt the next one begins at the earliest: nothing is under way so long.
const MOVE_AFTER: Duration = Duration::from_secs(10);
/// What the service says to whoever writes to a group that they are not in.
const NOT_IN_GROUP: &str = "not a member of a group named in for";
/// What the app says where it knows.
const LEFT_GROUP: &str = "so the letter would not reach the group";
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
    pub(crate) host: Arc<ServiceHost>,
    /// Whether it is this one who moves in and out of the club.
    pub(crate) moves: bool,
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
        accept_all(&self.engine, self.device, &self.cast, &self.host).await?;
        if self.moves && self.dice.once_in(4) {
            return self.move_in_club().await;
        }
        match self.dice.between(0, 19) {
            0..=1 => self.ping_somebody().await,
            2 => retry_refused(&self.engine, &self.cast).await.map(drop),
            3 => self.mark_read().await,
            4..=9 => self.reply().await,
            _ => self.letter().await,
        }
    }

    /// Joins the club, or leaves it. Whatever a move before still had under way is over by then.
    async fn move_in_club(&mut self) -> Result<(), Error> {
        sleep(MOVE_AFTER).await;
        let account = account(&self.engine).await?.id;
        let joins = self.cast.begin_move(self.host.moment());
        let (home, group) = (self.home, CLUB.to_owned());
        self.trace.note(|| format!("home {home} moves, joins: {joins}"));
        let alias = Cast::alias(self.member);
        let command = match joins {
            true => Command::JoinGroup { account, group: group.into() },
            false => Command::Drop { account, group: group.into(), alias },
        };
        self.engine.command(command).await?;
        self.cast.end_move(self.host.moment());
        self.trace.note(|| format!("home {home} has moved"));
        Ok(())
    }

    /// Pings a member; that somebody is in the address book already does not matter.
    async fn ping_somebody(&mut self) -> Result<(), Error> {
        let to = self.dice.place(self.cast.members());
        if to == self.member {
            return Ok(());
        }
        let account = account(&self.engine).await?.id;
        let text = self.cast.greet(self.device, to, "", self.host.moment());
        let ping = Command::Ping { account, to: Cast::alias(to), text: text.clone() };
        ask!(self.engine, ping, Ping)?;
        self.cast.settle(marker_of(&text), Fate::Due);
        Ok(())
    }

    async fn mark_read(&mut self) -> Result<(), Error> {
        let Some(row) = self.some_thread().await? else { return Ok(()) };
        self.engine.command(Command::MarkRead { thread: row.id, messages: None }).await.map(drop)
    }

    async fn some_thread(&mut self) -> Result<Option<ThreadRow>, Error> {
        let all = Command::Threads {
            account: None,
            filter: ThreadFilter::default(),
            with: None,
            before_ms: None,
            before: None,
            before_key: None,
            limit: None,
        };
        let threads = ask!(self.engine, all, Threads)?;
        Ok(self.dice.pick(&threads).cloned())
    }

    async fn reply(&mut self) -> Result<(), Error> {
        let Some(row) = self.some_thread().await? else { return Ok(()) };
        let Some(audience) = self.cast.audience(&row.subject) else { return Ok(()) };
        // Of two machines that are one device one may have an answer and not the letter that named
        // everybody; what it writes then goes to fewer, as it shows.
        let has_group = row.parties.iter().any(|party| party.kind == PartyKind::Group);
        let named = row.parties.iter().filter_map(|party| Cast::member_called(&party.alias));
        let named: BTreeSet<_> = named.collect();
        let reaches_all = has_group || (!audience.club && audience.members.is_subset(&named));
        if self.cast.is_copied(self.device) && !reaches_all {
            return Ok(());
        }
        self.write(Some(row.id), Some(row.subject), Vec::new(), audience).await
    }

    async fn letter(&mut self) -> Result<(), Error> {
        let account = account(&self.engine).await?.id;
        let contacts = ask!(self.engine, Command::Contacts { account: None }, Contacts)?;
        let groups = ask!(self.engine, Command::Groups { account: Some(account) }, Groups)?;
        let joined = groups.iter().filter(|group| group.standing == Standing::Joined);
        let joined: Vec<_> = joined.map(|group| group.gid.as_str()).collect();
        let once_in = if joined.len() > 1 { 2 } else { 4 };
        if self.dice.once_in(once_in)
            && let Some(group) = self.dice.pick(&joined)
        {
            let members = (0..self.cast.members()).collect();
            let audience = match *group {
                GROUP => Audience { members, club: false },
                _ => Audience { club: true, ..Audience::default() },
            };
            return self.write(None, None, vec![(*group).into()], audience).await;
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
        let audience = Audience { members: audience, club: false };
        self.write(None, None, to.into_iter().collect(), audience).await
    }

    /// Writes a letter; it is in the ledger before the engine knows of it.
    async fn write(
        &mut self,
        thread: Option<ThreadId>,
        subject: Option<String>,
        to: Vec<String>,
        audience: Audience,
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
            version: None,
            leaving: false,
        };
        let draft = self.clean_draft(save).await?;
        for (name, bytes) in &content.files {
            self.engine.attach(draft.id, name, None, bytes.as_slice()).await?;
        }
        let groups = ask!(self.engine, Command::Groups { account: Some(account) }, Groups)?;
        let in_club = groups.iter().any(|g| g.gid == CLUB && g.standing == Standing::Joined);
        let (home, device, since) = (self.home, self.device, self.host.moment());
        let (marker, subject, audience) = (marker.as_str(), subject.as_str(), &audience);
        let content = &content;
        let posting = Posting { home, device, marker, subject, audience, content, since, in_club };
        self.cast.note(&posting);
        let bytes = content.files.iter().map(|f| f.1.len()).sum::<usize>();
        self.trace.note(|| format!("home {home} writes {marker} to {audience:?}, {bytes} bytes"));
        ask!(
            self.engine,
            Command::Send { draft: draft.id, version: None, hold_ms: None },
            Message
        )?;
        self.cast.settle(marker, Fate::Due);
        Ok(())
    }

    /// A draft without what an interrupted letter may have left in it.
    async fn clean_draft(&self, save: Command) -> Result<Draft, Error> {
        let draft = ask!(self.engine, save.clone(), Draft)?;
        if draft.attachments.is_empty() {
            return Ok(draft);
        }
        self.engine.command(Command::DropDraft { draft: draft.id, version: None }).await?;
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

/// Answers every ping and invitation that waits, but for the one who joins the club later.
pub(crate) async fn accept_all(
    engine: &Engine,
    device: DeviceIndex,
    cast: &Cast,
    host: &ServiceHost,
) -> Result<(), Error> {
    for ping in ask!(
        engine,
        Command::Pings { account: None, before: None, find: None, limit: None },
        Pings
    )? {
        let is_later = ping.group.as_ref().is_some_and(|gid| *gid == CLUB)
            && Cast::member_called(&ping.to) == cast.mover();
        if !ping.incoming || ping.state != PingState::Waiting || is_later {
            continue;
        }
        let from = Cast::member_called(&ping.from).filter(|_| ping.group.is_none());
        let text = from.map(|from| cast.greet(device, from, "", host.moment()));
        ask!(engine, Command::Accept { ping: ping.id, text: text.clone() }, Ping)?;
        if let Some(text) = text {
            cast.settle(marker_of(&text), Fate::Due);
        }
    }
    Ok(())
}

/// Sends once more what the service refused; says whether there was anything. Whoever left a group
/// while a letter to it waited leaves it at that.
pub(crate) async fn retry_refused(engine: &Engine, cast: &Cast) -> Result<bool, Error> {
    let mut any = false;
    for (_, message) in messages(engine).await? {
        let MessageState::Failed { error } = message.state else { continue };
        let marker = marker_of(&message.text);
        if error.contains(NOT_IN_GROUP) || error.contains(LEFT_GROUP) {
            cast.refused(marker);
            continue;
        }
        any = true;
        cast.retry(marker);
        ask!(engine, Command::Retry { message: message.id }, Message)?;
        cast.settle(marker, Fate::Due);
    }
    Ok(any)
}
