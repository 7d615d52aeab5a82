//! Commands that put threads and single messages away: archive, delete, mute, pin, star, unread, and the
//! trash.

use mnm_engine::command::{
    Command as EngineCommand, MessageMark, ThreadFilter, ThreadMark, ThreadSort, ThreadView,
};
use mnm_engine::view::{Account, MessageState, Tag, ThreadId};
use serde_json::json;

use super::Context;
use super::option::{Listed, Marked, MarkedMessages};
use crate::{
    exit::{Exit, Failure},
    print::{Answer, inline, plural},
    session::{Session, ask},
};

/// Accents of the pages.
const ACCENTS: usize = 10;
/// Threads of the trash that are counted without more.
const COUNTED: u32 = 100;

impl Listed {
    /// The list that the options name, in an order.
    pub(super) fn filter(&self, sort: ThreadSort) -> ThreadFilter {
        let view = match self {
            Self { files: true, .. } => ThreadView::Files,
            Self { archive: true, .. } => ThreadView::Archive,
            Self { starred: true, .. } => ThreadView::Starred,
            Self { trash: true, .. } => ThreadView::Trash,
            Self { files: false, archive: false, starred: false, trash: false } => {
                ThreadView::Inbox
            }
        };
        ThreadFilter { view, sort, tag: None }
    }

    /// The options again, for a command to be typed.
    pub(super) fn options(&self) -> &'static str {
        match self {
            Self { files: true, .. } => " --files",
            Self { archive: true, .. } => " --archive",
            Self { starred: true, .. } => " --starred",
            Self { trash: true, .. } => " --trash",
            Self { files: false, archive: false, starred: false, trash: false } => "",
        }
    }
}

/// Marks threads, or takes the mark from them.
pub(super) async fn mark(
    session: &Session,
    mark: ThreadMark,
    marked: Marked,
) -> Result<Answer, Failure> {
    let Marked { threads, undo } = marked;
    let command = EngineCommand::MarkThreads { threads: threads.clone(), mark, on: !undo };
    let changed = ask!(session, command, Count);
    if changed == 0 {
        // One that does not exist is an error.
        for &thread in &threads {
            let _ =
                ask!(session, EngineCommand::Thread { thread, at: None, limit: Some(1) }, Thread);
        }
    }
    let text = match changed {
        0 => "Nothing changed: it was so already.".to_owned(),
        _ => format!("{} {}", plural(changed, "thread"), done(mark, !undo)),
    };
    Ok(Answer::new(&json!({ "changed": changed }), text))
}

/// What was done, behind a number of threads.
fn done(mark: ThreadMark, on: bool) -> &'static str {
    match (mark, on) {
        (ThreadMark::Archived, true) => {
            "archived. A new letter brings it back, unless it is muted."
        }
        (ThreadMark::Archived, false) => "back in the inbox.",
        (ThreadMark::Trashed, true) => {
            "in the trash for 30 days, then erased with its files. What others have stays with them."
        }
        (ThreadMark::Trashed, false) => "out of the trash.",
        (ThreadMark::Muted, true) => "muted: not counted as unread.",
        (ThreadMark::Muted, false) => "not muted any more.",
        (ThreadMark::Pinned, true) => "pinned to the top of the inbox.",
        (ThreadMark::Pinned, false) => "not pinned any more.",
        (ThreadMark::Starred, true) => "starred.",
        (ThreadMark::Starred, false) => "without a star.",
        (ThreadMark::Unread, true) => "unread again.",
        (ThreadMark::Unread, false) => "read.",
    }
}

/// Marks single messages, or takes the mark from them.
pub(super) async fn mark_messages(
    session: &Session,
    mark: MessageMark,
    marked: MarkedMessages,
) -> Result<Answer, Failure> {
    let MarkedMessages { messages, undo } = marked;
    let command = EngineCommand::MarkMessages { messages: messages.clone(), mark, on: !undo };
    let changed = ask!(session, command, Count);
    let mut text = String::new();
    if changed == 0 {
        // One that does not exist is an error, and one that has not left is not deleted.
        for &message in &messages {
            let asked = EngineCommand::AwaitSent { message, timeout_ms: 0 };
            let state = ask!(session, asked, Message).state;
            let is_here = matches!(state, MessageState::Received | MessageState::Sent);
            if mark == MessageMark::Trashed && !is_here {
                text = format!(
                    "Message {message} is not sent yet, so it is not deleted. `mnm resend` can give it up."
                );
            }
        }
        if text.is_empty() {
            text = "Nothing changed: it was so already.".to_owned();
        }
    } else {
        text = format!("{} {}", plural(changed, "message"), done_to_messages(mark, !undo));
    }
    Ok(Answer::new(&json!({ "changed": changed }), text))
}

