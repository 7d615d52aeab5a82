//! The list of threads: order, paging, counters, subjects.

use mnm_engine::command::ThreadSort;
use mnm_engine::vault::{Acked, DraftContent, IncomingAttachment, ThreadPlace, Upon};
use mnm_engine::view::{Link, MessageState};
use tmtp::id::Uid;

use crate::cast::{App, BOB, CAROL, names};

#[test]
fn messages_and_files_of_a_thread_are_counted() {
    let mut app = App::with_bob();
    let shown = |app: &App| {
        let rows = app.vault.threads(None, None, None).unwrap();
        rows.iter().map(|row| (row.count, row.attachments)).collect::<Vec<_>>()
    };
    let mut letter = app.letter(BOB, "Bob Jones", "with a file");
    let writer = app.vault.begin_blob().unwrap();
    let blob = app.vault.finish_blob(writer).unwrap();
    letter.attachments.push(IncomingAttachment { name: "a".into(), form: None, blob });
    let first = app.receive(&letter);
    let reply = app.reply(letter.msgid, BOB, "Bob Jones");
    app.receive(&reply);
    assert_eq!(shown(&app), [(2, true)]);

    // One of ours, with a file, taken back, and sent.
    let now = app.now();
    let content = DraftContent { text: "mine".into(), ..DraftContent::default() };
    let draft =
        app.vault.save_draft(Upon::Anything, None, app.account, Some(first.thread), &content, now);
    let draft = draft.unwrap().value.id;
    let writer = app.vault.begin_blob().unwrap();
    let blob = app.vault.finish_blob(writer).unwrap();
    let _ = app.vault.attach(draft, "b", blob, now).unwrap();
    let queued = app.vault.queue_draft(draft, None, now, 0).unwrap().value;
    assert_eq!(shown(&app), [(3, true)]);
    let draft = app.vault.unsend(queued.id, now).unwrap().value.id;
    assert_eq!(shown(&app), [(2, true)]);
    let _ = app.vault.drop_draft(draft, None).unwrap();

    // A letter of ours whose reply comes before its acknowledgement: both threads become one.
    let ours = app.queue(&["Bob Jones"], "our own");
    let (item, _) = app.next_post();
    let msgid = app.next_msgid();
    let mut early = app.reply(msgid, BOB, "Bob Jones");
    let writer = app.vault.begin_blob().unwrap();
    let blob = app.vault.finish_blob(writer).unwrap();
    early.attachments.push(IncomingAttachment { name: "c".into(), form: None, blob });
    app.receive(&early);
    let ack = Acked { msgid, posted_ms: app.now(), to: None };
    let _ = app.vault.outbox_sent(item.id, Some(&ack)).unwrap();
    let row = app.vault.thread(ours.thread).unwrap().row;
    assert_eq!((row.count, row.attachments), (2, true));
}

#[test]
fn paging_shows_every_thread_once_and_no_page_is_longer_than_asked_for() {
    let mut app = App::with_bob();
    let mut expected = Vec::new();
    for n in 0..23 {
        let mut letter = app.letter(BOB, "Bob Jones", &format!("letter {n}"));
        // Some share a millisecond.
        letter.posted_ms = 100_000 + i64::from(n / 7);
        expected.push(app.receive(&letter).thread);
    }
    expected.reverse();
    let mut seen = Vec::new();
    let mut before = None;
    loop {
        let page = app.vault.threads(Some(app.account), before, Some(4)).unwrap();
        let Some(last) = page.last() else { break };
        assert!(page.len() <= 4, "{}", page.len());
        before = Some(ThreadPlace::of(last, ThreadSort::Newest));
        seen.extend(page.iter().map(|row| row.id));
    }
    assert_eq!(seen, expected);
    assert!(app.vault.threads(Some(99), None, None).unwrap().is_empty());
}

#[test]
fn threads_of_one_person_are_found_among_many() {
    let mut app = App::with_bob();
    app.befriend(CAROL, "Carol Clay");
    let mut expected = Vec::new();
    for n in 0..12 {
        let (uid, alias) = if n % 3 == 0 { (CAROL, "Carol Clay") } else { (BOB, "Bob Jones") };
        let mut letter = app.letter(uid, alias, &format!("letter {n}"));
        letter.posted_ms = 100_000;
        let thread = app.receive(&letter).thread;
        if uid == CAROL {
            expected.insert(0, thread);
        }
    }
    let mut seen = Vec::new();
    let mut before = None;
    loop {
        let page =
            app.vault.threads_with(Some(app.account), &CAROL.into(), before, Some(3)).unwrap();
        let Some(last) = page.last() else { break };
        before = Some(ThreadPlace::of(last, ThreadSort::Newest));
        seen.extend(page.iter().map(|row| row.id));
    }
    assert_eq!(seen, expected);
    assert!(app.vault.threads_with(Some(99), &CAROL.into(), None, None).unwrap().is_empty());
    assert_eq!(
        app.vault.threads_with(None, &CAROL.into(), None, None).unwrap().len(),
        expected.len()
    );
}

