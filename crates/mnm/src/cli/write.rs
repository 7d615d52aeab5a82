//! Commands for writing: new letters and replies, with attachments, until the service has them.
//!
//! A letter is first a draft, then a message in the outbox, then acknowledged. If something fails
//! before it is in the outbox the draft is deleted; from then on it is safe whatever happens to
//! this process.

use std::{
    fs::Metadata,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use mnm_engine::{
    command::Command as EngineCommand,
    view::{DraftId, ForwardState, Message, MessageRowId, MessageState, ThreadId},
};
use serde_json::json;
use tokio::fs::File;

use super::run::QUEUED;
use super::{Content, Context, Wait, letter, reader, recipient};
use crate::{
    exit::{Exit, Failure},
    print::{Answer, inline, plural},
    session::{Session, ask},
};

/// Longest text read from standard input, bytes: the most that a letter carries.
const TEXT_MAX: u64 = 256 * 1024;

pub(super) async fn send(
    context: &Context,
    session: &Session,
    to: Vec<String>,
    subject: String,
    content: Content,
) -> Result<Answer, Failure> {
    let account = context.one(session).await?;
    let (text, files) = (content.text()?, content.open().await?);
    let to = recipient::named(context, session, account.id, &to).await?;
    let save = EngineCommand::SaveDraft {
        draft: None,
        account: account.id,
        thread: None,
        to,
        subject,
        text,
        version: None,
        leaving: false,
    };
    finish(session, save, files, content.wait).await
}

pub(super) async fn reply(
    context: &Context,
    session: &Session,
    id: ThreadId,
    content: Content,
    discard_draft: bool,
) -> Result<Answer, Failure> {
    let (text, files) = (content.text()?, content.open().await?);
    let look = EngineCommand::Thread { thread: id, at: None, limit: Some(1) };
    let mut thread = ask!(session, look.clone(), Thread);
    if !context.offline && reader::is_closed_by_groups(&thread.row.may_reply) {
        // Somebody may have joined, or the member been invited, meanwhile.
        session.settle().await?;
        thread = ask!(session, look, Thread);
    }
    if let Some(draft) = thread.draft {
        if !discard_draft {
            let why = "This thread has an unsent reply, which would be lost. Send it from the \
                       pages, or discard it with --discard-draft.";
            return Err(Failure::new(Exit::Failed, "refused", why));
        }
        drop_draft(session, draft.id).await?;
    }
    let save = EngineCommand::SaveDraft {
        draft: None,
        account: thread.row.account,
        thread: Some(id),
        to: Vec::new(),
        subject: String::new(),
        text,
        version: None,
        leaving: false,
    };
    finish(session, save, files, content.wait).await
}

pub(super) async fn forward(
    context: &Context,
    session: &Session,
    thread: ThreadId,
    to: Vec<String>,
    wait: Wait,
) -> Result<Answer, Failure> {
    let look = EngineCommand::Thread { thread, at: None, limit: Some(1) };
    let account = ask!(session, look, Thread).row.account;
    let to = recipient::named(context, session, account, &to).await?;
    let command = EngineCommand::Forward { thread, to, timeout_ms: wait.seconds * 1000 };
    let state = ask!(session, command, Forward);
    Ok(match state {
        ForwardState::Sent => Answer::new(
            &state,
            "Forwarded. Its authors post their letters again to whoever is new, with their files, where their \
             apps know that you have had them; the others stay marked as not confirmed.",
        ),
        ForwardState::Queued => Answer::new(&state, QUEUED).with_exit(Exit::Queued),
        ForwardState::Failed => {
            let why =
                format!("Not forwarded: the service refused it. `mnm read {thread}` says why.");
            Answer::new(&state, why).with_exit(Exit::Failed)
        }
    })
}

impl Content {
    /// The text argument, or standard input.
    fn text(&self) -> Result<String, Failure> {
        match self.text.as_deref() {
            Some("-") => read_text(),
            Some(text) => Ok(text.to_owned()),
            None if !self.attach.is_empty() => Ok(String::new()),
            None => Err(Failure::usage(
                "Nothing to send. Give a TEXT, `-` to read it from standard input, or --attach.",
            )),
        }
    }

    /// Opens all files before anything is written, so that a wrong name has no effect.
    async fn open(&self) -> Result<Vec<Chosen>, Failure> {
        let mut files = Vec::new();
        for path in &self.attach {
            files.push(Chosen::open(path).await?);
        }
        Ok(files)
    }
}

/// A file to attach, as it was when the command started.
struct Chosen {
    path: PathBuf,
    file: File,
    about: Metadata,
}

impl Chosen {
    async fn open(path: &Path) -> Result<Self, Failure> {
        let failed = |error| Failure::io(format_args!("Can't attach {}", path.display()), &error);
        // Checked before opening: opening a pipe waits for a writer.
        let before = tokio::fs::metadata(path).await.map_err(failed)?;
        only_file(path, &before)?;
        let file = File::open(path).await.map_err(failed)?;
        let about = file.metadata().await.map_err(failed)?;
        only_file(path, &about)?;
        Ok(Self { path: path.to_owned(), file, about })
    }

    /// Its length, if known: some files of the system have more bytes than they say.
    fn size(&self) -> Option<u64> {
        (self.about.len() > 0).then_some(self.about.len())
    }

    /// Attaches it, if it did not change while it was read.
    async fn attach(self, session: &Session, draft: DraftId) -> Result<(), Failure> {
        let name = self.path.file_name().map(|name| name.to_string_lossy().into_owned());
        let (size, reading) = (self.size(), self.file.try_clone().await);
        let reading = reading.map_err(|error| self.unreadable(&error))?;
        let attached =
            session.attach(draft, name.as_deref().unwrap_or("file"), size, reading).await;
        if size.is_some() && !self.is_unchanged().await {
            let why = format!(
                "Can't attach {}: it was changed or removed while it was read. Nothing was sent; \
                 try again when nothing writes to it any more.",
                self.path.display()
            );
            return Err(Failure::new(Exit::Failed, "changed", why));
        }
        attached.map(drop)
    }

    fn unreadable(&self, error: &io::Error) -> Failure {
        Failure::io(format_args!("Can't attach {}", self.path.display()), error)
    }

    async fn is_unchanged(&self) -> bool {
        let Ok(now) = self.file.metadata().await else { return false };
        now.len() == self.about.len()
            && now.modified().ok() == self.about.modified().ok()
            && tokio::fs::try_exists(&self.path).await.unwrap_or(false)
    }
}

/// Refuses devices, sockets, pipes and directories.
fn only_file(path: &Path, about: &Metadata) -> Result<(), Failure> {
    if about.is_file() {
        return Ok(());
    }
    let what = if about.is_dir() {
        "a directory. Attach the files in it, or an archive of it"
    } else {
        "not a file but a pipe, a socket or a device. Write what comes from it to a file, and attach that"
    };
    let why = format!("Can't attach {}: it is {what}. Nothing was sent.", path.display());
    Err(Failure::new(Exit::Failed, "io", why))
}

fn read_text() -> Result<String, Failure> {
    let mut bytes = Vec::new();
    io::stdin()
        .lock()
        .take(TEXT_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::io("Can't read the text from standard input", &error))?;
    if bytes.len() as u64 > TEXT_MAX {
        let why = "The text is longer than 256 KiB. Send it as a file: --attach FILE";
        return Err(Failure::new(Exit::Failed, "too_large", why));
    }
    String::from_utf8(bytes).map_err(|_| {
        let why = "The text on standard input is not UTF-8. Send it as a file: --attach FILE";
        Failure::new(Exit::Failed, "invalid", why)
    })
}

/// Draft, attachments, outbox, and the wait for the service.
async fn finish(
    session: &Session,
    save: EngineCommand,
    files: Vec<Chosen>,
    wait: Wait,
) -> Result<Answer, Failure> {
    let draft = ask!(session, save, Draft).id;
    let message = match queue(session, draft, files).await {
        Ok(message) => message,
        Err(failure) => {
            // The first failure is the one to report.
            let _ = drop_draft(session, draft).await;
            return Err(failure);
        }
    };
    let (message, text, exit) = became(session, message.id, wait).await?;
    Ok(Answer::new(&message, text).with_exit(exit))
}

/// Queues refused letters of a thread again, or discards them.
pub(super) async fn resend(
    session: &Session,
    id: ThreadId,
    discard: bool,
    wait: Wait,
) -> Result<Answer, Failure> {
    let thread = letter::whole_thread(session, id).await?;
    let refused = thread.messages.iter();
    let refused: Vec<_> =
        refused.filter(|message| matches!(message.state, MessageState::Failed { .. })).collect();
    if refused.is_empty() {
        let why = format!("Thread {id} has no letter that was refused. Nothing was done.");
        return Err(Failure::new(Exit::NotFound, "not_found", why));
    }
    if discard {
        for message in &refused {
            let draft = ask!(session, EngineCommand::Unsend { message: message.id }, Draft);
            drop_draft(session, draft.id).await?;
        }
        let text = format!("Discarded: {}.", plural(refused.len() as u64, "letter"));
        return Ok(Answer::new(&json!({ "discarded": refused.len() }), text));
    }
    for message in &refused {
        ask!(session, EngineCommand::Retry { message: message.id }, Message);
    }
    let (mut messages, mut texts, mut exit) = (Vec::new(), Vec::new(), Exit::Ok);
    for message in &refused {
        let (message, text, of_one) = became(session, message.id, wait).await?;
        messages.push(message);
        texts.push(text);
        if of_one != Exit::Ok {
            exit = of_one;
        }
    }
    Ok(Answer::new(&messages, texts.join("\n")).with_exit(exit))
}

/// The state of a message when the wait ends, and in words.
async fn became(
    session: &Session,
    message: MessageRowId,
    wait: Wait,
) -> Result<(Message, String, Exit), Failure> {
    let timeout_ms = wait.seconds * 1000;
    let message = ask!(session, EngineCommand::AwaitSent { message, timeout_ms }, Message);
    let (text, exit) = match &message.state {
        MessageState::Failed { error } => (format!("Not sent: {}", inline(error)), Exit::Failed),
        MessageState::Queued | MessageState::Held { .. } | MessageState::Sending { .. } => {
            (QUEUED.to_owned(), Exit::Queued)
        }
        MessageState::Sent | MessageState::Received => {
            let missed = letter::not_reached(&message);
            let sent = if missed.is_empty() { "Sent" } else { "Sent, but not to all" };
            let mut text = format!("{sent}. It is in thread {}.", message.thread);
            for line in missed {
                text.push_str(&format!("\n  ! {line}"));
            }
            (text, Exit::Ok)
        }
    };
    Ok((message, text, exit))
}

async fn queue(session: &Session, draft: DraftId, files: Vec<Chosen>) -> Result<Message, Failure> {
    for file in files {
        file.attach(session, draft).await?;
    }
    Ok(ask!(session, EngineCommand::Send { draft, version: None, hold_ms: None }, Message))
}

async fn drop_draft(session: &Session, draft: DraftId) -> Result<(), Failure> {
    session.command(EngineCommand::DropDraft { draft, version: None }).await.map(drop)
}
