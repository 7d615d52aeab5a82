//! Commands for reading: threads, one thread, drafts.

use std::cmp::Reverse;

use mnm_engine::{
    command::{Command as EngineCommand, Place},
    vault::ThreadPlace,
    view::{
        Account, AccountId, Draft, Message, MessageRowId, MessageState, Party, PartyKind, Thread,
        ThreadId, ThreadRow,
    },
};

use super::option::{Listed, Order};
use super::{Context, reader};
use crate::{
    exit::Failure,
    print::{Answer, Look, Table, inline, plural, short, size},
    session::{Session, ask},
};

/// Messages of a thread per request, the most that are allowed.
const PAGE_ROWS: u32 = 200;
/// Messages marked per request, the most that are allowed.
const MARKED_ROWS: usize = 1_000;
/// Threads of the inbox per request, the most that are allowed.
const INBOX_ROWS: u32 = 100;

/// Which threads are listed.
pub(super) struct Asked {
    pub(super) listed: Listed,
    pub(super) sort: Order,
    pub(super) unread: bool,
    pub(super) limit: usize,
    pub(super) before: Option<ThreadId>,
}

pub(super) async fn inbox(
    context: &Context,
    session: &Session,
    asked: &Asked,
) -> Result<Answer, Failure> {
    let &Asked { ref listed, sort, unread, .. } = asked;
    let (threads, more) = threads(context, session, asked).await?;
    let (accounts, damaged) = accounts_and_damage(session).await?;
    let service = |thread: &ThreadRow| {
        let of = accounts.iter().find(|account| account.id == thread.account);
        of.map(|account| {
            let service = inline(&account.service);
            // The distinguishing part is at its end.
            if account.service == account.name { short(&service) } else { service }
        })
        .unwrap_or_default()
    };
    let mut table =
        Table::new(&context.look, ["THREAD", "SERVICE", "FROM", "SUBJECT", "MESSAGES", "LAST"]);
    for thread in &threads {
        table.row([
            thread.id.to_string(),
            service(thread),
            party(&thread.last_from),
            as_read(&context.look, thread, short(&subject(thread))),
            counts(&context.look, thread),
            format!(
                "{}{}",
                context.look.time(thread.last_at_ms),
                state_mark(thread.state.as_ref())
            ),
        ]);
    }
    let none = match (unread, damaged) {
        (true, _) => "Nothing unread.\n",
        (false, true) => "No letters can be read.\n",
        (false, false) if listed.options().is_empty() => "No letters yet.\n",
        (false, false) => "None.\n",
    };
    let mut text = table.text(none);
    if let Some(last) = threads.last().filter(|_| more) {
        let unread = if unread { " --unread" } else { "" };
        let (list, order) = (listed.options(), sort.option());
        let what = if sort == Order::Newest { "older ones" } else { "more" };
        text.push_str(&format!(
            "There are {what}: mnm inbox{list}{order}{unread} --before {}\n",
            last.id
        ));
    }
    if damaged {
        text.push_str(super::account::DAMAGED);
    }
    Ok(Answer::new(&threads, text))
}

/// The accounts, and whether something damaged was skipped.
async fn accounts_and_damage(session: &Session) -> Result<(Vec<Account>, bool), Failure> {
    let state = ask!(session, EngineCommand::State, State);
    Ok((state.accounts, state.damaged))
}

/// Threads from page to page until there are enough, and whether there are more.
async fn threads(
    context: &Context,
    session: &Session,
    asked: &Asked,
) -> Result<(Vec<ThreadRow>, bool), Failure> {
    let &Asked { ref listed, sort, unread, limit, before } = asked;
    let account = context.chosen(session).await?;
    let sort = sort.sort();
    let mut place = match before {
        Some(thread) => {
            let ask = EngineCommand::Thread { thread, at: None, limit: Some(1) };
            Some(ThreadPlace::of(&ask!(session, ask, Thread).row, sort))
        }
        None => None,
    };
    let mut threads = Vec::new();
    loop {
        let command = EngineCommand::Threads {
            account,
            filter: listed.filter(sort),
            with: None,
            before_ms: place.as_ref().map(|place| place.at_ms),
            before: place.as_ref().map(|place| place.id),
            before_key: place.map(|place| place.key),
            limit: Some(INBOX_ROWS),
        };
        let page = ask!(session, command, Threads);
        // Pinned threads come beyond the limit of the first page: then there is one more to ask for.
        let complete = page.len() < INBOX_ROWS as usize;
        place = page.last().map(|row| ThreadPlace::of(row, sort));
        threads.extend(page.into_iter().filter(|thread| !unread || thread.unread > 0));
        if complete || threads.len() >= limit {
            let more = !complete || threads.len() > limit;
            threads.truncate(limit);
            return Ok((threads, more));
        }
    }
}

fn subject(thread: &ThreadRow) -> String {
    match thread.subject.as_str() {
        "" if thread.begun_elsewhere => "(its first letter is not on this device)".to_owned(),
        "" => "(no subject)".to_owned(),
        subject => inline(subject),
    }
}

