//! Cost of lists of threads, of marking threads, and of erasing them.

use super::*;
use crate::command::{ThreadFilter, ThreadMark, ThreadSort, ThreadView};

/// A home in which a third of the threads are archived, a third are in the trash, and every other one has
/// a star.
fn sorted_home(size: u32) -> Home {
    let home = home(size);
    let sorted = "UPDATE thread SET archived = id % 3 = 0, starred = id % 2,
        trashed_ms = iif(id % 3 = 1, id, NULL), files = id % 2";
    home.vault.db.execute_batch(sorted).unwrap();
    home
}

#[test]
fn cost_of_a_list_does_not_grow_with_the_threads() {
    let (mut small, mut large) = (sorted_home(SMALL), sorted_home(LARGE));
    for view in [
        ThreadView::Inbox,
        ThreadView::Unread,
        ThreadView::Files,
        ThreadView::Starred,
        ThreadView::Archive,
        ThreadView::Trash,
    ] {
        let filter = ThreadFilter { view, ..ThreadFilter::default() };
        for account in [None, Some(small.account)] {
            let page = |home: &mut Home| {
                home.vault.threads_in(account, &filter, None, Some(50)).unwrap().len()
            };
            assert_eq!(page(&mut small), 50, "{view:?}");
            let (of_small, of_large) = (small.cost(page), large.cost(page));
            assert!(of_large.steps < of_small.steps + 500, "{view:?}: {of_small:?} {of_large:?}");
        }
    }
}

/// First pages, and pages amid a list where only few have a key in common.
#[test]
fn cost_of_a_sorted_list_does_not_grow_with_the_threads() {
    let (mut small, mut large) = (sorted_home(SMALL), sorted_home(LARGE));
    for home in [&small, &large] {
        let keys = "UPDATE thread SET unread = id % 2, subject_key = id % 100, person_key = id % 7";
        home.vault.db.execute_batch(keys).unwrap();
    }
    for view in [ThreadView::Inbox, ThreadView::Archive] {
        for sort in
            [ThreadSort::Oldest, ThreadSort::Person, ThreadSort::Subject, ThreadSort::Unread]
        {
            if view == ThreadView::Archive && sort == ThreadSort::Unread {
                continue;
            }
            let filter = ThreadFilter { view, sort, ..ThreadFilter::default() };
            let page = |home: &mut Home| {
                let account = Some(home.account);
                let first = home.vault.threads_in(account, &filter, None, Some(50)).unwrap();
                let before = ThreadPlace::of(first.last().unwrap(), sort);
                let next = home.vault.threads_in(account, &filter, Some(before), Some(50)).unwrap();
                assert_eq!((first.len(), next.len()), (50, 50), "{view:?} {sort:?}");
                assert!(next.iter().all(|row| !first.contains(row)), "{view:?} {sort:?}");
            };
            let (of_small, of_large) = (small.cost(page), large.cost(page));
            assert!(
                of_large.steps < of_small.steps + 500,
                "{view:?} {sort:?}: {of_small:?} {of_large:?}"
            );
        }
    }
}

/// Lists without an index for the order read each of their threads once.
#[test]
fn cost_of_sorting_a_list_is_a_little_for_each_of_its_threads() {
    let mut home = sorted_home(LARGE);
    let _ = home.vault.save_tag(home.account, None, "Boats", 1).unwrap();
    let tagged = "INSERT INTO thread_tag (thread, tag, last_at_ms)
        SELECT id, (SELECT id FROM tag), last_at_ms FROM thread WHERE trashed_ms IS NULL";
    home.vault.db.execute_batch(tagged).unwrap();
    let lists = [ThreadView::Unread, ThreadView::Files, ThreadView::Starred, ThreadView::Trash]
        .map(|view| ThreadFilter { view, ..ThreadFilter::default() });
    let by_tag = ThreadFilter { tag: Some(1), ..ThreadFilter::default() };
    for filter in lists.into_iter().chain([by_tag]) {
        for sort in [ThreadSort::Person, ThreadSort::Subject] {
            let filter = ThreadFilter { sort, ..filter.clone() };
            let cost = home.cost(|home| {
                let rows = home.vault.threads_in(Some(home.account), &filter, None, Some(50));
                assert_eq!(rows.unwrap().len(), 50, "{filter:?}");
            });
            assert!(cost.steps < PAGE + u64::from(LARGE) * 20, "{filter:?}: {cost:?}");
        }
    }
}

#[test]
fn cost_of_marking_and_of_the_trash_does_not_grow_with_the_threads() {
    let (mut small, mut large) = (sorted_home(SMALL), sorted_home(LARGE));
    let acts: [Command; 3] = [
        ("archive and take back", PAGE, |home| {
            for on in [true, false] {
                let longest = [home.longest];
                let _ = home.vault.mark_threads(&longest, ThreadMark::Archived, on, 5).unwrap();
            }
        }),
        ("nothing has expired", PAGE, |home| {
            let _ = home.vault.empty_trash(&Erased::Expired(5)).unwrap();
        }),
        ("erase a slice", 2 * PAGE, |home| {
            let first: ThreadId = home
                .vault
                .db
                .query_row("SELECT min(id) FROM thread WHERE trashed_ms > 0", [], |row| row.get(0))
                .unwrap();
            let _ = home.vault.empty_trash(&Erased::Of(None, vec![first])).unwrap();
            // Its id, its only message, itself.
            for _ in 0..3 {
                home.vault.erase_thread_slice(first).unwrap();
            }
        }),
    ];
    for (name, most, act) in acts {
        let (of_small, of_large) = (small.cost(act), large.cost(act));
        // To take words out of the search index, each part of it is looked at; there are more of a larger one.
        let grown = 500 + if name == "erase a slice" { of_small.steps / 4 } else { 0 };
        assert!(of_large.steps < of_small.steps + grown, "{name}: {of_small:?} {of_large:?}");
        assert!(of_large.steps < most, "{name}: {of_large:?}");
    }
}
