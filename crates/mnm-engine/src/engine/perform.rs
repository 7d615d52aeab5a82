//! What each command does.

use std::sync::Arc;
use std::time::Duration;

use tmtp::request::{GroupAct, Request, UserEdit};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, timeout_at};

use crate::command::{Command, Place, Reply};
use crate::engine::Engine;
use crate::error::{Error, ErrorCode};
use crate::event::Event;
use crate::link::writer::request_id;
use crate::markdown;
use crate::vault::{DraftContent, PingQuery, Search, Upon, check_new_alias};
use crate::view::{
    Account, AccountId, Message, MessageId, MessageState, SearchHit, Standing, ThreadId,
};

/// Longest that [`Command::AwaitSent`] waits, milliseconds.
pub(super) const AWAIT_MAX_MS: u64 = 600_000;
/// Longest that [`Command::Send`] holds a letter back, milliseconds.
const HOLD_MAX_MS: u64 = 60_000;
/// Why somebody who leaves has to say what they knew of a draft.
const LEAVING_BLIND: &str = "A draft that is saved on leaving needs the version it was typed upon, or \
    it could overwrite what another window saved. Nothing was saved; name the version, 0 for none.";

impl Engine {
    /// Does what a command asks for. What it changed is committed when this returns; if the future
    /// is dropped, it may be done all the same.
    ///
    /// # Errors
    /// An [`Error`] whose code says what kind and whose message tells a person what to do.
    pub async fn command(&self, command: Command) -> Result<Reply, Error> {
        match command {
            Command::Join { address, alias, device, another } => {
                let engine = self.clone();
                let joined =
                    to_its_end(async move { engine.join(&address, alias, device, another).await });
                joined.await.map(Reply::Account)
            }
            Command::SetService { account, address, trust } => {
                let engine = self.clone();
                let set =
                    to_its_end(async move { engine.set_service(account, address, trust).await });
                set.await.map(Reply::Account)
            }
            Command::Losses { account } => {
                let losses = self.store().read(move |vault| vault.losses(account));
                losses.await.map(Reply::Losses)
            }
            Command::RemoveAccount { account } => {
                let engine = self.clone();
                to_its_end(async move { engine.remove_account(account).await }).await?;
                Ok(Reply::Done)
            }
            Command::JoinDevice { code } => {
                let engine = self.clone();
                let joined = to_its_end(async move { engine.join_device(&code).await });
                joined.await.map(Reply::Account)
            }
            Command::AddDevice { account, label } => {
                self.add_device(account, &label).await.map(Reply::Code)
            }
            Command::AddAlias { account, alias } => {
                self.add_alias(account, alias).await.map(Reply::Account)
            }
            Command::SetPresence { account, contact, shown } => {
                self.set_presence(account, contact, shown).await.map(|()| Reply::Done)
            }
            Command::RemoveContact { account, contact } => {
                let now_ms = self.store().now_ms();
                let removed = self
                    .store()
                    .write(move |vault| vault.remove_contact(account, &contact, now_ms));
                removed.await?;
                self.wake(account);
                Ok(Reply::Done)
            }
            Command::Nudge => {
                self.nudge();
                Ok(Reply::Done)
            }
            Command::Reconnect { account } => self.reconnect(account).await,
            Command::Drop { account, group, alias } => {
                self.drop_member(account, group, alias).await
            }
            Command::IgnoreAll { account, before_ms } => {
                self.ignore_all(account, before_ms).await.map(Reply::Count)
            }
            Command::JoinGroup { account, group } => self.join_group(account, group).await,
            Command::AwaitSent { message, timeout_ms } => {
                self.await_sent(message, timeout_ms).await.map(Reply::Message)
            }
            Command::Forward { thread, to, timeout_ms } => {
                self.forward(thread, to, timeout_ms).await.map(Reply::Forward)
            }
            Command::Preview { text } => {
                let rendering = tokio::task::spawn_blocking(move || markdown::render(&text));
                rendering
                    .await
                    .map(|rendered| Reply::Html(rendered.html))
                    .map_err(|_| rendering_failed())
            }
            Command::RevokeBrowser { browser } => {
                self.store().write(move |vault| vault.revoke_browser(browser)).await?;
                Ok(Reply::Done)
            }
            command @ (Command::Ping { .. }
            | Command::Accept { .. }
            | Command::Ignore { .. }
            | Command::Invite { .. }) => self.first_contact(command).await,
            command @ (Command::SaveDraft { .. }
            | Command::DropDraft { .. }
            | Command::Detach { .. }
            | Command::Send { .. }
            | Command::SendNow { .. }
            | Command::Retry { .. }
            | Command::Unsend { .. }
            | Command::Strike { .. }
            | Command::Readmit { .. }
            | Command::TakeIn { .. }
            | Command::MarkRead { .. }) => self.write(command).await,
            Command::Search { account, words, limit } => {
                self.search(account, &words, limit).await.map(Reply::Hits)
            }
            command => self.show(command).await,
        }
    }

