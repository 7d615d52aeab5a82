//! Tests of the ledger: it sees each violation it is fed, and nothing where there is none.

use std::collections::BTreeSet;

use super::*;

const ADA: DeviceIndex = 0;
const BOB: DeviceIndex = 1;
const BOBS_OTHER: DeviceIndex = 2;
const CARMEN: DeviceIndex = 3;

/// A letter from Ada to Bob's two devices.
fn letter(number: u64) -> LedgerEntry {
    let marker = format!("zz-{number}");
    LedgerEntry {
        author: ADA,
        pen: ADA,
        number,
        from: "ada".into(),
        subject: "zz-1".into(),
        text: format!("{marker} tide"),
        marker,
        files: vec![File::of("map", b"bytes of a map")],
        required: [ADA, BOB, BOBS_OTHER].into(),
        allowed: BTreeSet::new(),
        ping_to: None,
        owners: [ADA].into(),
        alike: Vec::new(),
        given_up: BTreeSet::new(),
        unreached: BTreeSet::new(),
        perhaps_unreached: BTreeSet::new(),
        repeats: false,
        fate: Fate::Due,
    }
}

fn shown(letter: &LedgerEntry) -> Shown {
    Shown {
        msgid: Some(format!("{:016x}", 0x100 + letter.number)),
        place: letter.number,
        from: letter.from.clone(),
        subject: letter.subject.clone(),
        text: letter.text.clone(),
        files: letter.files.clone(),
    }
}

/// Everybody has what they should have.
fn fine(letters: &[LedgerEntry]) -> Vec<Home> {
    let home =
        |device| Home { device, shown: letters.iter().map(shown).collect(), ..Home::default() };
    let mut homes: Vec<_> = [ADA, BOB, BOBS_OTHER].map(home).into();
    homes.push(Home { device: CARMEN, ..Home::default() });
    homes
}

/// What is wrong after `spoil`.
fn wrong(spoil: impl FnOnce(&mut Vec<LedgerEntry>, &mut Vec<Home>)) -> Vec<Wrong> {
    let mut letters: Vec<_> = (1..=3).map(letter).collect();
    let mut homes = fine(&letters);
    spoil(&mut letters, &mut homes);
    check(&letters, &homes)
}

fn marker(number: u64) -> String {
    letter(number).marker
}

#[test]
fn correct_outcome_has_no_violation() {
    assert_eq!(wrong(|_, _| {}), []);
}

#[test]
fn missing_letter_is_found() {
    let found = wrong(|_, homes| drop(homes[BOB].shown.remove(1)));
    assert_eq!(found, [Wrong::Lacks { device: BOB, marker: marker(2) }]);
    assert!(found[0].may_mend());
}

#[test]
fn lost_letter_of_a_home_is_found() {
    let forget = |homes: &mut Vec<Home>| {
        homes.push(Home { device: BOB, had: [marker(2)].into(), ..Home::default() });
    };
    let found = wrong(|_, homes| forget(homes));
    assert_eq!(found, [Wrong::Forgotten { device: BOB, marker: marker(2) }]);
}

#[test]
fn letter_left_in_the_outbox_is_found() {
    let found = wrong(|_, homes| homes[ADA].shown[0].msgid = None);
    assert_eq!(found, [Wrong::Lacks { device: ADA, marker: marker(1) }]);
}

#[test]
fn duplicate_is_found_whatever_its_id() {
    let same = wrong(|letters, homes| homes[BOB].shown.push(shown(&letters[2])));
    assert_eq!(same, [Wrong::Twice { device: BOB, marker: marker(3) }]);
    let other = wrong(|letters, homes| {
        let msgid = Some("00000000000001ff".into());
        homes[BOB].shown.push(Shown { msgid, place: 9, ..shown(&letters[2]) });
    });
    assert!(other.contains(&Wrong::Twice { device: BOB, marker: marker(3) }), "{other:?}");
    assert!(matches!(other[1], Wrong::ManyIds { .. }), "{other:?}");
}

#[test]
fn letter_with_different_ids_on_devices_is_found() {
    let found = wrong(|_, homes| homes[BOB].shown[2].msgid = Some("00000000000001ff".into()));
    assert!(matches!(&found[..], [Wrong::ManyIds { ids, .. }] if ids.len() == 2), "{found:?}");
}

#[test]
fn letter_on_a_wrong_device_is_found() {
    let found = wrong(|letters, homes| homes[CARMEN].shown.push(shown(&letters[0])));
    assert_eq!(found, [Wrong::Misplaced { device: CARMEN, marker: marker(1) }]);
}

#[test]
fn new_device_may_or_may_not_have_the_letter() {
    let allow = |letters: &mut Vec<LedgerEntry>| letters[0].allowed = [CARMEN].into();
    assert_eq!(wrong(|letters, _| allow(letters)), []);
    let found = wrong(|letters, homes| {
        allow(letters);
        homes[CARMEN].shown.push(shown(&letters[0]));
    });
    assert_eq!(found, []);
}

