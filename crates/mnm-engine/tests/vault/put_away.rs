//! Threads that are archived, muted, pinned, starred, put into the trash, and erased.

use mnm_engine::command::{ThreadFilter, ThreadMark, ThreadSort, ThreadView};
use mnm_engine::error::VaultError;
use mnm_engine::event::Event;
use mnm_engine::vault::{
    DraftContent, Erased, Incoming, IncomingAttachment, Received, ThreadPlace, Upon,
};
use mnm_engine::view::ThreadId;

use crate::cast::{App, BOB, names};

const DAY_MS: i64 = 24 * 3_600_000;

/// The threads of a list.
fn listed(app: &App, view: ThreadView) -> Vec<ThreadId> {
    let filter = ThreadFilter { view, ..ThreadFilter::default() };
    let rows = app.vault.threads_in(Some(app.account), &filter, None, None).unwrap();
    let all = app.vault.threads_in(None, &filter, None, None).unwrap();
    assert_eq!(rows, all, "one account has all of them");
    rows.into_iter().map(|row| row.id).collect()
}

fn inbox(app: &App) -> Vec<ThreadId> {
    listed(app, ThreadView::Inbox)
}

fn mark(app: &mut App, threads: &[ThreadId], mark: ThreadMark, on: bool) -> u64 {
    let now = app.now();
    app.vault.mark_threads(threads, mark, on, now).unwrap().value
}

fn unread(app: &App) -> u64 {
    app.vault.account(app.account).unwrap().unread
}

/// A thread of one letter of Bob's, and the letter.
fn begin(app: &mut App, text: &str) -> (ThreadId, Incoming) {
    let letter = app.letter(BOB, "Bob Jones", text);
    (app.receive(&letter).thread, letter)
}

fn tidy(app: &mut App) {
    while app.vault.tidy().value {}
}

#[test]
fn an_archived_thread_comes_back_with_a_new_letter_unless_it_is_muted() {
    let mut app = App::with_bob();
    let (quiet, to_quiet) = begin(&mut app, "quiet");
    let (loud, to_loud) = begin(&mut app, "loud");
    mark(&mut app, &[quiet], ThreadMark::Muted, true);
    assert_eq!(mark(&mut app, &[quiet, loud], ThreadMark::Archived, true), 2);
    assert_eq!(mark(&mut app, &[quiet, loud], ThreadMark::Archived, true), 0, "they are already");
    assert_eq!((inbox(&app), listed(&app, ThreadView::Archive)), (vec![], vec![loud, quiet]));
    assert_eq!(unread(&app), 0, "what is archived is not counted");

    // What the member writes leaves it where it is.
    app.queue_reply(loud, "I have put it away").unwrap();
    assert!(inbox(&app).is_empty());
    for letter in [&to_quiet, &to_loud] {
        let reply = app.reply(letter.msgid, BOB, "Bob Jones");
        app.receive(&reply);
    }
    assert_eq!((inbox(&app), listed(&app, ThreadView::Archive)), (vec![loud], vec![quiet]));
    assert_eq!(unread(&app), 2, "both letters of the thread in the inbox");
    assert_eq!(app.vault.thread(quiet).unwrap().row.unread, 2);
    mark(&mut app, &[quiet], ThreadMark::Archived, false);
    assert_eq!((inbox(&app), unread(&app)), (vec![loud, quiet], 2));
    mark(&mut app, &[quiet], ThreadMark::Muted, false);
    assert_eq!(unread(&app), 4);
}

#[test]
fn pinned_threads_come_first_and_only_so_many() {
    let mut app = App::with_bob();
    let threads: Vec<_> = (0..24).map(|n| begin(&mut app, &format!("letter {n}")).0).collect();
    assert_eq!(mark(&mut app, &threads[..2], ThreadMark::Pinned, true), 2);
    let first = app.vault.threads(None, None, Some(3)).unwrap();
    let ids: Vec<_> = first.iter().map(|row| row.id).collect();
    assert_eq!(ids, [threads[1], threads[0], threads[23], threads[22], threads[21]]);
    let before = first.last().map(|row| ThreadPlace::of(row, ThreadSort::Newest));
    let next = app.vault.threads(None, before, Some(100)).unwrap();
    assert_eq!(next.len(), 19, "each once");
    let now = app.now();
    let refused = app.vault.mark_threads(&threads[2..21], ThreadMark::Pinned, true, now);
    assert!(matches!(refused, Err(VaultError::Conflict(_))), "{refused:?}");
    assert_eq!(first, app.vault.threads(None, None, Some(3)).unwrap(), "nothing has changed");
    assert_eq!(mark(&mut app, &threads[2..20], ThreadMark::Pinned, true), 18);
}