/// What was done, behind a number of messages.
fn done_to_messages(mark: MessageMark, on: bool) -> &'static str {
    match (mark, on) {
        (MessageMark::Starred, true) => "starred.",
        (MessageMark::Starred, false) => "without a star.",
        (MessageMark::Trashed, true) => {
            "deleted here, erased in 30 days, files included. Everybody else's copy stays. To put back: --undo."
        }
        (MessageMark::Trashed, false) => "put back.",
    }
}

/// The tag of this name, in any case.
fn find<'a>(account: &'a Account, name: &str) -> Result<&'a Tag, Failure> {
    let same = |tag: &&Tag| tag.name.to_lowercase() == name.trim().to_lowercase();
    account.tags.iter().find(same).ok_or_else(|| {
        let why = format!("There is no tag {}. `mnm tags` lists them.", inline(name));
        Failure::new(Exit::NotFound, "not_found", why)
    })
}

/// Gives threads a tag, or takes it from them.
pub(super) async fn tag(
    context: &Context,
    session: &Session,
    name: String,
    threads: Vec<ThreadId>,
    undo: bool,
) -> Result<Answer, Failure> {
    let mut changed = 0;
    for (mut account, threads) in by_account(context, session, threads).await? {
        if !undo && find(&account, &name).is_err() {
            let accent = u8::try_from(account.tags.len() % ACCENTS).unwrap_or(0);
            let name = name.clone();
            let save = EngineCommand::SaveTag { account: account.id, tag: None, name, accent };
            account = ask!(session, save, Account);
        }
        let tag = find(&account, &name)?.id;
        changed += ask!(session, EngineCommand::TagThreads { threads, tag, on: !undo }, Count);
    }
    let text = format!("{} changed.", plural(changed, "thread"));
    Ok(Answer::new(&json!({ "changed": changed }), text))
}

/// Threads by the account that they are of: a tag belongs to one.
async fn by_account(
    context: &Context,
    session: &Session,
    threads: Vec<ThreadId>,
) -> Result<Vec<(Account, Vec<ThreadId>)>, Failure> {
    let mut accounts: Vec<_> =
        context.fitting(session).await?.into_iter().map(|account| (account, vec![])).collect();
    for thread in threads {
        let page = EngineCommand::Thread { thread, at: None, limit: Some(1) };
        let owner = ask!(session, page, Thread).row.account;
        if let Some((_, of)) = accounts.iter_mut().find(|(account, _)| account.id == owner) {
            of.push(thread);
        }
    }
    accounts.retain(|(_, threads)| !threads.is_empty());
    Ok(accounts)
}

/// Lists tags, or removes one.
pub(super) async fn tags(
    context: &Context,
    session: &Session,
    drop: Option<String>,
) -> Result<Answer, Failure> {
    let accounts = match drop {
        Some(name) => {
            let account = context.one(session).await?;
            let tag = find(&account, &name)?.id;
            let command = EngineCommand::DropTag { account: account.id, tag };
            vec![ask!(session, command, Account)]
        }
        None => context.fitting(session).await?,
    };
    let line = |account: &Account, tag: &Tag| match accounts.len() {
        1 => format!("{}\n", inline(&tag.name)),
        _ => format!("{}  {}\n", inline(&tag.name), inline(&account.service)),
    };
    let text: String = accounts
        .iter()
        .flat_map(|account| account.tags.iter().map(move |tag| line(account, tag)))
        .collect();
    let text = if text.is_empty() { "No tags.".to_owned() } else { text };
    let tags: Vec<&Tag> = accounts.iter().flat_map(|account| &account.tags).collect();
    Ok(Answer::new(&tags, text))
}

/// Erases what is in the trash, all of it or these threads; says first how much.
pub(super) async fn empty_trash(
    context: &Context,
    session: &Session,
    threads: Vec<ThreadId>,
    yes: bool,
) -> Result<Answer, Failure> {
    let account = context.chosen(session).await?;
    let threads = (!threads.is_empty()).then_some(threads);
    if yes {
        let erased = ask!(session, EngineCommand::EmptyTrash { account, threads }, Count);
        let text = format!("{} erased from this device.", plural(erased, "thread"));
        return Ok(Answer::new(&json!({ "erased": erased }), text));
    }
    let command = EngineCommand::Threads {
        account,
        filter: ThreadFilter { view: ThreadView::Trash, ..ThreadFilter::default() },
        with: None,
        before_ms: None,
        before: None,
        before_key: None,
        limit: Some(COUNTED),
    };
    let mut there = ask!(session, command, Threads);
    if let Some(threads) = &threads {
        there.retain(|row| threads.contains(&row.id));
    }
    let more = if there.len() < COUNTED as usize { "" } else { " or more" };
    Err(Failure::new(
        Exit::Usage,
        "unconfirmed",
        format!(
            "Nothing was erased. This would erase {}{more} from this device for good, with all files. What others have stays with them. To do it, add --yes.",
            plural(there.len() as u64, "thread")
        ),
    ))
}
