//! Tests of the limit on a thread's readers: nobody keeps the member's own newcomers out, and nobody is left out in silence.

use mnm_engine::Error;
use mnm_engine::error::Offer;
use mnm_engine::vault::OutboxId;
use mnm_engine::view::{PartyKind, Standing, ThreadId};
use tmtp::id::Uid;

use crate::cast::{App, BOB, CAROL, cc};

/// Permanent ids of which nobody has heard.
fn uid(n: u32) -> String {
    let mut bytes = [7; 20];
    bytes[..4].copy_from_slice(&n.to_be_bytes());
    Uid::from_bytes(&bytes).as_str().to_owned()
}

/// A thread into which Bob has named `members` and `groups` of which nobody has heard.
fn filled(app: &mut App, members: u32, groups: u32) -> ThreadId {
    let mut letter = app.letter(BOB, "Bob Jones", "to all the world");
    letter.cc.extend((0..groups).map(|n| format!("group {n}")).map(|gid| cc(&gid, &gid)));
    letter.cc.extend((0..members).map(|n| cc("Somebody", &uid(n))));
    app.receive(&letter).thread
}

fn forward(app: &mut App, thread: ThreadId, to: &[String]) -> Result<OutboxId, String> {
    app.forward(thread, to).map_err(|error| error.to_string())
}

/// Sends all that waits; whether the forward was taken.
fn sent(app: &mut App, row: OutboxId, thread: ThreadId, to: &[String]) -> Option<bool> {
    while app.vault.next_outbox(app.account, 0).unwrap().is_some() {
        app.send_next();
    }
    app.vault.forwarded_to(row, thread, to).unwrap()
}

#[test]
fn the_member_can_add_readers_to_a_thread_that_others_filled() {
    let mut app = App::with_bob();
    app.befriend(CAROL, "Carol Brown");
    let thread = filled(&mut app, 900, 0);
    let to = ["Carol Brown".to_owned()];
    let row = forward(&mut app, thread, &to).unwrap();
    assert_eq!(sent(&mut app, row, thread, &to), Some(true));
    app.queue_reply(thread, "to her too").unwrap();
    assert!(app.next_post().1.recipients.iter().any(|to| to.id == CAROL));
}

#[test]
fn a_forward_to_more_than_fit_is_refused_before_anything_is_sent() {
    let mut app = App::with_bob();
    let gids: Vec<_> = (0..6).map(|n| format!("own group {n}")).collect();
    for gid in &gids {
        let _ = app
            .vault
            .set_standing(app.account, &gid.as_str().into(), None, Standing::Joined)
            .unwrap();
    }
    let thread = filled(&mut app, 0, 18);
    let why = forward(&mut app, thread, &gids).unwrap_err();
    assert!(why.contains("room for 5 more groups, not for 6"), "{why}");
    let offered = Error::from(app.forward(thread, &gids).unwrap_err()).offer;
    assert_eq!(offered, Some(Offer::Readers { thread }));
    assert_eq!(app.vault.next_outbox(app.account, 0).unwrap(), None);
    // What waits has its places already.
    let row = forward(&mut app, thread, &gids[..4]).unwrap();
    let why = forward(&mut app, thread, &gids[4..]).unwrap_err();
    assert!(why.contains("room for 1 more group,"), "{why}");
    assert_eq!(sent(&mut app, row, thread, &gids[..4]), Some(true));
    // Who is struck leaves the place.
    assert!(forward(&mut app, thread, &gids[4..]).is_err());
    let now = app.now();
    let _ = app.vault.strike(thread, &"group 0".into(), true, now).unwrap();
    let row = forward(&mut app, thread, &gids[4..]).unwrap();
    assert_eq!(sent(&mut app, row, thread, &gids[4..]), Some(true));
}