#[test]
fn starred_threads_are_listed_also_from_the_archive_but_not_from_the_trash() {
    let mut app = App::with_bob();
    let [a, b, c] = ["a", "b", "c"].map(|text| begin(&mut app, text).0);
    mark(&mut app, &[a, b, c], ThreadMark::Starred, true);
    mark(&mut app, &[a], ThreadMark::Archived, true);
    mark(&mut app, &[b], ThreadMark::Trashed, true);
    assert_eq!(listed(&app, ThreadView::Starred), [c, a]);
    assert_eq!((inbox(&app), listed(&app, ThreadView::Trash)), (vec![c], vec![b]));
    mark(&mut app, &[b], ThreadMark::Trashed, false);
    assert_eq!(listed(&app, ThreadView::Starred), [c, b, a]);
}

#[test]
fn the_inbox_is_narrowed_to_what_is_unread_or_has_files() {
    let mut app = App::with_bob();
    let [read, put_away, new] = ["read", "put away", "new"].map(|text| begin(&mut app, text).0);
    let mut letter = app.letter(BOB, "Bob Jones", "with a file");
    let writer = app.vault.begin_blob().unwrap();
    let blob = app.vault.finish_blob(writer).unwrap();
    letter.attachments.push(IncomingAttachment { name: "a".into(), form: None, blob });
    let with_file = app.receive(&letter).thread;
    let _ = app.vault.mark_read(read, None).unwrap();
    mark(&mut app, &[put_away], ThreadMark::Archived, true);
    assert_eq!(listed(&app, ThreadView::Unread), [with_file, new]);
    assert_eq!(listed(&app, ThreadView::Files), [with_file]);
}

