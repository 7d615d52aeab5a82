//! Tests of paging: a thread a page at a time, and what was seen of it.

use mnm_engine::command::Place;
use mnm_engine::vault::{ForwardedLetter, IncomingForward};
use mnm_engine::view::{MessageRowId, Thread, ThreadId};
use tmtp::id::MessageId;
use tmtp::letter::Attach;

use crate::cast::{App, BOB, CAROL, names};

const MIB: usize = 1 << 20;

/// A thread of Bob's with so many messages, three to a millisecond; the ids in their order.
fn long(app: &mut App, count: usize) -> (ThreadId, Vec<MessageRowId>) {
    texts(app, (0..count).map(|n| format!("message {n}")))
}

fn texts(app: &mut App, texts: impl IntoIterator<Item = String>) -> (ThreadId, Vec<MessageRowId>) {
    let mut opened: Option<MessageId> = None;
    let mut thread = 0;
    let mut ids = Vec::new();
    for (n, text) in texts.into_iter().enumerate() {
        let mut post = app.letter(BOB, "Bob Jones", "long");
        if let Some(opened) = &opened {
            post = app.reply(opened, BOB, "Bob Jones");
        }
        post.text = text;
        post.posted_ms = 100_000 + i64::try_from(n / 3).unwrap();
        let message = app.receive(&post);
        opened.get_or_insert(post.msgid);
        thread = message.thread;
        ids.push(message.id);
    }
    (thread, ids)
}

fn ids(page: &Thread) -> Vec<MessageRowId> {
    page.messages.iter().map(|message| message.id).collect()
}

#[test]
fn paging_back_shows_every_message_once() {
    let mut app = App::with_bob();
    let (thread, expected) = long(&mut app, 23);
    let mut page = app.vault.thread_page(thread, Place::End, Some(4)).unwrap();
    assert_eq!(ids(&page), expected[19..]);
    assert!(page.older && !page.newer);
    let mut seen = ids(&page);
    while page.older {
        page = app.vault.thread_page(thread, Place::Before(seen[0]), Some(4)).unwrap();
        assert!(page.newer && page.messages.len() <= 4);
        seen.splice(0..0, ids(&page));
    }
    assert_eq!(seen, expected);
    // And on again.
    let mut seen = vec![expected[0]];
    loop {
        let after = Place::After(*seen.last().unwrap());
        let page = app.vault.thread_page(thread, after, Some(5)).unwrap();
        assert!(page.older);
        seen.extend(ids(&page));
        if !page.newer {
            break;
        }
    }
    assert_eq!(seen, expected);
}

#[test]
fn a_page_has_a_hundred_messages_and_never_more_than_two_hundred() {
    let mut app = App::with_bob();
    let (thread, expected) = long(&mut app, 230);
    let count = |limit| {
        let page = app.vault.thread_page(thread, Place::End, limit).unwrap();
        assert_eq!(*ids(&page).last().unwrap(), expected[229]);
        page.messages.len()
    };
    assert_eq!((count(None), count(Some(u32::MAX)), count(Some(0))), (100, 200, 1));
    assert_eq!(app.vault.thread(thread).unwrap().row.count, 230);
}

#[test]
fn a_page_around_a_message_holds_its_neighbours() {
    let mut app = App::with_bob();
    let (thread, all) = long(&mut app, 60);
    let _ = app.vault.mark_read(thread, Some(&all[..30])).unwrap();
    let page = app.vault.thread_page(thread, Place::Unread, Some(20)).unwrap();
    assert_eq!(ids(&page), all[25..45]);
    assert!(page.older && page.newer);
    let page = app.vault.thread_page(thread, Place::Around(all[2]), Some(20)).unwrap();
    assert_eq!(ids(&page), all[..17]);
    assert!(!page.older && page.newer);
    // Near the end what is left is before it.
    let page = app.vault.thread_page(thread, Place::Around(all[59]), Some(20)).unwrap();
    assert_eq!(ids(&page), all[40..]);
    // What is gone points nowhere, and what is read leaves the end.
    let gone = app.vault.thread_page(thread, Place::Around(9_999), Some(20)).unwrap();
    assert_eq!(ids(&gone), all[25..45]);
    let _ = app.vault.mark_read(thread, None).unwrap();
    let page = app.vault.thread_page(thread, Place::Unread, Some(20)).unwrap();
    assert_eq!(ids(&page), all[40..]);
    assert!(app.vault.thread_page(thread, Place::Before(9_999), None).is_err());
    assert!(app.vault.thread_page(thread, Place::After(9_999), None).is_err());
}