#[test]
fn readers_added_meanwhile_take_no_place_of_a_queued_forward() {
    let mut app = App::with_bob();
    let gids: Vec<_> = (0..6).map(|n| format!("own group {n}")).collect();
    for gid in &gids {
        let _ = app
            .vault
            .set_standing(app.account, &gid.as_str().into(), None, Standing::Joined)
            .unwrap();
    }
    let letter = app.letter(BOB, "Bob Jones", "hello");
    let thread = app.receive(&letter).thread;
    let row = forward(&mut app, thread, &gids).unwrap();
    let mut reply = app.reply(letter.msgid, BOB, "Bob Jones");
    reply.cc = (0..15).map(|n| format!("group {n}")).map(|gid| cc(&gid, &gid)).collect();
    app.receive(&reply);
    assert_eq!(sent(&mut app, row, thread, &gids), Some(true));
    let known = app.vault.readers(thread).unwrap();
    let groups = known.readers.iter().filter(|reader| reader.party.kind == PartyKind::Group);
    assert_eq!((groups.count(), known.unlisted), (20, 1));
    assert!(!known.readers.iter().any(|reader| reader.party.uid == "group 14"));
}

#[test]
fn a_full_thread_takes_in_no_letter_of_a_new_author() {
    let mut app = App::with_bob();
    let mut letter = app.letter(BOB, "Bob Jones", "to all the world");
    letter.cc = (0..400).map(|n| cc("Somebody", &uid(n))).collect();
    let thread = app.receive(&letter).thread;
    let outside = app.reply(letter.msgid, CAROL, "Carol Brown");
    let outside = app.receive(&outside);
    // Who is struck makes room for others, and may come back.
    for struck in [true, false] {
        for n in 0..120 {
            let now = app.now();
            let _ = app.vault.strike(thread, &uid(n).as_str().into(), struck, now).unwrap();
        }
        let mut more = app.reply(letter.msgid, BOB, "Bob Jones");
        more.cc = (400..900).map(|n| cc("Somebody", &uid(n))).collect();
        app.receive(&more);
    }
    let now = app.now();
    let why = app.vault.take_in(outside.thread, now).unwrap_err().to_string();
    assert!(why.contains("room for 0 more readers"), "{why}");
    assert_eq!(app.message(outside.id).thread, outside.thread);
    for n in 0..22 {
        let _ = app.vault.strike(thread, &uid(n).as_str().into(), true, now).unwrap();
    }
    assert_eq!(app.vault.take_in(outside.thread, now).unwrap().value, thread);
    app.queue_reply(thread, "to her too").unwrap();
    assert!(app.next_post().1.recipients.iter().any(|to| to.id == CAROL));
}

#[test]
fn a_letter_to_more_groups_than_fit_is_refused() {
    let mut app = App::with_bob();
    let gids: Vec<_> = (0..21).map(|n| format!("own group {n}")).collect();
    for gid in &gids {
        let _ = app
            .vault
            .set_standing(app.account, &gid.as_str().into(), None, Standing::Joined)
            .unwrap();
    }
    let gids: Vec<_> = gids.iter().map(String::as_str).collect();
    let why = app.try_queue(&gids, "to all").unwrap_err().to_string();
    assert!(why.contains("at most 20 groups"), "{why}");
    app.queue(&gids[..20], "to most");
    assert_eq!(app.next_post().1.recipients.len(), 20);
}

#[test]
fn unreached_readers_are_named_and_the_rest_counted() {
    let mut app = App::with_bob();
    let thread = filled(&mut app, 200, 0);
    let queued = app.queue_reply(thread, "to all of you").unwrap();
    let (item, _) = app.next_post();
    let out: Vec<_> = (0..200).map(uid).map(Uid::from).collect();
    let _ = app.vault.outbox_left_out(item.id, &out, "unknown", "failed", 0).unwrap();
    assert_eq!(app.next_post().1.recipients.len(), 1);
    app.send_next();
    let sent = app.message(queued.id);
    assert_eq!((sent.left_out.len(), sent.more_left_out), (5, 195));
    assert_eq!(sent.left_out[0].party.alias, "Somebody");
}