#[test]
fn threads_with_a_tag_are_listed_by_their_newest_letter() {
    let mut app = App::with_bob();
    let account = app.account;
    let (old, to_old) = begin(&mut app, "old");
    let (new, _) = begin(&mut app, "new");
    let (other, _) = begin(&mut app, "other");
    let saved = app.vault.save_tag(account, None, " Garden ", 3).unwrap();
    assert_eq!(names(&saved.events), ["account"]);
    let tag = saved.value.tags[0].id;
    assert_eq!(saved.value.tags[0].name, "Garden");
    let tagged = app.vault.tag_threads(&[old, new, 999], tag, true).unwrap();
    assert_eq!((tagged.value, names(&tagged.events)), (2, vec!["thread", "thread"]));
    let filter = ThreadFilter { tag: Some(tag), ..ThreadFilter::default() };
    let listed = |app: &App| {
        let rows = app.vault.threads_in(None, &filter, None, Some(1)).unwrap();
        let before = rows.last().map(|row| ThreadPlace::of(row, ThreadSort::Newest));
        let rest = app.vault.threads_in(Some(account), &filter, before, None).unwrap();
        rows.into_iter().chain(rest).map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!(listed(&app), [new, old]);
    assert_eq!(app.vault.thread(old).unwrap().row.tags, [tag]);
    assert_eq!(app.vault.search(None, "tag:gard", None).unwrap().len(), 2);
    let reply = app.reply(to_old.msgid, BOB, "Bob Jones");
    app.receive(&reply);
    assert_eq!(listed(&app), [old, new]);
    mark(&mut app, &[new], ThreadMark::Trashed, true);
    assert_eq!(listed(&app), [old]);

    // A name is one tag's; what is wrong changes nothing.
    assert!(matches!(app.vault.save_tag(account, None, "Garden", 0), Err(VaultError::Conflict(_))));
    for (name, accent) in [("", 0), (&*"x".repeat(41), 0), ("Other", 10)] {
        let refused = app.vault.save_tag(account, None, name, accent);
        assert!(matches!(refused, Err(VaultError::Invalid(_))), "{name} {accent}");
    }
    let renamed = app.vault.save_tag(account, Some(tag), "Yard", 4).unwrap().value;
    assert_eq!((renamed.tags[0].name.as_str(), renamed.tags.len()), ("Yard", 1));
    for n in 0..10 {
        let more = app.vault.save_tag(account, None, &format!("tag {n}"), 0).unwrap().value;
        let tag = more.tags.iter().find(|tag| tag.name == format!("tag {n}")).unwrap().id;
        let _ = app.vault.tag_threads(&[other], tag, true).unwrap();
    }
    assert!(matches!(app.vault.tag_threads(&[other], tag, true), Err(VaultError::Conflict(_))));
    let dropped = app.vault.drop_tag(account, tag).unwrap();
    assert_eq!(names(&dropped.events), ["thread", "thread", "account"]);
    assert!(app.vault.thread(old).unwrap().row.tags.is_empty());
    assert!(matches!(app.vault.drop_tag(account, tag), Err(VaultError::NotFound { .. })));
    app.vault.check().unwrap();
}

#[test]
fn searches_are_saved_by_name() {
    let mut app = App::with_bob();
    let account = app.account;
    let _ = app.vault.save_search(account, "Oars", "oars has:file").unwrap();
    let saved = app.vault.save_search(account, "Oars", "oars").unwrap().value.searches;
    assert_eq!((saved.len(), saved[0].words.as_str()), (1, "oars"));
    assert!(app.vault.save_search(account, "Nothing", " ").is_err());
    let mut app = app.restart();
    assert_eq!(app.vault.account(account).unwrap().searches, saved);
    let left = app.vault.drop_search(account, saved[0].id).unwrap().value.searches;
    assert!(left.is_empty());
}

#[test]
fn the_newest_letter_of_somebody_else_can_be_marked_as_unread() {
    let mut app = App::with_bob();
    let (thread, letter) = begin(&mut app, "first");
    let reply = app.reply(letter.msgid, BOB, "Bob Jones");
    let newest = app.receive(&reply);
    app.queue_reply(thread, "mine").unwrap();
    let _ = app.vault.mark_read(thread, None).unwrap();
    let now = app.now();
    let marked = app.vault.mark_threads(&[thread, 999], ThreadMark::Unread, true, now).unwrap();
    assert_eq!((marked.value, names(&marked.events)), (1, vec!["thread", "message", "account"]));
    assert!(app.message(newest.id).unread);
    assert_eq!(unread(&app), 1);
    assert_eq!(mark(&mut app, &[thread], ThreadMark::Unread, true), 0);
}

#[test]
fn a_thread_in_the_trash_comes_back_whole_with_any_message() {
    let mut app = App::with_bob();
    let (thread, letter) = begin(&mut app, "first");
    mark(&mut app, &[thread], ThreadMark::Trashed, true);
    assert_eq!((inbox(&app), unread(&app)), (vec![], 0));
    assert!(app.vault.search(None, "first", None).unwrap().is_empty());
    let reply = app.reply(letter.msgid, BOB, "Bob Jones");
    app.receive(&reply);
    let page = app.vault.thread(thread).unwrap();
    assert_eq!((page.row.trashed_ms, page.messages.len(), unread(&app)), (None, 2, 2));
    assert_eq!(app.vault.search(None, "first", None).unwrap().len(), 1);

    // Also with one that the member writes, also when it was about to be erased.
    mark(&mut app, &[thread], ThreadMark::Trashed, true);
    let _ = app.vault.empty_trash(&Erased::All(app.account)).unwrap();
    app.queue_reply(thread, "mine").unwrap();
    tidy(&mut app);
    assert_eq!(inbox(&app), [thread]);
    assert_eq!(app.vault.thread(thread).unwrap().messages.len(), 3);
}

#[test]
fn emptying_the_trash_erases_threads_and_files_and_frees_their_room() {
    let mut app = App::with_bob();
    let mut letter = app.letter(BOB, "Bob Jones", "with a file");
    let mut writer = app.vault.begin_blob().unwrap();
    app.vault.append_blob(&mut writer, &vec![7; 3 << 20]).unwrap();
    let blob = app.vault.finish_blob(writer).unwrap();
    letter.attachments.push(IncomingAttachment { name: "large".into(), form: None, blob });
    let thread = app.receive(&letter).thread;
    for _ in 0..50 {
        let reply = app.reply(letter.msgid, BOB, "Bob Jones");
        app.receive(&reply);
    }
    let (other, _) = begin(&mut app, "stays");
    let (now, account) = (app.now(), app.account);
    let typed = DraftContent { text: "half".into(), ..DraftContent::default() };
    let _ = app.vault.save_draft(Upon::Anything, None, account, Some(thread), &typed, now).unwrap();
    mark(&mut app, &[thread], ThreadMark::Trashed, true);

    let emptied = app.vault.empty_trash(&Erased::Of(None, vec![thread, other])).unwrap();
    assert_eq!(emptied.value, 1, "the other one is not in the trash");
    assert!(emptied.events.contains(&Event::ThreadGone { account, thread }), "{emptied:?}");
    let drafts = app.vault.drafts(None, None).unwrap();
    assert_eq!(
        (drafts[0].thread, drafts[0].text.as_str()),
        (None, "half"),
        "it is a new letter now"
    );
    for view in [ThreadView::Inbox, ThreadView::Starred, ThreadView::Archive, ThreadView::Trash] {
        assert!(!listed(&app, view).contains(&thread), "{view:?}");
    }
    assert!(matches!(app.vault.thread(thread), Err(VaultError::NotFound { .. })));

    // A crash amid it: the next start goes on.
    let _ = app.vault.tidy();
    let _ = app.vault.tidy();
    let size = |app: &App| std::fs::metadata(app.home.path().join("vault.db")).unwrap().len();
    let mut app = app.restart();
    let before = size(&app);
    tidy(&mut app);
    app.vault.check().unwrap();
    assert!(size(&app) + (2 << 20) < before, "{} of {before}", size(&app));
    assert!(app.vault.search(None, "reply", None).unwrap().is_empty());
    // What the service delivers once more is dropped, and a further letter begins anew.
    assert!(app.vault.is_known(app.account, letter.msgid).unwrap());
    let again = app.reply(letter.msgid, BOB, "Bob Jones");
    let anew = app.receive(&again).thread;
    assert_ne!(anew, thread);
    assert_eq!(inbox(&app), [anew, other]);
}

#[test]
fn what_is_queued_in_a_thread_is_sent_before_the_thread_is_erased() {
    let mut app = App::with_bob();
    let (thread, _) = begin(&mut app, "first");
    let queued = app.queue_reply(thread, "on its way").unwrap();
    mark(&mut app, &[thread], ThreadMark::Trashed, true);
    let _ = app.vault.empty_trash(&Erased::All(app.account)).unwrap();
    tidy(&mut app);
    let (item, post) = app.next_post();
    assert_eq!(post.message, queued.id);
    let ack = mnm_engine::vault::Acked { msgid: app.next_msgid(), posted_ms: app.now(), to: None };
    let sent = app.vault.outbox_sent(item.id, Some(&ack)).unwrap();
    assert!(!names(&sent.events).contains(&"thread"), "it stays out of sight: {:?}", sent.events);
    let mut app = app.restart();
    tidy(&mut app);
    assert!(app.vault.message(queued.id).is_err());
}

#[test]
fn after_thirty_days_the_trash_erases_by_itself() {
    let mut app = App::with_bob();
    let [old, new] = ["old", "new"].map(|text| begin(&mut app, text).0);
    let (first_ms, later_ms) = (1_000_000, 1_000_000 + DAY_MS);
    let _ = app.vault.mark_threads(&[old], ThreadMark::Trashed, true, first_ms).unwrap();
    let _ = app.vault.mark_threads(&[new], ThreadMark::Trashed, true, later_ms).unwrap();
    let expired = |app: &mut App, now_ms| {
        let erased = app.vault.empty_trash(&Erased::Expired(now_ms)).unwrap().value;
        tidy(app);
        erased
    };
    assert_eq!(expired(&mut app, first_ms + 30 * DAY_MS - 1), 0);
    assert_eq!(expired(&mut app, first_ms + 30 * DAY_MS), 1);
    assert_eq!(listed(&app, ThreadView::Trash), [new]);
}

#[test]
fn a_letter_that_is_delivered_again_into_the_trash_changes_nothing() {
    let mut app = App::with_bob();
    let (thread, letter) = begin(&mut app, "first");
    mark(&mut app, &[thread], ThreadMark::Trashed, true);
    let again = app.vault.receive_post(app.account, &letter).unwrap();
    assert_eq!(again.value, Received::Duplicate);
    assert_eq!(listed(&app, ThreadView::Trash), [thread]);
}