#[test]
fn large_letters_come_one_by_one_and_small_ones_around_them_together() {
    let mut app = App::with_bob();
    let large = "large ".repeat(2 * MIB / 6);
    let small = |n: usize| format!("small {n}");
    let written = vec![small(0), large.clone(), small(2), large, small(4)];
    let (thread, all) = texts(&mut app, written);
    let bytes = |page: &Thread| -> usize {
        page.messages.iter().map(|message| message.text.len() + message.html.len()).sum()
    };
    let page = app.vault.thread_page(thread, Place::End, None).unwrap();
    assert_eq!(ids(&page), all[4..]);
    let page = app.vault.thread_page(thread, Place::Before(all[4]), None).unwrap();
    assert_eq!(ids(&page), all[3..4], "a large one comes, alone");
    let page = app.vault.thread_page(thread, Place::Unread, None).unwrap();
    assert_eq!(ids(&page), all[..1]);
    assert!(page.newer);
    let page = app.vault.thread_page(thread, Place::Around(all[2]), None).unwrap();
    assert_eq!(ids(&page), all[2..3]);
    assert!(page.older && page.newer && bytes(&page) < MIB);
}

#[test]
fn only_the_messages_named_are_marked_read() {
    let mut app = App::with_bob();
    let (thread, all) = long(&mut app, 5);
    let (_, other) = long(&mut app, 1);
    let change = app.vault.mark_read(thread, Some(&[all[1], all[2], other[0], 9_999])).unwrap();
    assert_eq!(
        (change.value.account, names(&change.events)),
        (app.account, vec!["thread", "account"])
    );
    let unread: Vec<_> = all.iter().copied().filter(|&id| app.message(id).unread).collect();
    assert_eq!(unread, [all[0], all[3], all[4]]);
    assert!(app.message(other[0]).unread);
    assert!(app.vault.mark_read(thread, Some(&[all[1]])).unwrap().events.is_empty());
    assert!(app.vault.mark_read(thread, Some(&vec![1; 1_001])).is_err());
    assert!(app.vault.mark_read(9_999, Some(&[])).is_err());
}

#[test]
fn a_forwarded_letter_names_its_first_files_and_a_page_of_such_letters_is_bounded() {
    let mut app = App::with_bob();
    let (msgid, thread_id) = (app.next_msgid(), "0000000000000001".to_owned());
    let file = |n: usize| Attach { name: format!("u:{n:0230}"), ..Attach::default() };
    let letters: Vec<_> = (0..200)
        .map(|n| ForwardedLetter {
            id: format!("{:016x}", n + 1),
            author_uid: CAROL.into(),
            alias: "Carol Brown".into(),
            posted_ms: Some(n),
            subject: "files".into(),
            text: "with files".into(),
            files: (0..230).map(file).collect(),
        })
        .collect();
    let (from_uid, posted_ms, cc) = (BOB.into(), 1_000, Vec::new());
    let forward = IncomingForward { msgid, from_uid, posted_ms, thread_id, cc, letters };
    let (mut next, mut pieces) = (Some(0), 0);
    while let Some(from) = next {
        next = app.vault.receive_forward(app.account, &forward, from).unwrap().value;
        pieces += 1;
    }
    // The names count as texts do: 53 KB each.
    assert!(pieces >= 100, "{pieces}");
    let id = app.vault.threads(None, None, None).unwrap()[0].id;
    let page = app.vault.thread_page(id, Place::End, Some(200)).unwrap();
    assert!(page.older && page.messages.len() < 200, "{}", page.messages.len());
    assert!(serde_json::to_string(&page).unwrap().len() < 2 * MIB);
    let shown = page.messages[0].forwarded.as_ref().unwrap();
    assert_eq!((shown.files.len(), shown.more_files), (50, 180));
}
