//! Cost of a group of thousands: of a new member, and of listing all.

use super::*;
use crate::event::Event;
use crate::view::Standing;
use tmtp::id::MessageId;

const GROUP: &str = "the whole town";
/// Members of a group that is shown whole, and of the largest that a service may have.
const FEW: u32 = 50;
const MANY: u32 = 5_000;
/// Bytes of one event of a group.
const EVENT_BYTES: usize = 16 << 10;

/// A group that the member has founded: of `size` members half have joined, a quarter left again, and a
/// quarter is invited.
fn group(home: &mut Home, size: u32) {
    let account = home.account;
    let _ = home.vault.queue_invite(account, &GROUP.into(), "Somebody Else", "", 5).unwrap();
    home.vault
        .db
        .execute_batch(&format!(
            "BEGIN;
             INSERT OR IGNORE INTO grp (account, gid, alias, standing, whole)
                 VALUES ({account}, '{GROUP}', 'Own Alias', 'joined', 1);
             WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {size})
             INSERT INTO group_member (account, gid, alias, standing)
                 SELECT {account}, '{GROUP}', printf('Member of number %05d', n),
                     CASE n % 4 WHEN 0 THEN 'left' WHEN 1 THEN 'invited' ELSE 'joined' END FROM n;
             WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {size})
             INSERT INTO ping (account, msgid, incoming, from_uid, from_alias, to_alias, text, gid, at_ms,
                     state)
                 SELECT {account}, printf('%016x', 5000000 + n), 0, 'BB', 'Own Alias',
                     printf('Member of number %05d', n), '', '{GROUP}', n, 'waiting' FROM n WHERE n % 4 = 1;
             COMMIT;"
        ))
        .unwrap();
}

/// An unknown member joins. Returns the events.
fn join(home: &mut Home) -> Vec<Event> {
    home.number += 1;
    let number = u32::try_from(home.number).unwrap();
    let notice = MemberNotice {
        msgid: MessageId(number.into()),
        from_uid: uid("JNR", number).into(),
        gid: GROUP.into(),
        alias: format!("Newcomer {number}"),
        uid: None,
        act: MemberAct::Join,
    };
    home.vault.receive_member(home.account, &notice).unwrap().events
}

#[test]
fn cost_of_one_more_member_does_not_grow_with_the_group() {
    let (mut small, mut large) = (home(10), home(10));
    group(&mut small, FEW);
    group(&mut large, MANY);
    let (of_small, of_large) = (small.cost(join), large.cost(join));
    let counter = large.counter.lock().unwrap();
    let dearest = counter.steps.iter().max_by_key(|(_, steps)| **steps);
    assert!(
        of_large.steps <= of_small.steps + of_small.steps / 5 + 100 && of_large.steps < ONE,
        "{of_small:?}, {of_large:?}, {dearest:?}"
    );
}

#[test]
fn check_for_other_members_does_not_read_each() {
    let mut home = home(10);
    group(&mut home, MANY);
    home.vault.db.execute_batch("UPDATE group_member SET standing = 'invited'").unwrap();
    let account = home.account;
    let cost = home.cost(|home| {
        assert!(home.vault.reader().is_empty(account, &GROUP.into()).unwrap(), "nobody has joined");
    });
    assert!(cost.steps < 100, "{cost:?}");
}

#[test]
fn a_page_of_members_is_bounded_and_all_are_on_one() {
    let mut home = home(10);
    group(&mut home, MANY);
    let (account, mut after, mut listed, mut pages) = (home.account, None, Vec::new(), 0);
    loop {
        home.counter.lock().unwrap().cost = Cost::default();
        let page =
            home.vault.members(account, &GROUP.into(), after.as_ref(), Some(100_000)).unwrap();
        let steps = home.counter.lock().unwrap().cost.steps;
        assert!(steps < PAGE / 2 && page.members.len() <= 1_000, "page {pages}: {steps}");
        listed.extend(page.members);
        pages += 1;
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let known: Vec<_> = listed.iter().map(|member| &member.alias).collect();
    let distinct: std::collections::HashSet<_> = known.iter().collect();
    let group = home.vault.groups(None).unwrap().remove(0);
    assert_eq!(distinct.len(), known.len(), "nobody twice");
    assert_eq!((known.len() as u64, group.known), (u64::from(MANY), u64::from(MANY)));
    let joined = listed.iter().filter(|member| member.standing == Standing::Joined).count();
    assert_eq!(joined as u64, group.joined);
    assert_eq!(listed[..group.members.len()], group.members, "the first come with the group");
    let standings: Vec<_> = listed.iter().map(|member| member.standing as u8).collect();
    let changes = standings.windows(2).filter(|pair| pair[0] != pair[1]).count();
    assert_eq!(changes, 2, "joined, invited, left");
}

#[test]
fn the_event_of_a_group_is_bounded() {
    let mut home = home(10);
    group(&mut home, MANY);
    let events = join(&mut home);
    let bytes: Vec<_> =
        events.iter().map(|event| serde_json::to_string(event).unwrap().len()).collect();
    assert!(events.iter().any(|event| matches!(event, Event::Group { .. })), "{events:?}");
    assert!(bytes.iter().all(|bytes| *bytes < EVENT_BYTES), "{bytes:?}");
}
