//! Tests of the hold: a held letter stays until it is released, passes nothing, and survives a crash.

use mnm_engine::error::VaultError;
use mnm_engine::vault::{DraftContent, Upon};
use mnm_engine::view::{Message, MessageState, ThreadId};

use crate::cast::{App, BOB};

const HOLD_MS: u64 = 5_000;

/// Queues a reply, held back for so long.
fn reply(app: &mut App, thread: ThreadId, text: &str, hold_ms: u64) -> Message {
    let typed = DraftContent { text: text.into(), ..DraftContent::default() };
    let draft = app
        .vault
        .save_draft(Upon::Anything, None, app.account, Some(thread), &typed, 5)
        .unwrap()
        .value;
    app.vault.queue_draft(draft.id, None, 100, hold_ms).unwrap().value
}

/// Queues a letter that opens a thread, held back for so long.
fn open_held(app: &mut App, text: &str, hold_ms: u64) -> Message {
    let to = vec!["Bob Jones".to_owned()];
    let typed = DraftContent { to, text: text.into(), ..DraftContent::default() };
    let draft =
        app.vault.save_draft(Upon::Anything, None, app.account, None, &typed, 5).unwrap().value;
    app.vault.queue_draft(draft.id, None, 100, hold_ms).unwrap().value
}

fn with_thread() -> (App, ThreadId) {
    let mut app = App::with_bob();
    let letter = app.letter(BOB, "Bob Jones", "hello");
    let thread = app.receive(&letter).thread;
    // Accepting has queued an answer.
    while app.vault.next_outbox(app.account, 0).unwrap().is_some() {
        app.send_next();
    }
    (app, thread)
}

#[test]
fn a_held_letter_leaves_when_it_is_released_and_not_before() {
    let (mut app, thread) = with_thread();
    let held = reply(&mut app, thread, "think again", HOLD_MS);
    assert_eq!(held.state, MessageState::Held { until_ms: 5_100 });
    assert_eq!(app.vault.next_outbox(app.account, 0).unwrap(), None);
    assert_eq!(app.vault.account(app.account).unwrap().queued, 1);

    let released = app.vault.release(held.id).unwrap();
    assert_eq!(released.value.state, MessageState::Queued);
    assert_eq!(app.next_post().1.message, held.id);
    assert!(app.vault.release(held.id).unwrap().events.is_empty(), "it leaves already");
}

#[test]
fn a_held_letter_can_be_taken_back() {
    let (mut app, thread) = with_thread();
    let held = reply(&mut app, thread, "rash words", HOLD_MS);
    let draft = app.vault.unsend(held.id, 200).unwrap().value;
    assert_eq!(draft.text, "rash words");
    assert_eq!(app.vault.next_outbox(app.account, 0).unwrap(), None);
    assert!(matches!(app.vault.release(held.id), Err(VaultError::NotFound { .. })));
}

#[test]
fn only_letters_of_other_threads_overtake_a_held_one() {
    let (mut app, thread) = with_thread();
    let held = reply(&mut app, thread, "first", HOLD_MS);
    let elsewhere = app.queue(&["Bob Jones"], "elsewhere");
    assert_eq!(app.next_post().1.message, elsewhere.id);
    app.send_next();
    let second = reply(&mut app, thread, "second", 0);
    assert_eq!(app.next_post().1.message, held.id);
    app.send_next();
    assert_eq!(app.next_post().1.message, second.id);
}

#[test]
fn a_held_letter_leaves_after_a_crash() {
    let (mut app, thread) = with_thread();
    let held = reply(&mut app, thread, "before the crash", HOLD_MS);
    let mut app = app.restart();
    assert_eq!(app.message(held.id).state, MessageState::Queued);
    assert_eq!(app.next_post().1.message, held.id);
}

/// The service recognises a repetition only of the last request of a device, so nothing may come between
/// a request and its repetition.
#[test]
fn a_released_letter_does_not_overtake_one_that_the_service_may_have() {
    for crash in [false, true] {
        let (mut app, thread) = with_thread();
        let held = reply(&mut app, thread, "think again", HOLD_MS);
        let later = open_held(&mut app, "held too", HOLD_MS);
        let under_way = app.queue(&["Bob Jones"], "elsewhere");
        let (item, _) = app.next_post();
        if crash {
            app = app.restart();
        } else {
            let _ = app.vault.release(held.id).unwrap();
            let _ = app.vault.outbox_interrupted(item.id).unwrap();
            let _ = app.vault.release(later.id).unwrap();
        }
        let (again, post) = app.next_post();
        assert_eq!((post.message, again.request), (under_way.id, item.request), "{crash}");
        let newest = app.queue(&["Bob Jones"], "newest");
        for expected in [under_way.id, held.id, later.id, newest.id] {
            assert_eq!(app.next_post().1.message, expected, "{crash}");
            app.send_next();
        }
    }
}
