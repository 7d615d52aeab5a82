//! Dispatch of commands to their families, and what each needs.

use mnm_engine::command::{MessageMark, SearchOrder, ThreadMark};

use super::behind::Shows;
use super::verb::{DevicesVerb, Verb};
use super::{
    Context, account, app, chat, check, group, install, letter, notify, people, put_away, reader,
    save, search, watch, write,
};
use crate::{
    exit::Failure,
    print::Answer,
    session::{Need, Session},
};

impl Verb {
    /// What the engine needs for this command if no app runs. Commands that list or answer
    /// something connect first; those that send connect only if a name is unknown.
    pub(super) fn need(&self, offline: bool) -> Need {
        let need = match self {
            Self::Join { .. } => return Need::Beginning,
            // Contacts the service in any case.
            Self::Account { address: Some(_), .. } | Self::Account { trust: Some(_), .. } => {
                return Need::Links;
            }
            Self::Pings { .. }
            | Self::Accept { .. }
            | Self::Inbox { .. }
            | Self::Contacts { .. }
            | Self::Groups
            | Self::Invite { .. }
            | Self::Leave { .. }
            | Self::Drop { .. }
            | Self::JoinGroup { .. }
            | Self::Devices { .. }
            | Self::Status
            | Self::Account { remove: false, .. } => Need::News,
            Self::Read { .. }
            | Self::Save { .. }
            | Self::Search { .. }
            | Self::Drafts
            | Self::Account { remove: true, .. }
            | Self::Browsers { .. }
            | Self::Ignore { .. }
            | Self::Archive(_)
            | Self::Delete(_)
            | Self::DeleteMessage(_)
            | Self::EmptyTrash { .. }
            | Self::Tag { .. }
            | Self::Tags { .. }
            | Self::Mute(_)
            | Self::Pin(_)
            | Self::Star(_)
            | Self::StarMessage(_)
            | Self::Unread(_)
            | Self::Notify(_)
            | Self::Install { .. }
            | Self::Completions { .. }
            | Self::Man { .. }
            | Self::Url
            | Self::Stop
            | Self::People { strike: None, readmit: None, .. }
            | Self::Check { .. } => Need::Disk,
            Self::Watch { .. } | Self::Chat { .. } => Need::Lasting,
            Self::Ping { .. }
            | Self::Send { .. }
            | Self::Reply { .. }
            | Self::Resend { .. }
            | Self::Forward { .. }
            | Self::Presence { .. }
            | Self::People { .. }
            | Self::TakeIn { .. } => Need::Links,
        };
        if offline { Need::Disk } else { need }
    }

    /// What of its answer may be stale.
    pub(super) fn shows(&self) -> Shows {
        match self {
            Self::Pings { .. }
            | Self::Inbox { .. }
            | Self::Contacts { remove: None }
            | Self::Groups
            | Self::Search { .. }
            | Self::Devices { action: None } => Shows::Accounts,
            Self::Read { thread, .. }
            | Self::Save { thread, .. }
            | Self::People { thread, strike: None, readmit: None } => Shows::Thread(*thread),
            Self::Ping { .. }
            | Self::Accept { .. }
            | Self::Invite { .. }
            | Self::Send { .. }
            | Self::Reply { .. }
            | Self::Resend { .. }
            | Self::Forward { .. } => Shows::Sent,
            Self::Join { .. }
            | Self::Account { .. }
            | Self::Presence { .. }
            | Self::Contacts { remove: Some(_) }
            | Self::Watch { .. }
            | Self::Chat { .. }
            | Self::Status
            | Self::Drafts
            | Self::Devices { action: Some(_) }
            | Self::Browsers { .. }
            | Self::Ignore { .. }
            | Self::Leave { .. }
            | Self::Drop { .. }
            | Self::People { .. }
            | Self::TakeIn { .. }
            | Self::JoinGroup { .. }
            | Self::Check { .. }
            | Self::Archive(_)
            | Self::Delete(_)
            | Self::DeleteMessage(_)
            | Self::EmptyTrash { .. }
            | Self::Tag { .. }
            | Self::Tags { .. }
            | Self::Mute(_)
            | Self::Pin(_)
            | Self::Star(_)
            | Self::StarMessage(_)
            | Self::Unread(_)
            | Self::Notify(_)
            | Self::Install { .. }
            | Self::Completions { .. }
            | Self::Man { .. }
            | Self::Url
            | Self::Stop => Shows::Nothing,
        }
    }

