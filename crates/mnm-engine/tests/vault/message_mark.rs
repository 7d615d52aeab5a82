//! Single messages with a star, in the trash, and erased.

use mnm_engine::command::{MessageMark, ThreadFilter, ThreadMark, ThreadView};
use mnm_engine::vault::IncomingAttachment;
use mnm_engine::view::{MessageRowId, ThreadId};

use crate::cast::{App, BOB, CAROL, names};

const DAY_MS: i64 = 24 * 3_600_000;

fn mark(app: &mut App, messages: &[MessageRowId], mark: MessageMark, on: bool) -> u64 {
    let now = app.now();
    app.vault.mark_messages(messages, mark, on, now).unwrap().value.count
}

fn starred(app: &App) -> Vec<ThreadId> {
    let filter = ThreadFilter { view: ThreadView::Starred, ..ThreadFilter::default() };
    app.vault.threads_in(None, &filter, None, None).unwrap().iter().map(|row| row.id).collect()
}

/// A thread of two letters of Bob's.
fn thread(app: &mut App) -> (ThreadId, [MessageRowId; 2]) {
    let first = app.letter(BOB, "Bob Jones", "the first");
    let one = app.receive(&first);
    let mut second = app.reply(first.msgid, BOB, "Bob Jones");
    second.text = "the second".into();
    (one.thread, [one.id, app.receive(&second).id])
}

fn found(app: &App, words: &str) -> Vec<MessageRowId> {
    app.vault.search(None, words, None).unwrap().iter().map(|hit| hit.message).collect()
}

#[test]
fn a_starred_message_lists_its_thread_as_starred() {
    let mut app = App::with_bob();
    let (thread, [first, second]) = thread(&mut app);
    let now = app.now();
    let marked = app.vault.mark_messages(&[first, second, 999], MessageMark::Starred, true, now);
    let marked = marked.unwrap();
    assert_eq!(marked.value.count, 2);
    assert_eq!(names(&marked.events), ["thread", "message", "message", "account"]);
    assert_eq!(mark(&mut app, &[first], MessageMark::Starred, true), 0, "it has one");
    let page = app.vault.thread(thread).unwrap();
    assert_eq!((page.row.stars, page.row.starred), (2, false));
    assert!(page.messages.iter().all(|message| message.starred));
    assert_eq!((starred(&app), found(&app, "is:starred first")), (vec![thread], vec![first]));
    mark(&mut app, &[first], MessageMark::Starred, false);
    assert_eq!((starred(&app), found(&app, "is:starred")), (vec![thread], vec![second]));
    mark(&mut app, &[second], MessageMark::Trashed, true);
    assert!(starred(&app).is_empty(), "what is in the trash stars nothing");
    mark(&mut app, &[second], MessageMark::Trashed, false);
    assert_eq!(starred(&app), [thread]);
    app.vault.check().unwrap();
}

#[test]
fn a_message_in_the_trash_is_read_and_found_only_there() {
    let mut app = App::with_bob();
    let (thread, [first, second]) = thread(&mut app);
    let now = app.now();
    let trashed = app.vault.mark_messages(&[second], MessageMark::Trashed, true, now).unwrap();
    assert_eq!((trashed.value.count, trashed.value.told), (1, vec![app.account]));
    let page = app.vault.thread(thread).unwrap();
    assert_eq!((page.row.unread, page.row.snippet.as_str()), (1, "the first"));
    assert_eq!(page.messages[1].trashed_ms, Some(now), "it keeps its place");
    assert_eq!((found(&app, "the"), found(&app, "in:trash the")), (vec![first], vec![second]));
    let in_thread = mnm_engine::vault::SearchArgs {
        thread: Some(thread),
        words: "the".into(),
        ..mnm_engine::vault::SearchArgs::default()
    };
    assert_eq!(app.vault.search_all(&in_thread).unwrap().len(), 1);
    // Also the last of them leaves a line, without its text.
    mark(&mut app, &[first], MessageMark::Trashed, true);
    assert_eq!(app.vault.thread(thread).unwrap().row.snippet, "");
    assert_eq!(mark(&mut app, &[first, second], MessageMark::Trashed, false), 2);
    let mut both = found(&app, "the");
    both.sort_unstable();
    assert_eq!(both, [first, second]);
}

