//! Lists of threads in other orders than the newest first, page by page.

use mnm_engine::command::{ThreadFilter, ThreadMark, ThreadSort, ThreadView};
use mnm_engine::error::VaultError;
use mnm_engine::vault::{IncomingAttachment, ThreadPlace};
use mnm_engine::view::ThreadId;

use crate::cast::{App, BOB, CAROL, cc};

/// All threads of a list, in pages of two, of one account and of all.
fn listed(app: &App, filter: &ThreadFilter) -> Vec<ThreadId> {
    let [one, all] = [Some(app.account), None].map(|account| {
        let (mut ids, mut before) = (Vec::new(), None);
        loop {
            let rows = app.vault.threads_in(account, filter, before, Some(2)).unwrap();
            let Some(last) = rows.last() else { return ids };
            before = Some(ThreadPlace::of(last, filter.sort));
            ids.extend(rows.iter().map(|row| row.id));
            assert!(ids.len() < 1_000, "the pages come to an end");
        }
    });
    assert_eq!(one, all, "one account has all of them");
    one
}

fn sorted(app: &App, sort: ThreadSort) -> Vec<ThreadId> {
    listed(app, &ThreadFilter { sort, ..ThreadFilter::default() })
}

fn begin(app: &mut App, uid: &str, alias: &str, subject: &str) -> ThreadId {
    let mut letter = app.letter(uid, alias, "text");
    letter.subject = subject.into();
    app.receive(&letter).thread
}

#[test]
fn a_list_is_sorted_by_time_person_subject_and_what_is_unread() {
    let mut app = App::with_bob();
    app.befriend(CAROL, "Ádám Clay");
    let [zebra, apple, empty, apple_again, ebene, plain] = [
        (BOB, "Bob Jones", "Zebra"),
        (CAROL, "Ádám Clay", "apple"),
        (BOB, "Bob Jones", ""),
        (CAROL, "Ádám Clay", "Apple"),
        (BOB, "Bob Jones", "Ébène"),
        ("DRR66666666666666666666666666666", "zed", "Plain"),
    ]
    .map(|(uid, alias, subject)| begin(&mut app, uid, alias, subject));
    let newest = [plain, ebene, apple_again, empty, apple, zebra];
    assert_eq!(sorted(&app, ThreadSort::Newest), newest);
    assert_eq!(sorted(&app, ThreadSort::Oldest), newest.iter().rev().copied().collect::<Vec<_>>());
    let by_subject = [empty, apple_again, apple, ebene, plain, zebra];
    assert_eq!(sorted(&app, ThreadSort::Subject), by_subject);
    let by_person = [apple_again, apple, ebene, empty, zebra, plain];
    assert_eq!(sorted(&app, ThreadSort::Person), by_person);

    for thread in [plain, ebene, apple] {
        let _ = app.vault.mark_read(thread, None).unwrap();
    }
    let by_unread = [apple_again, empty, zebra, plain, ebene, apple];
    assert_eq!(sorted(&app, ThreadSort::Unread), by_unread);

    // Another subject, another place.
    let first = app.vault.thread(zebra).unwrap().messages[0].msgid.clone().unwrap();
    let mut renamed = app.reply(first, BOB, "Bob Jones");
    renamed.subject = "Aardvark".into();
    assert_eq!(app.receive(&renamed).thread, zebra);
    let by_subject = [empty, zebra, apple_again, apple, ebene, plain];
    assert_eq!(sorted(&app, ThreadSort::Subject), by_subject);
}

#[test]
fn pinned_threads_stay_first_and_the_archive_is_sorted_too() {
    let mut app = App::with_bob();
    let [c, a, b] = ["c", "a", "b"].map(|subject| begin(&mut app, BOB, "Bob Jones", subject));
    let now = app.now();
    let _ = app.vault.mark_threads(&[b], ThreadMark::Pinned, true, now).unwrap();
    for (sort, expected) in [
        (ThreadSort::Subject, [b, a, c]),
        (ThreadSort::Oldest, [b, c, a]),
        (ThreadSort::Unread, [b, a, c]),
        (ThreadSort::Person, [b, a, c]),
    ] {
        let filter = ThreadFilter { sort, ..ThreadFilter::default() };
        let rows = app.vault.threads_in(None, &filter, None, None).unwrap();
        assert_eq!(rows.iter().map(|row| row.id).collect::<Vec<_>>(), expected, "{sort:?}");
    }
    let _ = app.vault.mark_threads(&[a, b, c], ThreadMark::Archived, true, now).unwrap();
    let archive =
        |sort| ThreadFilter { view: ThreadView::Archive, sort, ..ThreadFilter::default() };
    assert_eq!(listed(&app, &archive(ThreadSort::Subject)), [a, b, c]);
    assert_eq!(listed(&app, &archive(ThreadSort::Oldest)), [c, a, b]);
    assert!(sorted(&app, ThreadSort::Subject).is_empty());
}