    /// Searches, a slice at a time, so that others have their turns.
    async fn search(
        &self,
        account: Option<AccountId>,
        words: &str,
        limit: Option<u32>,
    ) -> Result<Vec<SearchHit>, Error> {
        let Some(mut search) = Search::new(account, words, limit) else { return Ok(Vec::new()) };
        loop {
            let slice = self.store().read(move |vault| {
                let more = vault.search_slice(&mut search)?;
                Ok((search, more))
            });
            let more;
            (search, more) = slice.await?;
            if !more {
                return Ok(search.into_hits());
            }
        }
    }

    /// Commands that only read.
    async fn show(&self, command: Command) -> Result<Reply, Error> {
        self.store()
            .read(move |vault| {
                Ok(match command {
                    Command::Devices { account } => Reply::Devices(vault.devices(account)?),
                    Command::Pings { account, before, find, limit } => {
                        Reply::Pings(vault.pings(&PingQuery { account, before, find, limit })?)
                    }
                    Command::OnePing { ping } => Reply::Ping(vault.ping(ping)?),
                    Command::Contacts { account } => Reply::Contacts(vault.contacts(account)?),
                    Command::Groups { account } => Reply::Groups(vault.groups(account)?),
                    Command::Members { account, group, after, limit } => {
                        Reply::Members(vault.members(account, &group, after.as_ref(), limit)?)
                    }
                    Command::Threads { account, with, before_ms, before, limit } => {
                        let place = before_ms.map(|ms| (ms, before.unwrap_or(ThreadId::MIN)));
                        Reply::Threads(match with {
                            Some(uid) => vault.threads_with(account, &uid, place, limit)?,
                            None => vault.threads_left(account, place, limit)?,
                        })
                    }
                    Command::Thread { thread, at, limit } => {
                        Reply::Thread(vault.thread_left(thread, at.unwrap_or(Place::End), limit)?)
                    }
                    Command::Browsers => Reply::Browsers(vault.browsers()?),
                    Command::Readers { thread } => Reply::Readers(vault.readers(thread)?),
                    Command::Drafts { account, before } => {
                        Reply::Drafts(vault.drafts(account, before)?)
                    }
                    Command::State => Reply::State(vault.state_left(env!("CARGO_PKG_VERSION"))?),
                    // All others are handled where commands are sorted.
                    _ => return Err(misplaced()),
                })
            })
            .await
    }

    /// Pings and invitations: stored, and the link woken.
    async fn first_contact(&self, command: Command) -> Result<Reply, Error> {
        let now_ms = self.store().now_ms();
        let change = self.store().write(move |vault| match command {
            Command::Ping { account, to, text } => vault.queue_ping(account, &to, &text, now_ms),
            Command::Invite { account, group, to, text } => {
                vault.queue_invite(account, &group, &to, &text, now_ms)
            }
            Command::Accept { ping, text } => vault.queue_accept(ping, text.as_deref(), now_ms),
            Command::Ignore { ping } => vault.ignore_ping(ping),
            _ => Err(misplaced()),
        });
        let ping = change.await?;
        self.wake(ping.account);
        Ok(Reply::Ping(ping))
    }

    /// Puts pings away, some at a time, so that others have their turns.
    async fn ignore_all(
        &self,
        account: Option<AccountId>,
        before_ms: Option<i64>,
    ) -> Result<u64, Error> {
        let mut count = 0;
        loop {
            let some = self.store().write(move |vault| vault.ignore_some(account, before_ms));
            match some.await? {
                0 => return Ok(count),
                some => count += some,
            }
        }
    }