#[test]
fn grouped_devices_have_all_or_none() {
    let alike = |letters: &mut Vec<LedgerEntry>| {
        letters[2].required = [ADA].into();
        letters[2].alike = vec![[BOB, BOBS_OTHER].into()];
    };
    assert_eq!(wrong(|letters, _| alike(letters)), []);
    let none = wrong(|letters, homes| {
        alike(letters);
        homes[BOB].shown.truncate(2);
        homes[BOBS_OTHER].shown.truncate(2);
    });
    assert_eq!(none, []);
    let one = wrong(|letters, homes| {
        alike(letters);
        homes[BOB].shown.truncate(2);
    });
    assert_eq!(one, [Wrong::Divided { device: BOB, marker: marker(3) }]);
}

/// Carmen was away for too long for the last two letters.
fn returned(notices: &[&str], missing: &[&str]) -> Vec<Wrong> {
    let notice = |text: &&str| Notice {
        subject: String::new(),
        thread: [marker(2)].into(),
        text: (*text).to_owned(),
    };
    wrong(|letters, homes| {
        for letter in &mut letters[1..] {
            letter.given_up = [CARMEN].into();
            letter.unreached = ["carmen".to_owned()].into();
        }
        homes[ADA].notices = notices.iter().map(notice).collect();
        homes[CARMEN].notices = missing.iter().map(notice).collect();
    })
}

#[test]
fn given_up_letter_needs_exactly_one_notice() {
    const MISSING: &str = "This device was away for so long that 2 messages for it had to go.";
    let together = ["Your 2 messages from 09:00 to 09:05 were not delivered."];
    let apart = ["Your message of 09:00 was not delivered.", "Your message of 09:05 was not."];
    assert_eq!(returned(&together, &[MISSING]), []);
    assert_eq!(returned(&apart, &[MISSING]), []);
    let what = What::Letters(marker(1));
    let wrong = |reported| Wrong::Returned { device: ADA, what: what.clone(), reported, due: 2 };
    assert_eq!(returned(&[], &[MISSING]), [wrong(0)]);
    assert_eq!(returned(&apart[..1], &[MISSING]), [wrong(1)]);
    assert_eq!(returned(&[together[0], apart[0]], &[MISSING]), [wrong(3)]);
    let unreported = Wrong::NotReported { device: CARMEN, reported: 0, due: 2 };
    assert_eq!(returned(&together, &[]), [unreported]);
}

#[test]
fn letter_of_unknown_reach_may_or_may_not_have_a_notice() {
    let reported = |count: usize| {
        let text = "Your message of 09:00 was not delivered.".to_owned();
        let notice = Notice { subject: String::new(), thread: [marker(1)].into(), text };
        wrong(|letters, homes| {
            letters[1].perhaps_unreached = ["carmen".to_owned()].into();
            homes[ADA].notices = vec![notice; count];
        })
    };
    assert_eq!((reported(0), reported(1)), (vec![], vec![]));
    let what = What::Letters(marker(1));
    assert_eq!(reported(2), [Wrong::Returned { device: ADA, what, reported: 2, due: 0 }]);
}

#[test]
fn return_of_a_delivered_letter_is_found() {
    let text = "Your message of 09:00 was not delivered.".to_owned();
    let notice = Notice { subject: String::new(), thread: [marker(1)].into(), text };
    let found = wrong(|_, homes| homes[ADA].notices.push(notice));
    let what = What::Letters(marker(1));
    assert_eq!(found, [Wrong::Returned { device: ADA, what, reported: 1, due: 0 }]);
}

#[test]
fn every_changed_field_is_found() {
    type Spoil = fn(&mut Shown);
    let spoils: [(&str, Spoil); 5] = [
        ("author", |shown| shown.from = "bob".into()),
        ("subject", |shown| shown.subject.clear()),
        ("text", |shown| shown.text.push('!')),
        ("attachment", |shown| shown.files[0] = File::of("map", b"bytes of a maq")),
        ("attachment", |shown| shown.files.clear()),
    ];
    for (what, spoil) in spoils {
        let found = wrong(|_, homes| spoil(&mut homes[BOBS_OTHER].shown[0]));
        assert_eq!(found, [Wrong::Changed { device: BOBS_OTHER, marker: marker(1), what }]);
    }
}

