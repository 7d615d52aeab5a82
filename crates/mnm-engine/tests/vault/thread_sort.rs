//! Lists of threads in other orders than the newest first, page by page.

use mnm_engine::command::{ThreadFilter, ThreadMark, ThreadSort, ThreadView};
use mnm_engine::error::VaultError;
use mnm_engine::vault::ThreadPlace;
use mnm_engine::view::ThreadId;

use crate::cast::{App, BOB, CAROL};

/// All threads of a list, in pages of two, of one account and of all.
fn listed(app: &App, filter: &ThreadFilter) -> Vec<ThreadId> {
    let [one, all] = [Some(app.account), None].map(|account| {
        let (mut ids, mut before) = (Vec::new(), None);
        loop {
            let rows = app.vault.threads_in(account, filter, before, Some(2)).unwrap();
            let Some(last) = rows.last() else { return ids };
            before = Some(ThreadPlace::of(last, filter.sort));
            ids.extend(rows.iter().map(|row| row.id));
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
fn a_list_without_such_an_order_says_so() {
    let app = App::new();
    for view in [ThreadView::Unread, ThreadView::Files, ThreadView::Starred, ThreadView::Trash] {
        let of = |sort| ThreadFilter { view, sort, ..ThreadFilter::default() };
        assert!(app.vault.threads_in(None, &of(ThreadSort::Oldest), None, None).is_ok());
        let refused = app.vault.threads_in(Some(app.account), &of(ThreadSort::Subject), None, None);
        assert!(matches!(refused, Err(VaultError::Invalid(_))), "{view:?}: {refused:?}");
    }
}