#[test]
fn every_list_is_sorted_by_person_and_subject() {
    let mut app = App::with_bob();
    app.befriend(CAROL, "Ádám Clay");
    let all = [
        (BOB, "Bob Jones", "Zebra"),
        (CAROL, "Ádám Clay", "apple"),
        (BOB, "Bob Jones", "Ébène"),
        (CAROL, "Ádám Clay", "plain"),
        (BOB, "Bob Jones", "apple"),
    ]
    .map(|(uid, alias, subject)| {
        let mut letter = app.letter(uid, alias, "text");
        letter.subject = subject.into();
        let writer = app.vault.begin_blob().unwrap();
        let blob = app.vault.finish_blob(writer).unwrap();
        letter.attachments.push(IncomingAttachment { name: "a.txt".into(), form: None, blob });
        app.receive(&letter).thread
    });
    let [zebra, apple, ebene, plain, apple_again] = all;
    let (now, account) = (app.now(), app.account);
    let saved = app.vault.save_tag(account, None, "Boats", 1).unwrap().value;
    let tag = saved.tags[0].id;
    let _ = app.vault.mark_threads(&all, ThreadMark::Starred, true, now).unwrap();
    let _ = app.vault.mark_threads(&[ebene], ThreadMark::Pinned, true, now).unwrap();
    let _ = app.vault.tag_threads(&all, tag, true).unwrap();
    let of = |view, tag, sort| ThreadFilter { view, tag, sort };
    let assert_sorted = |app: &App, view, tag| {
        let [by_subject, by_person] =
            [ThreadSort::Subject, ThreadSort::Person].map(|sort| listed(app, &of(view, tag, sort)));
        assert_eq!(by_subject, [apple_again, apple, ebene, plain, zebra], "{view:?}");
        assert_eq!(by_person, [plain, apple, apple_again, ebene, zebra], "{view:?}");
    };
    for view in [ThreadView::Unread, ThreadView::Files, ThreadView::Starred] {
        assert_sorted(&app, view, None);
        let refused = app.vault.threads_in(None, &of(view, None, ThreadSort::Unread), None, None);
        assert!(matches!(refused, Err(VaultError::Invalid(_))), "{view:?}: {refused:?}");
    }
    assert_sorted(&app, ThreadView::Inbox, Some(tag));
    let _ = app.vault.mark_threads(&all, ThreadMark::Trashed, true, now).unwrap();
    assert_sorted(&app, ThreadView::Trash, None);
    assert!(listed(&app, &of(ThreadView::Inbox, Some(tag), ThreadSort::Person)).is_empty());
}

/// However many threads there are with somebody, and also if the app is killed before it has been through.
#[test]
fn somebody_who_is_called_otherwise_is_sorted_so_in_all_threads() {
    let mut app = App::with_bob();
    let others = begin(&mut app, BOB, "Bob Jones", "Between");
    let old: Vec<ThreadId> =
        (0..450).map(|n| begin(&mut app, CAROL, "Zed", &format!("Letter {n}"))).collect();
    let last = |app: &App| listed(app, &by_person()).into_iter().next_back();
    assert_eq!(listed(&app, &by_person())[0], others);
    app.befriend(CAROL, "Ádám Clay");
    let mut app = app.restart();
    assert_eq!(last(&app), old.first().copied(), "only the newest have the name at once");
    while app.vault.tidy().value {}
    assert_eq!(last(&app), Some(others));
    assert_eq!(listed(&app, &by_person()).len(), old.len() + 1);
}

/// Whoever changes the readers of a thread: a letter, the member, another thread that comes into it.
#[test]
fn a_thread_is_sorted_by_the_readers_that_it_has() {
    let mut app = App::with_bob();
    app.befriend(CAROL, "Ádám Clay");
    let mut letter = app.letter(BOB, "Bob Jones", "to both");
    letter.cc = vec![cc("Ádám Clay", CAROL)];
    let thread = app.receive(&letter).thread;
    let key = |app: &App| app.vault.thread(thread).unwrap().row.person_key;
    let first = key(&app);
    let gone = if first == "bob jones" { BOB } else { CAROL };
    let now = app.now();
    let _ = app.vault.strike(thread, &gone.into(), true, now).unwrap();
    let second = key(&app);
    assert_ne!(first, second);
    let now = app.now();
    let _ = app.vault.strike(thread, &gone.into(), false, now).unwrap();
    assert_eq!(key(&app), first);
    let now = app.now();
    for gone in [BOB, CAROL] {
        let _ = app.vault.strike(thread, &gone.into(), true, now).unwrap();
    }
    assert_eq!(key(&app), "");
}

fn by_person() -> ThreadFilter {
    ThreadFilter { sort: ThreadSort::Person, ..ThreadFilter::default() }
}