#[test]
fn what_is_not_sent_yet_is_not_put_into_the_trash() {
    let mut app = App::with_bob();
    let (thread, _) = thread(&mut app);
    let queued = app.queue_reply(thread, "on its way").unwrap().id;
    assert_eq!(mark(&mut app, &[queued], MessageMark::Trashed, true), 0);
    app.send_next();
    assert_eq!(mark(&mut app, &[queued], MessageMark::Trashed, true), 1);
}

#[test]
fn a_forwarded_thread_comes_without_what_is_in_the_trash() {
    let mut app = App::with_bob();
    app.befriend(CAROL, "Carol Clay");
    let (thread, [first, _]) = thread(&mut app);
    mark(&mut app, &[first], MessageMark::Trashed, true);
    let now = app.now();
    let to = ["Carol Clay".to_owned()];
    let mut copying = app.vault.begin_copy(thread, &to, now).unwrap();
    let mut copy = Vec::new();
    loop {
        let (some, more) = app.vault.copy_slice(&mut copying).unwrap();
        copy.extend(some);
        if !more {
            break;
        }
    }
    let copy = String::from_utf8_lossy(&copy);
    assert!(copy.contains("the second") && !copy.contains("the first"), "{copy}");
}

#[test]
fn after_thirty_days_a_message_is_erased_with_its_files() {
    let mut app = App::with_bob();
    let mut letter = app.letter(BOB, "Bob Jones", "with a file");
    letter.subject = "Oars".into();
    let mut writer = app.vault.begin_blob().unwrap();
    app.vault.append_blob(&mut writer, b"bytes").unwrap();
    let blob = app.vault.finish_blob(writer).unwrap();
    letter.attachments.push(IncomingAttachment { name: "a".into(), form: None, blob });
    let first = app.receive(&letter);
    let reply = app.reply(letter.msgid, BOB, "Bob Jones");
    let second = app.receive(&reply);
    let file = app.vault.message(first.id).unwrap().attachments[0].id;
    let trashed_ms = 1_000_000;
    let _ = app.vault.mark_messages(&[first.id], MessageMark::Trashed, true, trashed_ms).unwrap();
    let due_ms = trashed_ms + 30 * DAY_MS;
    let none = app.vault.erase_messages(due_ms - 1, 0).unwrap();
    assert!(none.events.is_empty());
    let erased = app.vault.erase_messages(due_ms, 0).unwrap();
    assert_eq!(names(&erased.events), ["message_gone", "thread", "account"]);
    assert!(app.vault.message(first.id).is_err() && app.vault.attachment(file).is_err());
    let row = app.vault.thread(second.thread).unwrap().row;
    assert_eq!((row.count, row.attachments, row.subject.as_str()), (1, false, "Oars"));
    // What the service delivers once more is dropped; an answer still comes into the thread.
    assert!(app.vault.is_known(app.account, letter.msgid).unwrap());
    let answer = app.reply(letter.msgid, BOB, "Bob Jones");
    assert_eq!(app.receive(&answer).thread, second.thread);
    while app.vault.tidy().value {}
    app.vault.check().unwrap();
}

#[test]
fn a_thread_goes_with_its_last_message() {
    let mut app = App::with_bob();
    let (thread, messages) = thread(&mut app);
    let _ = app.vault.mark_messages(&messages, MessageMark::Trashed, true, 1_000).unwrap();
    let now = app.now();
    let _ = app.vault.mark_threads(&[thread], ThreadMark::Starred, true, now).unwrap();
    let erased = app.vault.erase_messages(1_000 + 30 * DAY_MS, 0).unwrap();
    assert!(names(&erased.events).contains(&"thread_gone"), "{:?}", erased.events);
    assert!(app.vault.thread(thread).is_err());
    app.vault.check().unwrap();
}