/// The note about a thread, highlighted while it has unread messages.
fn as_read(look: &Look, thread: &ThreadRow, text: String) -> String {
    if thread.unread > 0 { look.bold(text) } else { text }
}

fn counts(look: &Look, thread: &ThreadRow) -> String {
    let marks = [
        (thread.attachments, " +files"),
        (thread.pinned, " +pinned"),
        (thread.starred, " +star"),
        (thread.muted, " +muted"),
    ];
    let marks: String = marks.iter().filter(|(has, _)| *has).map(|(_, mark)| *mark).collect();
    match thread.unread {
        0 => format!("{}{marks}", thread.count),
        unread => format!("{} ({}){marks}", thread.count, look.bold(format!("{unread} new"))),
    }
}

/// The note about a message of ours that is not simply sent.
fn state_mark(state: Option<&MessageState>) -> String {
    match state {
        None | Some(MessageState::Received | MessageState::Sent) => String::new(),
        Some(MessageState::Queued | MessageState::Held { .. }) => ", queued".to_owned(),
        Some(MessageState::Sending { sent, total }) => {
            format!(", sending {} of {}", size(*sent), size(*total))
        }
        Some(MessageState::Failed { error }) => format!(", not sent: {}", inline(error)),
    }
}

/// A name as this app knows it. The mark of a stranger is outside the name, where no sender can
/// write.
pub(super) fn party(party: &Party) -> String {
    let name = if party.alias.is_empty() { party.uid.as_str() } else { &party.alias };
    let name = inline(name);
    match party.kind {
        PartyKind::Me => "you".to_owned(),
        PartyKind::Contact => name,
        PartyKind::Stranger => format!("{name} (not in your address book)"),
        PartyKind::Claimed => format!("{name} (not confirmed)"),
        PartyKind::Group => format!("{name} (group)"),
        PartyKind::Service => format!("{name} (the service itself)"),
    }
}

pub(super) async fn read(
    context: &Context,
    session: &Session,
    id: ThreadId,
    peek: bool,
) -> Result<Answer, Failure> {
    let thread = whole_thread(session, id).await?;
    let (accounts, damaged) = accounts_and_damage(session).await?;
    let service = accounts.iter().find(|account| account.id == thread.row.account);
    let service = service.map(|account| inline(&account.service)).unwrap_or_default();
    let mut text = thread_text(&context.look, &service, &thread);
    if damaged {
        text.push_str(&format!("\n{}", super::account::DAMAGED));
    }
    if !peek && let Err(failure) = mark_read(session, &thread).await {
        // It is readable all the same.
        text.push_str(&format!("\nNot marked as read: {}\n", failure.message));
    }
    Ok(Answer::new(&thread, text))
}

/// A thread with all its messages, fetched a page at a time from its end.
pub(super) async fn whole_thread(session: &Session, id: ThreadId) -> Result<Thread, Failure> {
    let page = |at| EngineCommand::Thread { thread: id, at, limit: Some(PAGE_ROWS) };
    let mut thread = ask!(session, page(None), Thread);
    let mut later = Vec::new();
    while let Some(first) = thread.messages.first().filter(|_| thread.older) {
        let older = ask!(session, page(Some(Place::Before(first.id))), Thread);
        later.push(std::mem::replace(&mut thread.messages, older.messages));
        thread.older = older.older;
    }
    thread.messages.extend(later.into_iter().rev().flatten());
    Ok(thread)
}

/// Marks what is shown as read, and nothing that arrived meanwhile.
async fn mark_read(session: &Session, thread: &Thread) -> Result<(), Failure> {
    let unread: Vec<MessageRowId> =
        thread.messages.iter().filter(|message| message.unread).map(|message| message.id).collect();
    for messages in unread.chunks(MARKED_ROWS) {
        let mark =
            EngineCommand::MarkRead { thread: thread.row.id, messages: Some(messages.to_vec()) };
        session.done(mark).await?;
    }
    Ok(())
}

fn thread_text(look: &Look, service: &str, thread: &Thread) -> String {
    let mut with: Vec<String> = thread.row.parties.iter().map(party).collect();
    let more = thread.row.readers.saturating_sub(with.len() as u64);
    if more > 0 {
        with.push(format!("{more} more"));
    }
    let mut text =
        format!(
            "{}\n{}\n",
            as_read(look, &thread.row, look.line(0, &subject(&thread.row))),
            look.dim(look.line(
                0,
                &format!("thread {} on {service}, with {}", thread.row.id, with.join(", "))
            ))
        );
    for message in &thread.messages {
        let number = look.dim(format!(", message {}", message.id));
        let star = if message.starred { " +star" } else { "" };
        text.push_str(&format!("\n{}{number}{star}\n", headline(look, message)));
        text.push_str(&body(look, message, &thread.row.subject));
    }
    if let Some(closed) = reader::closed(thread.row.id, &thread.row.may_reply) {
        text.push_str(&format!("\n{}\n", look.dim(closed)));
    }
    if let Some(other) = thread.row.belongs_to {
        let belongs = format!(
            "It says that it belongs to thread {other}, whose readers its author is not known to be among. To put it there: mnm take-in {}",
            thread.row.id
        );
        text.push_str(&format!("\n{}\n", look.dim(belongs)));
    }
    if thread.draft.is_some() {
        text.push_str(&format!("\n{}\n", look.dim("There is an unsent reply in this thread.")));
    }
    text
}

