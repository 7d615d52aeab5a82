//! Command dispatch: one exhaustive match over all commands.
//!
//! An arm reads or writes the vault, or calls a method of the engine in the file of its subject. There is
//! no second match on [`Command`], so a command without an arm does not build.

use std::future::Future;

use crate::command::{Command, Place, Reply};
use crate::engine::Engine;
use crate::error::{Error, ErrorCode};
use crate::platform::MaybeSend;
use crate::task;
use crate::vault::{DraftContent, PingQuery, SearchArgs, ThreadPlace, Upon};
use crate::view::ThreadId;

/// Error for saving a draft on leaving without its version.
const LEAVING_BLIND: &str = "A draft that is saved on leaving needs the version it was typed upon, or \
    it could overwrite what another window saved. Nothing was saved; name the version, 0 for none.";

impl Engine {
    /// Executes a command. Its changes are committed when this returns; if the future is dropped,
    /// it may be executed all the same.
    ///
    /// # Errors
    /// An [`Error`] with a code for programs and a message for people.
    pub async fn command(&self, command: Command) -> Result<Reply, Error> {
        let store = self.store();
        let now_ms = store.now_ms();
        match command {
            Command::State => {
                let state = store.read(|vault| vault.state_left(env!("CARGO_PKG_VERSION")));
                state.await.map(Reply::State)
            }

            // Accounts and devices.
            Command::Join { address, alias, device, another } => {
                let joined = self.to_its_end(async move |engine| {
                    engine.join(&address, alias, device, another).await
                });
                joined.await.map(Reply::Account)
            }
            Command::SetService { account, address, trust } => {
                let set = self.to_its_end(async move |engine| {
                    engine.set_service(account, address, trust).await
                });
                set.await.map(Reply::Account)
            }
            Command::Losses { account } => {
                store.read(move |vault| vault.losses(account)).await.map(Reply::Losses)
            }
            Command::RemoveAccount { account } => {
                let removed =
                    self.to_its_end(async move |engine| engine.remove_account(account).await);
                removed.await.map(|()| Reply::Done)
            }
            Command::JoinDevice { code } => {
                let joined =
                    self.to_its_end(async move |engine| engine.join_device(code.expose()).await);
                joined.await.map(Reply::Account)
            }
            Command::AddDevice { account, label } => {
                self.add_device(account, &label).await.map(Reply::Code)
            }
            Command::Devices { account } => {
                store.read(move |vault| vault.devices(account)).await.map(Reply::Devices)
            }
            Command::AddAlias { account, alias } => {
                self.add_alias(account, alias).await.map(Reply::Account)
            }
            Command::Reconnect { account } => self.reconnect(account).await.map(|()| Reply::Done),
            Command::Nudge => {
                self.nudge();
                Ok(Reply::Done)
            }
            Command::SetPresence { account, contact, shown } => {
                self.set_presence(account, contact, shown).await.map(|()| Reply::Done)
            }

            // Pings and contacts.
            Command::Ping { account, to, text } => {
                let queue = store.write(move |vault| vault.queue_ping(account, &to, &text, now_ms));
                self.woken(queue).await.map(Reply::Ping)
            }
            Command::Invite { account, group, to, text } => {
                let queue = store
                    .write(move |vault| vault.queue_invite(account, &group, &to, &text, now_ms));
                self.woken(queue).await.map(Reply::Ping)
            }
            Command::Accept { ping, text } => {
                let queue =
                    store.write(move |vault| vault.queue_accept(ping, text.as_deref(), now_ms));
                self.woken(queue).await.map(Reply::Ping)
            }
            Command::Ignore { ping } => {
                self.woken(store.write(move |vault| vault.ignore_ping(ping))).await.map(Reply::Ping)
            }
            Command::IgnoreAll { account, before_ms } => {
                self.ignore_all(account, before_ms).await.map(Reply::Count)
            }
            Command::OnePing { ping } => {
                store.read(move |vault| vault.ping(ping)).await.map(Reply::Ping)
            }
            Command::Pings { account, before, find, limit } => {
                let query = PingQuery { account, before, find, limit };
                store.read(move |vault| vault.pings(&query)).await.map(Reply::Pings)
            }
            Command::Contacts { account } => {
                store.read(move |vault| vault.contacts(account)).await.map(Reply::Contacts)
            }
            Command::RemoveContact { account, contact } => {
                let remove =
                    store.write(move |vault| vault.remove_contact(account, &contact, now_ms));
                remove.await?;
                self.wake(account);
                Ok(Reply::Done)
            }

            // Groups.
            Command::Groups { account } => {
                store.read(move |vault| vault.groups(account)).await.map(Reply::Groups)
            }
            Command::Members { account, group, after, limit } => {
                let members =
                    store.read(move |vault| vault.members(account, &group, after.as_ref(), limit));
                members.await.map(Reply::Members)
            }
            Command::JoinGroup { account, group } => {
                self.join_group(account, group).await.map(|()| Reply::Done)
            }
            Command::Drop { account, group, alias } => {
                self.drop_member(account, group, alias).await.map(|()| Reply::Done)
            }

            // Threads.
            Command::Threads { account, filter, with, before_ms, before, before_key, limit } => {
                let place = before_ms.map(|at_ms| ThreadPlace {
                    key: before_key.unwrap_or_default(),
                    at_ms,
                    id: before.unwrap_or(ThreadId::MIN),
                });
                let threads = store.read(move |vault| match with {
                    Some(uid) => vault.threads_with(account, &uid, place, limit),
                    None => vault.threads_left(account, &filter, place, limit),
                });
                threads.await.map(Reply::Threads)
            }
            Command::Thread { thread, at, limit } => {
                let at = at.unwrap_or(Place::End);
                store
                    .read(move |vault| vault.thread_left(thread, at, limit))
                    .await
                    .map(Reply::Thread)
            }
            Command::MarkRead { thread, messages } => {
                self.mark_read(thread, messages).await.map(|()| Reply::Done)
            }
            Command::MarkThreads { threads, mark, on } => {
                self.mark_threads(threads, mark, on).await.map(Reply::Count)
            }
            Command::MarkMessages { messages, mark, on } => {
                self.mark_messages(messages, mark, on).await.map(Reply::Count)
            }
            Command::SaveTag { account, tag, name, accent } => {
                let save = store.write(move |vault| vault.save_tag(account, tag, &name, accent));
                save.await.map(Reply::Account)
            }
            Command::DropTag { account, tag } => {
                store.write(move |vault| vault.drop_tag(account, tag)).await.map(Reply::Account)
            }
            Command::TagThreads { threads, tag, on } => {
                self.tag_threads(threads, tag, on).await.map(Reply::Count)
            }
            Command::SaveSearch { account, name, words } => {
                let save = store.write(move |vault| vault.save_search(account, &name, &words));
                save.await.map(Reply::Account)
            }
            Command::DropSearch { account, search } => {
                let dropped = store.write(move |vault| vault.drop_search(account, search));
                dropped.await.map(Reply::Account)
            }
            Command::EmptyTrash { account, threads } => {
                self.empty_trash(account, threads).await.map(Reply::Count)
            }
            Command::Readers { thread } => {
                store.read(move |vault| vault.readers(thread)).await.map(Reply::Readers)
            }
            Command::Strike { thread, uid } => {
                self.strike(thread, uid, true).await.map(|()| Reply::Done)
            }
            Command::Readmit { thread, uid } => {
                self.strike(thread, uid, false).await.map(|()| Reply::Done)
            }
            Command::TakeIn { thread } => {
                let taken = store.write(move |vault| vault.take_in(thread, now_ms)).await?;
                store.read(move |vault| vault.thread(taken)).await.map(Reply::Thread)
            }
            Command::Forward { thread, to, timeout_ms } => {
                self.forward(thread, to, timeout_ms).await.map(Reply::Forward)
            }
            Command::Search { account, words, thread, order, skip, limit } => {
                let args = SearchArgs { account, thread, words, order, skip, limit };
                self.search(&args).await.map(Reply::Hits)
            }
            Command::CountHits { account, words, thread } => {
                let args = SearchArgs { account, thread, words, ..SearchArgs::default() };
                self.count_hits(&args).await.map(Reply::Count)
            }

            // Drafts and letters.
            Command::SaveDraft { draft, account, thread, to, subject, text, version, leaving } => {
                let (upon, content) = (upon(version, leaving)?, DraftContent { to, subject, text });
                let save = store.write(move |vault| {
                    vault.save_draft(upon, draft, account, thread, &content, now_ms)
                });
                save.await.map(Reply::Draft)
            }
            Command::Drafts { account, before } => {
                store.read(move |vault| vault.drafts(account, before)).await.map(Reply::Drafts)
            }
            Command::DropDraft { draft, version } => {
                let dropped = store.write(move |vault| vault.drop_draft(draft, version));
                dropped.await.map(|()| Reply::Done)
            }
            Command::Detach { draft, attachment } => {
                let detach = store.write(move |vault| vault.detach(draft, attachment, now_ms));
                detach.await.map(Reply::Draft)
            }
            Command::Send { draft, version, hold_ms } => {
                self.send(draft, version, hold_ms).await.map(Reply::Message)
            }
            Command::SendNow { message } => self.send_now(message).await.map(Reply::Message),
            Command::Retry { message } => self.retry(message).await.map(Reply::Message),
            Command::Unsend { message } => {
                store.write(move |vault| vault.unsend(message, now_ms)).await.map(Reply::Draft)
            }
            Command::AwaitSent { message, timeout_ms } => {
                self.await_sent(message, timeout_ms).await.map(Reply::Message)
            }
            Command::Preview { text } => self.preview(text).await.map(Reply::Html),

            // Notices.
            Command::Watermark => store.read(|vault| vault.watermark()).await.map(Reply::Watermark),
            Command::Notices => self.notice_settings(None).await.map(Reply::Notices),
            Command::SetNotices { change } => {
                self.notice_settings(Some(change)).await.map(Reply::Notices)
            }

            // Browsers.
            Command::Browsers => store.read(|vault| vault.browsers()).await.map(Reply::Browsers),
            Command::RevokeBrowser { browser } => {
                let revoked = store.write(move |vault| vault.revoke_browser(browser));
                revoked.await.map(|()| Reply::Done)
            }
        }
    }

    /// Runs `work` to its end even if the caller goes away: an account must not be left stored but
    /// without a link.
    async fn to_its_end<T, F>(&self, work: impl FnOnce(Self) -> F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + MaybeSend + 'static,
    {
        task::spawn(work(self.clone())).await.unwrap_or_else(|_| Err(broken_off()))
    }
}

/// The precondition for saving a draft.
fn upon(version: Option<u64>, leaving: bool) -> Result<Upon, Error> {
    match (version, leaving) {
        (None, false) => Ok(Upon::Anything),
        (None, true) => Err(Error::new(ErrorCode::Invalid, LEAVING_BLIND)),
        (Some(known), true) => Ok(Upon::Leaving(known)),
        (Some(known), false) => Ok(Upon::Version(known)),
    }
}

fn broken_off() -> Error {
    let why = "The app has failed amid this, so it may or may not have been done. Look again, and try again if it has not.";
    Error::new(ErrorCode::Internal, why)
}