    /// Without sending now, nothing is awaited.
    pub(super) fn without_wait(mut self) -> Self {
        match &mut self {
            Self::Ping { wait, .. }
            | Self::Accept { wait, .. }
            | Self::Invite { wait, .. }
            | Self::Resend { wait, .. }
            | Self::Forward { wait, .. }
            | Self::Chat { wait, .. } => {
                wait.seconds = 0;
            }
            Self::Send { content, .. } | Self::Reply { content, .. } => content.wait.seconds = 0,
            Self::Join { .. }
            | Self::Account { .. }
            | Self::Presence { .. }
            | Self::Pings { .. }
            | Self::Inbox { .. }
            | Self::Contacts { .. }
            | Self::Groups
            | Self::Watch { .. }
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
            | Self::Archive(_)
            | Self::Delete(_)
            | Self::DeleteMessage(_)
            | Self::EmptyTrash { .. }
            | Self::Tag { .. }
            | Self::Tags { .. }
            | Self::Mute(_)
            | Self::Pin(_)
            | Self::Star(_)
            | Self::StarMessage(_)
            | Self::Unread(_)
            | Self::Notify(_)
            | Self::Install { .. }
            | Self::Completions { .. }
            | Self::Man { .. }
            | Self::Url
            | Self::Stop => {}
        }
        self
    }

    pub(super) async fn run(self, context: &Context, session: &Session) -> Result<Answer, Failure> {
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
            Self::Chat { person, last, wait } => {
                chat::chat(context, session, &person, last, wait).await
            }
            Self::Watch { text } => watch::watch(context, session, text).await,
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
            Self::Contacts { remove: None } => people::contacts(context, session).await,
            Self::Contacts { remove: Some(alias) } => {
                people::remove_contact(context, session, alias).await
            }
            Self::Groups => group::groups(context, session).await,
            Self::Invite { group, alias, text, wait } => {
                group::invite(context, session, group, alias, text, wait).await
            }
            Self::Leave { group } => group::leave(context, session, group).await,
            Self::Drop { group, alias } => group::remove(context, session, group, alias).await,
            Self::Inbox { listed, sort, unread, limit, before, all } => {
                let limit = if all { usize::MAX } else { limit as usize };
                let asked = letter::Asked { listed, sort, unread, limit, before };
                letter::inbox(context, session, &asked).await
            }
            Self::Archive(marked) => put_away::mark(session, ThreadMark::Archived, marked).await,
            Self::Delete(marked) => put_away::mark(session, ThreadMark::Trashed, marked).await,
            Self::Mute(marked) => put_away::mark(session, ThreadMark::Muted, marked).await,
            Self::Pin(marked) => put_away::mark(session, ThreadMark::Pinned, marked).await,
            Self::Star(marked) => put_away::mark(session, ThreadMark::Starred, marked).await,
            Self::Unread(marked) => put_away::mark(session, ThreadMark::Unread, marked).await,
            Self::StarMessage(marked) => {
                put_away::mark_messages(session, MessageMark::Starred, marked).await
            }
            Self::DeleteMessage(marked) => {
                put_away::mark_messages(session, MessageMark::Trashed, marked).await
            }
            Self::Tag { name, threads, undo } => {
                put_away::tag(context, session, name, threads, undo).await
            }
            Self::Tags { drop } => put_away::tags(context, session, drop).await,
            Self::EmptyTrash { threads, yes } => {
                put_away::empty_trash(context, session, threads, yes).await
            }
            Self::Read { thread, peek } => letter::read(context, session, thread, peek).await,
            Self::Search { words, thread, newest, skip, limit } => {
                let words = search::quoted(&words);
                let order = if newest { SearchOrder::Newest } else { SearchOrder::Best };
                let asked = search::Asked { words, thread, order, skip, limit };
                search::search(context, session, asked).await
            }
            Self::Drafts => letter::drafts(context, session).await,
            Self::Send { to, subject, content } => {
                write::send(context, session, to, subject, content).await
            }
            Self::Resend { thread, discard, wait } => {
                write::resend(session, thread, discard, wait).await
            }
            Self::Forward { thread, to, wait } => {
                write::forward(context, session, thread, to, wait).await
            }
            Self::Reply { thread, content, discard_draft } => {
                write::reply(context, session, thread, content, discard_draft).await
            }
            Self::People { thread, strike, readmit } => {
                reader::people(context, session, thread, strike, readmit).await
            }
            Self::TakeIn { thread } => reader::take_in(session, thread).await,
            Self::JoinGroup { group } => group::join_group(context, session, group).await,
            Self::Save { thread, file, force } => save::save(session, thread, &file, force).await,
            Self::Check { save_to } => check::check(context, save_to).await,
            Self::Notify(asked) => notify::notify(context, session, asked).await,
            Self::Install { remove: false } => install::install(context).await,
            Self::Install { remove: true } => install::remove(),
            Self::Completions { shell } => Ok(install::completions(context, shell)),
            Self::Man { directory } => install::man(context, directory.as_deref()),
            Self::Url => app::url(context).await,
            Self::Stop => app::stop(context).await,
        }
    }
}