    /// Drafts, letters and read marks: stored, and the link woken.
    async fn write(&self, command: Command) -> Result<Reply, Error> {
        let now_ms = self.store().now_ms();
        let (reply, account) = match command {
            Command::SaveDraft { draft, account, thread, to, subject, text, version, leaving } => {
                let content = DraftContent { to, subject, text };
                let upon = match (version, leaving) {
                    (None, false) => Upon::Anything,
                    (None, true) => return Err(Error::new(ErrorCode::Invalid, LEAVING_BLIND)),
                    (Some(known), true) => Upon::Leaving(known),
                    (Some(known), false) => Upon::Version(known),
                };
                let save = self.store().write(move |vault| {
                    vault.save_draft_upon(upon, draft, account, thread, &content, now_ms)
                });
                return save.await.map(Reply::Draft);
            }
            Command::DropDraft { draft, version } => {
                self.store().write(move |vault| vault.drop_draft_upon(draft, version)).await?;
                return Ok(Reply::Done);
            }
            Command::Detach { draft, attachment } => {
                let detach =
                    self.store().write(move |vault| vault.detach(draft, attachment, now_ms));
                return detach.await.map(Reply::Draft);
            }
            Command::Unsend { message } => {
                let draft = self.store().write(move |vault| vault.unsend(message, now_ms)).await?;
                return Ok(Reply::Draft(draft));
            }
            Command::Send { draft, version, hold_ms } => {
                let hold = hold_ms.map(|hold_ms| hold_ms.min(HOLD_MAX_MS)).unwrap_or_default();
                let message = self
                    .store()
                    .write(move |vault| vault.queue_draft_held(draft, version, now_ms, hold))
                    .await?;
                if hold > 0 {
                    self.send_later(message.id, hold);
                }
                let account = message.account;
                (Reply::Message(message), account)
            }
            Command::SendNow { message } => {
                let message = self.store().write(move |vault| vault.release(message)).await?;
                let account = message.account;
                (Reply::Message(message), account)
            }
            Command::Retry { message } => {
                let message = self.store().write(move |vault| vault.retry(message)).await?;
                let account = message.account;
                (Reply::Message(message), account)
            }
            Command::MarkRead { thread, messages } => {
                (Reply::Done, self.mark_read(thread, messages).await?)
            }
            Command::Strike { thread, uid } => {
                (Reply::Done, self.strike(thread, uid, true, now_ms).await?)
            }
            Command::Readmit { thread, uid } => {
                (Reply::Done, self.strike(thread, uid, false, now_ms).await?)
            }
            Command::TakeIn { thread } => {
                let taken = self.store().write(move |vault| vault.take_in(thread, now_ms)).await?;
                let thread = self.store().read(move |vault| vault.thread(taken)).await?;
                return Ok(Reply::Thread(thread));
            }
            _ => return Err(misplaced().into()),
        };
        self.wake(account);
        Ok(reply)
    }

    /// Marks messages as seen, some at a time, so that others have their turns. Gives the account.
    async fn mark_read(
        &self,
        thread: ThreadId,
        messages: Option<Vec<MessageId>>,
    ) -> Result<AccountId, Error> {
        let messages = messages.map(Arc::<[MessageId]>::from);
        loop {
            let messages = messages.clone();
            let some =
                self.store().write(move |vault| vault.mark_read(thread, messages.as_deref()));
            let marked = some.await?;
            if !marked.more {
                return Ok(marked.account);
            }
        }
    }

    async fn strike(
        &self,
        thread: ThreadId,
        uid: String,
        struck: bool,
        now_ms: i64,
    ) -> Result<AccountId, Error> {
        self.store().write(move |vault| vault.strike(thread, &uid, struck, now_ms)).await
    }