/// One message: our line above, then the sender's text behind a bar; its subject only if it differs
/// from the thread's.
pub(super) fn message_text(look: &Look, message: &Message, subject: &str) -> String {
    format!("{}\n{}", headline(look, message), body(look, message, subject))
}

fn headline(look: &Look, message: &Message) -> String {
    let new = if message.unread { look.bold(" new") } else { String::new() };
    format!(
        "{}  {}{}{new}",
        look.bold(look.line(0, &party(&message.from))),
        look.dim(look.time(message.at_ms)),
        state_mark(Some(&message.state)),
    )
}

fn body(look: &Look, message: &Message, subject: &str) -> String {
    if message.trashed_ms.is_some() {
        return format!(
            "  (deleted; erased 30 days later. To put it back: mnm delete-message {} --undo)\n",
            message.id
        );
    }
    let mut text = String::new();
    if let Some(forwarded) = &message.forwarded {
        let by = party(&forwarded.by);
        text.push_str(&format!("  forwarded by {by}; the author has not confirmed it yet\n"));
    }
    if !message.subject.is_empty() && message.subject != subject {
        text.push_str(&format!(
            "  │ {}\n",
            look.bold(look.block(&inline(&message.subject), "  │ "))
        ));
    }
    if !message.text.is_empty() {
        text.push_str(&format!("  │ {}\n", look.block(&message.text, "  │ ")));
    }
    for left in not_reached(message) {
        text.push_str(&format!("  ! {left}\n"));
    }
    for file in &message.attachments {
        let form = match &file.form {
            None => String::new(),
            Some(form) if !form.filled => "form, ".to_owned(),
            Some(form) if form.name.is_empty() => "filled form, ".to_owned(),
            Some(form) => format!("filled form of {}, ", inline(&form.name)),
        };
        text.push_str(&format!("  + {} ({form}{})\n", inline(&file.name), size(file.size)));
    }
    for name in &message.lost_files {
        text.push_str(&format!("  - {} (lost when the store was damaged)\n", inline(name)));
    }
    for name in message.forwarded.iter().flat_map(|forwarded| &forwarded.files) {
        text.push_str(&format!("  - {} (not sent along)\n", inline(name)));
    }
    let more = message.forwarded.as_ref().map_or(0, |forwarded| forwarded.more_files);
    if more > 0 {
        text.push_str(&format!("  - and {more} more (not sent along)\n"));
    }
    text
}

/// Recipients that the service could not reach, a line each.
pub(super) fn not_reached(message: &Message) -> Vec<String> {
    let left_out = message.left_out.iter();
    let mut lines: Vec<String> = left_out
        .map(|left| format!("not delivered to {}: {}", party(&left.party), inline(&left.reason)))
        .collect();
    if message.more_left_out > 0 {
        lines.push(format!("not delivered to {}", plural(message.more_left_out, "other")));
    }
    lines
}

/// All pages of the list, last changed first.
async fn all_drafts(session: &Session, account: Option<AccountId>) -> Result<Vec<Draft>, Failure> {
    let mut all: Vec<Draft> = Vec::new();
    loop {
        let before = all.last().map(|draft| draft.id);
        let mut page = ask!(session, EngineCommand::Drafts { account, before }, Drafts);
        // A running app of an older version returns all of them each time.
        page.retain(|draft| before.is_none_or(|before| draft.id < before));
        if page.is_empty() {
            break;
        }
        all.append(&mut page);
    }
    all.sort_by_key(|draft| Reverse((draft.updated_ms, draft.id)));
    Ok(all)
}

pub(super) async fn drafts(context: &Context, session: &Session) -> Result<Answer, Failure> {
    let account = context.chosen(session).await?;
    let drafts = all_drafts(session, account).await?;
    let mut table =
        Table::new(&context.look, ["DRAFT", "ACCOUNT", "TO", "SUBJECT", "FILES", "CHANGED"]);
    for draft in &drafts {
        let to = match draft.thread {
            Some(thread) => format!("thread {thread}"),
            None => draft.to.iter().map(|to| inline(to)).collect::<Vec<_>>().join(", "),
        };
        table.row([
            draft.id.to_string(),
            draft.account.to_string(),
            to,
            inline(&draft.subject),
            draft.attachments.len().to_string(),
            context.look.time(draft.updated_ms),
        ]);
    }
    Ok(Answer::new(&drafts, table.text("No drafts.")))
}
