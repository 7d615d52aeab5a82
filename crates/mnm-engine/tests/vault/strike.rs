//! Tests of struck readers: they get no more letters, and come in by no way, on no device.

use mnm_engine::vault::MemberAct;
use mnm_engine::view::{MayReply, Reach};
use tmtp::id::MessageId;

use crate::cast::{ALICE, App, BOB, CAROL, MALLORY, cc, member, recipients, through_gardeners};

#[test]
fn a_struck_reader_gets_no_letters_and_who_added_them_is_shown() {
    let mut app = App::with_bob();
    let (thread, letter) = app.of_three();
    let mut reply = app.reply(letter.msgid, CAROL, "Carol Brown");
    reply.cc = vec![cc("Mallory X", MALLORY)];
    app.receive(&reply);
    let reader = |app: &App, uid: &str| {
        let readers = app.vault.readers(thread).unwrap().readers;
        readers.into_iter().find(|reader| reader.party.uid == uid).unwrap()
    };
    let mallory = reader(&app, MALLORY);
    assert_eq!((mallory.by, mallory.at_ms), (Some(CAROL.into()), reply.posted_ms));
    app.add_device();
    app.notices();
    let now = app.now();
    let _ = app.vault.strike(thread, &MALLORY.into(), true, now).unwrap();
    assert!(reader(&app, MALLORY).struck);
    let told = app.notices();
    assert!(told.iter().any(|notice| notice.contains("struck_ms")), "{told:?}");
    app.queue_reply(thread, "without them").unwrap();
    let (_, post) = app.next_post();
    assert!(!recipients(&post).contains(&MALLORY));
    // Nobody else brings them back, and their letters stay outside.
    let mut again = app.reply(letter.msgid, CAROL, "Carol Brown");
    again.cc = vec![cc("Mallory X", MALLORY)];
    app.receive(&again);
    assert!(reader(&app, MALLORY).struck);
    let intrusion = app.reply(letter.msgid, MALLORY, "Mallory X");
    assert_ne!(app.receive(&intrusion).thread, thread);
    let now = app.now();
    let _ = app.vault.strike(thread, &MALLORY.into(), false, now).unwrap();
    assert!(!reader(&app, MALLORY).struck);
    assert!(app.vault.strike(thread, &ALICE.into(), true, now).is_err());
    // With everybody struck there is nobody to write to, and it is no note to oneself.
    for uid in [BOB, CAROL, MALLORY] {
        let _ = app.vault.strike(thread, &uid.into(), true, now).unwrap();
    }
    assert_eq!(app.may_reply(thread), MayReply::Struck);
    assert!(app.queue_reply(thread, "alone").is_err());
}

#[test]
fn a_struck_reader_does_not_return_through_a_group() {
    let mut app = App::with_gardeners();
    let letter = app.letter_to_gardeners(MALLORY, "Mallory X", "sail");
    let thread = app.receive(&letter).thread;
    let joined = member(&mut app, MALLORY, "Mallory X", MemberAct::Join);
    let _ = app.vault.receive_member(app.account, &joined).unwrap();
    let now = app.now();
    let _ = app.vault.strike(thread, &MALLORY.into(), true, now).unwrap();
    for groups in [vec!["Gardeners".into()], Vec::new()] {
        let mut intrusion = app.reply(letter.msgid, MALLORY, "Mallory X");
        intrusion.subject = "Renamed".into();
        intrusion.groups = groups;
        assert_ne!(app.receive(&intrusion).thread, thread);
    }
    let row = app.vault.thread(thread).unwrap().row;
    assert_eq!((row.subject.as_str(), row.count), ("About sail", 1));
    // The others of the group write on, and one who is let in again does too.
    let other = through_gardeners(app.reply(letter.msgid, CAROL, "Carol Brown"));
    assert_eq!(app.receive(&other).thread, thread);
    let now = app.now();
    let _ = app.vault.strike(thread, &MALLORY.into(), false, now).unwrap();
    let more = app.reply(letter.msgid, MALLORY, "Mallory X");
    assert_eq!(app.receive(&more).thread, thread);
}