#[test]
fn subject_is_not_required_without_the_first_letter() {
    let late = |letters: &mut Vec<LedgerEntry>, homes: &mut Vec<Home>, lacks_first: bool| {
        letters[1].allowed = [CARMEN].into();
        letters[0].allowed = [CARMEN].into();
        homes[CARMEN].shown.push(Shown { subject: String::new(), ..shown(&letters[1]) });
        if !lacks_first {
            homes[CARMEN].shown.push(shown(&letters[0]));
        }
    };
    assert_eq!(wrong(|letters, homes| late(letters, homes, true)), []);
    let what = "subject";
    let found = wrong(|letters, homes| late(letters, homes, false));
    assert_eq!(found[0], Wrong::Changed { device: CARMEN, marker: marker(2), what });
}

#[test]
fn unknown_message_is_found() {
    let found = wrong(|letters, homes| {
        homes[BOB].shown.push(Shown { text: "zz-99 tide".into(), ..shown(&letters[0]) });
    });
    assert_eq!(found, [Wrong::FromNobody { device: BOB, text: "zz-99 tide".into() }]);
}

#[test]
fn order_of_ids_and_arrival_must_be_the_authors() {
    let ids = wrong(|_, homes| {
        for home in &mut homes[..3] {
            let first = home.shown[0].msgid.take();
            home.shown[0].msgid = home.shown[1].msgid.take();
            home.shown[1].msgid = first;
        }
    });
    assert_eq!(ids.len(), 3, "{ids:?}");
    assert!(matches!(ids[0], Wrong::OutOfOrder { by: "ids", .. }));
    let places = wrong(|_, homes| homes[BOB].shown[0].place = 7);
    let [Wrong::OutOfOrder { device: BOB, by: "places", .. }] = &places[..] else {
        panic!("{places:?}")
    };
}

#[test]
fn letters_of_different_pens_may_arrive_in_any_order() {
    assert_eq!(
        wrong(|letters, homes| {
            letters[0].pen = 9;
            homes[BOB].shown[0].place = 7;
        }),
        []
    );
}

#[test]
fn refused_letter_must_be_nowhere() {
    let refuse = |letters: &mut Vec<LedgerEntry>| letters[2].fate = Fate::Refused;
    let found = wrong(|letters, _| refuse(letters));
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(matches!(found[0], Wrong::RefusedButThere { .. }));
    let fine = wrong(|letters, homes| {
        refuse(letters);
        homes[ADA].shown[2].msgid = None;
        homes[BOB].shown.truncate(2);
        homes[BOBS_OTHER].shown.truncate(2);
    });
    assert_eq!(fine, []);
}

#[test]
fn possibly_sent_letter_is_everywhere_or_nowhere() {
    let half = wrong(|letters, homes| {
        letters[2].fate = Fate::Unknown;
        homes[ADA].shown.truncate(2);
        homes[BOB].shown.truncate(2);
    });
    let lacks = |device| Wrong::Lacks { device, marker: marker(3) };
    assert_eq!(half, [lacks(ADA), lacks(BOB)]);
    let nowhere = wrong(|letters, homes| {
        letters[2].fate = Fate::Unknown;
        homes.iter_mut().for_each(|home| home.shown.truncate(2));
    });
    assert_eq!(nowhere, []);
}

#[test]
fn two_homes_of_a_device_share_its_letters() {
    let split = |letters: &mut Vec<LedgerEntry>, homes: &mut Vec<Home>| {
        let second = homes[BOB].shown.split_off(1);
        homes.push(Home { device: BOB, shown: second, ..Home::default() });
        letters[0].repeats = true;
    };
    assert_eq!(wrong(split), []);
    let found = wrong(|letters, homes| {
        split(letters, homes);
        homes.last_mut().unwrap().shown.pop();
    });
    assert_eq!(found, [Wrong::Lacks { device: BOB, marker: marker(3) }]);
}

#[test]
fn every_post_of_a_repeatable_letter_is_required_everywhere() {
    let again = |letters: &mut Vec<LedgerEntry>, homes: &mut Vec<Home>| {
        letters[2].repeats = true;
        let msgid = Some("00000000000001ff".to_owned());
        for home in [BOB, BOBS_OTHER] {
            homes[home].shown.push(Shown { msgid: msgid.clone(), place: 9, ..shown(&letters[2]) });
        }
    };
    assert_eq!(wrong(again), []);
    let one_lacks = wrong(|letters, homes| {
        again(letters, homes);
        homes[BOBS_OTHER].shown.pop();
    });
    assert_eq!(one_lacks, [Wrong::Lacks { device: BOBS_OTHER, marker: marker(3) }]);
    let same_post = wrong(|letters, homes| {
        again(letters, homes);
        homes[BOB].shown.push(shown(&letters[2]));
    });
    assert_eq!(same_post, [Wrong::Twice { device: BOB, marker: marker(3) }]);
}

#[test]
fn checksums_differ_with_the_bytes() {
    assert_eq!(sum(b"tide"), sum(b"tide"));
    assert_ne!(sum(b"tide"), sum(b"tidf"));
    assert!(File { sum: None, ..File::of("map", b"1234") }.is_like(&File::of("map", b"5678")));
}