    /// Lets a letter go once its time is up. If the engine ends before, the next one does.
    fn send_later(&self, message: MessageId, hold_ms: u64) {
        let shared = Arc::downgrade(&self.shared);
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(hold_ms)).await;
            let Some(shared) = shared.upgrade() else { return };
            let engine = Self { shared };
            match engine.command(Command::SendNow { message }).await {
                // Taken back.
                Err(error) if error.code == ErrorCode::NotFound => {}
                Err(error) => tracing::warn!(%error, "a letter that was held back did not leave"),
                Ok(_) => {}
            }
        });
    }

    /// Asks for a further alias and waits for the answer.
    pub(super) async fn add_alias(
        &self,
        account: AccountId,
        alias: String,
    ) -> Result<Account, Error> {
        check_new_alias(&alias)?;
        let edit = UserEdit::NewAlias(alias.clone());
        self.ask(account, Request::UserEdit { id: request_id(self.store().edge()), edit }).await?;
        self.store().write(move |vault| vault.add_own_alias(account, &alias)).await
    }

    async fn reconnect(&self, account: AccountId) -> Result<Reply, Error> {
        self.store().read(move |vault| vault.account(account)).await?;
        if let Some(handle) = self.handle(account) {
            handle.reconnect();
        }
        Ok(Reply::Done)
    }

    async fn drop_member(
        &self,
        account: AccountId,
        gid: String,
        alias: String,
    ) -> Result<Reply, Error> {
        let named = self.store().read(move |vault| {
            let gid = vault.group_called(account, &gid)?;
            Ok((vault.alias_of_member(account, &gid, &alias)?, gid))
        });
        let (alias, gid) = named.await?;
        let act = GroupAct::Drop { to: alias.clone() };
        self.ask(
            account,
            Request::GroupEdit { id: request_id(self.store().edge()), gid: gid.clone(), act },
        )
        .await?;
        let aliases = self.store().read(move |vault| vault.account(account)).await?.aliases;
        if aliases.contains(&alias) {
            self.set_standing(account, gid, Standing::Left).await?;
        }
        Ok(Reply::Done)
    }

    async fn join_group(&self, account: AccountId, gid: String) -> Result<Reply, Error> {
        let gid = self.store().read(move |vault| vault.group_called(account, &gid)).await?;
        let act = GroupAct::Join { newalias: None };
        self.ask(
            account,
            Request::GroupEdit { id: request_id(self.store().edge()), gid: gid.clone(), act },
        )
        .await?;
        self.set_standing(account, gid, Standing::Joined).await?;
        Ok(Reply::Done)
    }

    async fn set_standing(
        &self,
        account: AccountId,
        gid: String,
        standing: Standing,
    ) -> Result<(), Error> {
        self.store().write(move |vault| vault.set_standing(account, &gid, None, standing)).await
    }

    async fn await_sent(&self, message: MessageId, timeout_ms: u64) -> Result<Message, Error> {
        let until = Instant::now() + Duration::from_millis(timeout_ms.min(AWAIT_MAX_MS));
        let mut events = self.events();
        loop {
            let now = self.store().read(move |vault| vault.message(message)).await?;
            let waits = matches!(
                now.state,
                MessageState::Queued | MessageState::Held { .. } | MessageState::Sending { .. }
            );
            if !waits || timeout_at(until, news_of(message, &mut events)).await.is_err() {
                return Ok(now);
            }
        }
    }
}

/// Returns when something may have happened to a message.
async fn news_of(message: MessageId, events: &mut tokio::sync::broadcast::Receiver<Event>) {
    loop {
        match events.recv().await {
            Ok(Event::Message { message: changed }) if changed.id == message => return,
            Ok(Event::MessageGone { message: gone, .. }) if gone == message => return,
            Ok(_) => {}
            Err(RecvError::Lagged(_) | RecvError::Closed) => return,
        }
    }
}

/// Does `work` to its end even if whoever asked for it has gone: an account must not be left halfway,
/// stored and without a link.
async fn to_its_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    tokio::spawn(work).await.unwrap_or_else(|_| Err(broken_off()))
}

fn broken_off() -> Error {
    let why = "The app has failed amid this, so it may or may not have been done. Look again, and try again if it has not.";
    Error::new(ErrorCode::Internal, why)
}

fn rendering_failed() -> Error {
    Error::new(ErrorCode::Internal, "The text could not be rendered. It is kept as it is.")
}

/// A command that is sorted to the wrong place, which takes a fault in this file.
fn misplaced() -> crate::error::VaultError {
    crate::error::VaultError::Invalid("This command is not known.".into())
}