#[test]
fn a_thread_begun_elsewhere_is_marked_until_its_subject_is_known() {
    let mut app = App::with_bob();
    let mut first = app.letter(BOB, "Bob Jones", "hello");
    first.subject = String::new();
    let shown = |app: &App, thread| {
        let row = app.vault.thread(thread).unwrap().row;
        (row.subject, row.begun_elsewhere)
    };
    let reply = app.reply(first.msgid, BOB, "Bob Jones");
    let thread = app.receive(&reply).thread;
    assert_eq!(shown(&app, thread), (String::new(), true));
    let mut named = app.reply(first.msgid, BOB, "Bob Jones");
    named.subject = "Garden".into();
    app.receive(&named);
    assert_eq!(shown(&app, thread), ("Garden".into(), false));
    // One that simply has none.
    let mut bare = app.letter(BOB, "Bob Jones", "bare");
    bare.subject = String::new();
    let bare = app.receive(&bare).thread;
    assert_eq!(shown(&app, bare), (String::new(), false));
}

#[test]
fn a_thread_row_shows_the_newest_message() {
    let mut app = App::with_bob();
    let mut letter = app.letter(BOB, "Bob Jones", "**First** words");
    letter.subject = "Garden".into();
    let first = app.receive(&letter);
    let mut reply = app.reply(letter.msgid, BOB, "Bob Jones");
    reply.subject = "Garden\u{202e} party".into();
    app.receive(&reply);
    let row = app.vault.thread(first.thread).unwrap().row;
    assert_eq!(row.subject, "Garden party");
    assert_eq!((row.count, row.unread), (2, 2));
    assert_eq!(row.snippet, "a reply");
    assert_eq!(row.last_from.alias, "Bob Jones");
    assert_eq!(row.state, None);
    assert_eq!(app.vault.account(app.account).unwrap().unread, 2);
}

#[test]
fn marking_read_clears_the_counters_once() {
    let mut app = App::with_bob();
    let letter = app.letter(BOB, "Bob Jones", "hello");
    let thread = app.receive(&letter).thread;
    let change = app.vault.mark_read(thread, None).unwrap();
    assert_eq!(names(&change.events), ["thread", "account"]);
    assert_eq!(app.vault.account(app.account).unwrap().unread, 0);
    assert!(app.vault.mark_read(thread, None).unwrap().events.is_empty());
}

#[test]
fn a_message_being_sent_shows_its_progress() {
    let mut app = App::with_bob();
    let message = app.queue(&["Bob Jones"], "hello");
    assert_eq!(message.state, MessageState::Queued);
    assert!(app.vault.set_progress(message.id, 1).unwrap().is_none());
    app.next_post();
    app.vault.set_progress(message.id, 3).unwrap().unwrap();
    let sending = MessageState::Sending { sent: 3, total: 5 };
    assert_eq!(app.message(message.id).state, sending);
    app.send_next();
    assert_eq!(app.message(message.id).state, MessageState::Sent);
    assert!(app.vault.set_progress(message.id, 4).unwrap().is_none());
}

#[test]
fn link_and_presence_live_in_memory() {
    let mut app = App::with_bob();
    let account = app.account;
    assert_eq!(app.vault.account(account).unwrap().link, Link::Connecting);
    app.vault.set_link(account, Link::Online { since_ms: 7 }).unwrap();
    assert_eq!(app.vault.state("1").unwrap().accounts[0].link, Link::Online { since_ms: 7 });

    let online = |app: &mut App, uids: &[Uid]| {
        let changes = app.vault.changes_of_online(account, uids);
        app.vault.set_some_online(account, &changes).unwrap()
    };
    assert_eq!(names(&online(&mut app, &[BOB.to_owned().into()])), ["contact"]);
    assert!(app.vault.contacts(None).unwrap()[0].online);
    assert!(app.vault.set_online(account, &BOB.into(), true).unwrap().is_none());
    assert_eq!(online(&mut app, &[BOB.to_owned().into()]), []);
    assert_eq!(online(&mut app, &[]).len(), 1);
    let app = app.restart();
    assert!(!app.vault.contacts(None).unwrap()[0].online);
}