#[test]
fn a_group_author_is_listed_and_can_be_struck() {
    let mut app = App::with_gardeners();
    let letter = app.letter_to_gardeners(BOB, "Bob Jones", "seeds");
    let thread = app.receive(&letter).thread;
    let through = through_gardeners(app.reply(letter.msgid, CAROL, "Carol Brown"));
    assert_eq!(app.receive(&through).thread, thread);
    let listed = app.vault.readers(thread).unwrap().readers;
    assert!(listed.iter().any(|reader| reader.party.uid == CAROL && !reader.struck), "{listed:?}");
    let reach = |uid: &str| listed.iter().find(|reader| reader.party.uid == uid).unwrap().reach;
    assert_eq!(
        [BOB, "Gardeners", CAROL].map(reach),
        [Reach::Named, Reach::Named, Reach::Group],
        "{listed:?}"
    );
    let now = app.now();
    let _ = app.vault.strike(thread, &CAROL.into(), true, now).unwrap();
    let again = through_gardeners(app.reply(letter.msgid, CAROL, "Carol Brown"));
    assert_ne!(app.receive(&again).thread, thread);
    let listed = app.vault.readers(thread).unwrap().readers;
    let struck = listed.iter().find(|reader| reader.party.uid == CAROL && reader.struck).unwrap();
    assert_eq!(struck.party.alias, "Carol Brown");
    // Who never wrote there can't be.
    let now = app.now();
    assert!(app.vault.strike(thread, &MALLORY.into(), true, now).is_err());
}

#[test]
fn a_struck_group_author_is_struck_on_every_device() {
    let mut laptop = App::with_gardeners();
    let mut tablet = App::with_gardeners();
    let letter = laptop.letter_to_gardeners(BOB, "Bob Jones", "seeds");
    let through = through_gardeners(laptop.reply(letter.msgid, CAROL, "Carol Brown"));
    let thread = laptop.receive(&letter).thread;
    let beside = tablet.receive(&letter).thread;
    for app in [&mut laptop, &mut tablet] {
        app.receive(&through);
    }
    laptop.add_device();
    laptop.notices();
    let now = laptop.now();
    let _ = laptop.vault.strike(thread, &CAROL.into(), true, now).unwrap();
    tablet.hears(&laptop.notices());
    let listed = tablet.vault.readers(beside).unwrap().readers;
    assert!(listed.iter().any(|reader| reader.party.uid == CAROL && reader.struck), "{listed:?}");
    tablet.queue_reply(beside, "without her").unwrap();
    assert!(!recipients(&tablet.next_post().1).contains(&CAROL));
}

#[test]
fn the_later_choice_of_two_devices_counts() {
    let mut laptop = App::with_bob();
    let mut tablet = App::with_bob();
    let (there, letter) = laptop.of_three();
    let here = tablet.receive(&letter).thread;
    laptop.add_device();
    laptop.notices();
    let hear = |tablet: &mut App, told: &[String]| {
        tablet.hears(told);
        let readers = tablet.vault.readers(here).unwrap().readers;
        readers.into_iter().find(|reader| reader.party.uid == CAROL).unwrap().struck
    };
    let at = laptop.now() + 1_000;
    let _ = laptop.vault.strike(there, &CAROL.into(), true, at).unwrap();
    let struck = laptop.notices();
    assert!(hear(&mut tablet, &struck));
    let _ = tablet.vault.strike(here, &CAROL.into(), false, at + 10).unwrap();
    assert!(!hear(&mut tablet, &struck), "an old word comes late");
    let _ = laptop.vault.strike(there, &CAROL.into(), false, at + 20).unwrap();
    let again = laptop.notices();
    let _ = tablet.vault.strike(here, &CAROL.into(), true, at + 30).unwrap();
    assert!(hear(&mut tablet, &again), "likewise");
}

#[test]
fn a_reader_struck_on_another_device_starts_no_group_thread() {
    let mut laptop = App::with_gardeners();
    let mut opening = laptop.letter(MALLORY, "Mallory X", "sail");
    opening.cc = vec![cc("Mallory X", MALLORY), cc("Gardeners", "Gardeners")];
    let thread = laptop.receive(&opening).thread;
    laptop.add_device();
    laptop.notices();
    let now = laptop.now();
    let _ = laptop.vault.strike(thread, &MALLORY.into(), true, now).unwrap();
    let told = laptop.notices();

    let mut tablet = App::with_gardeners();
    tablet.hears(&told);
    let mut intrusion = tablet.reply(opening.msgid, MALLORY, "Mallory X");
    intrusion.msgid = MessageId(0x2001);
    intrusion.groups = vec!["Gardeners".into()];
    let outside = tablet.receive(&intrusion).thread;
    let mut other = tablet.reply(opening.msgid, CAROL, "Carol Brown");
    other.msgid = MessageId(0x2002);
    other.groups = vec!["Gardeners".into()];
    assert_ne!(tablet.receive(&other).thread, outside);
    tablet.vault.check().unwrap();
}
