//! Tests of decisions: requests decided without a store, a disk or a clock.

use std::sync::Arc;

use tmtp::event::MessageKind;
use tmtp::id::Uid;
use tmtp::request::{Data, GroupAct, Recipient, Request};

use super::*;
use crate::config::{Limits, PostPolicy};
use crate::decision::Tally;
use crate::directory::{Device, Directory, DirectoryChange, Member, MemberNumber, SecretHash};
use crate::terms::Terms;
use tmtp_store::{DeviceNumber, Queue, QueueLengths};

/// The moment of every decision here.
const NOW_MS: i64 = 1_800_000_000_000;

/// Members with one device each, whose number is theirs.
struct World {
    directory: Directory,
    terms: Terms,
    /// Devices for which too much waits.
    full: Vec<DeviceNumber>,
}

impl World {
    fn of(names: &[&str]) -> Self {
        let mut directory = Directory::default();
        for (number, name) in (0..).zip(names) {
            let secret = SecretHash::of(&[number as u8; 25]);
            let device = Device { number, secret, label: String::new(), added_ms: NOW_MS };
            let uid = Uid::from_bytes(&[number as u8 + 1; 20]);
            let member = Member { uid, devices: vec![device], aliases: vec![(*name).into()] };
            directory.apply(DirectoryChange::Member(MemberNumber(number), member));
        }
        let terms = Terms {
            name: "the service".into(),
            limits: Arc::new(Limits::default()),
            post_policy: PostPolicy::Acquainted,
            policy_text: "acquainted",
        };
        Self { directory, terms, full: Vec::new() }
    }

    fn sender(&self, number: u32) -> Sender {
        let member = MemberNumber(number);
        Sender { member, device: number, uid: self.directory.member(member).unwrap().uid.clone() }
    }

    fn uid(&self, number: u32) -> Uid {
        self.sender(number).uid
    }

    fn decide(&self, by: u32, request: &Request) -> Result<Decision, Refusal> {
        let facts =
            Facts { directory: &self.directory, queues: self, terms: &self.terms, now_ms: NOW_MS };
        let payload = if let Request::Post { .. } = request {
            Payload::Message(NewData::Inline(Default::default()))
        } else {
            Payload::Text(String::new())
        };
        let sender = self.sender(by);
        let mut decision = decide(&facts, &sender, request.clone(), payload)?;
        full::pass_over(&facts, &sender, &mut decision);
        Ok(decision)
    }

    /// Decides, and makes the changes.
    fn done(&mut self, by: u32, request: &Request) -> Decision {
        let decision = self.decide(by, request).unwrap();
        decision.changes.iter().cloned().for_each(|change| self.directory.apply(change));
        decision
    }
}

impl QueueLengths for World {
    fn queue(&self, device: DeviceNumber) -> Queue {
        let messages = if self.full.contains(&device) { u64::MAX } else { 0 };
        Queue { messages, bytes: 0 }
    }

    fn queues_together(&self, devices: &[DeviceNumber]) -> Queue {
        let messages = devices.iter().map(|device| self.queue(*device).messages).max();
        Queue { messages: messages.unwrap_or(0), bytes: 0 }
    }

    fn queues_over(&self, devices: &[DeviceNumber], _: u64, _: u64) -> Vec<DeviceNumber> {
        devices.iter().copied().filter(|device| self.full.contains(device)).collect()
    }
}

fn post(to: Vec<Recipient>) -> Request {
    Request::Post { id: "1".into(), to, not_alone: false, data: Data::default() }
}

fn ping(from: &str, to: &str) -> Request {
    let (from, to) = (from.into(), to.into());
    Request::Ping { id: "1".into(), from, to, data: Data::default() }
}

fn invite(from: &str, to: &str) -> Request {
    let (id, gid) = ("1".into(), "the group".into());
    let (from, to) = (from.into(), to.into());
    Request::GroupInvite { id, gid, from, to, data: Data::default() }
}

fn group_edit(act: GroupAct) -> Request {
    Request::GroupEdit { id: "1".into(), gid: "the group".into(), act }
}

#[test]
fn post_to_strangers_is_refused_naming_all() {
    let world = World::of(&["ada lovelace", "bob babbage", "carol hopper"]);
    let to = vec![Recipient::Member(world.uid(1)), Recipient::Member(world.uid(2))];
    let refusal = world.decide(0, &post(to)).unwrap_err();
    assert_eq!(refusal.rule, Rule::NotAcquainted);
    assert_eq!(refusal.of, [world.uid(1), world.uid(2)]);
}

#[test]
fn pinged_member_may_write_and_a_decision_alone_changes_nothing() {
    let mut world = World::of(&["ada lovelace", "bob babbage"]);
    let asked = ping("ada lovelace", "bob babbage");
    let answer = post(vec![Recipient::Member(world.uid(0))]);
    world.decide(0, &asked).unwrap();
    assert_eq!(world.decide(1, &answer).unwrap_err().rule, Rule::NotAcquainted, "not done yet");

    let decision = world.done(0, &asked);
    assert_eq!(decision.messages[0].devices, [1]);
    assert!(matches!(&decision.tallies[..], [Tally::Ping(ping)] if !ping.acquainted));

    let answered = world.done(1, &answer);
    assert!(matches!(
        &answered.changes[..],
        [DirectoryChange::Acquaintance { from: MemberNumber(0), to: MemberNumber(1) }]
    ));
    // Both know each other now: nothing more changes.
    assert!(world.done(1, &answer).changes.is_empty());
}

#[test]
fn only_unknown_names_count_as_guesses() {
    let world = World::of(&["ada lovelace", "bob babbage"]);
    let unknown = world.decide(0, &ping("ada lovelace", "nobody at all")).unwrap_err();
    assert!(unknown.is_guess);
    let not_own = world.decide(0, &ping("bob babbage", "bob babbage")).unwrap_err();
    assert_eq!((not_own.rule, not_own.is_guess), (Rule::NotOwnAlias, false));
}

#[test]
fn first_invitation_makes_a_group_that_its_invitee_joins() {
    let mut world = World::of(&["ada lovelace", "bob babbage", "carol hopper"]);
    let to_group = post(vec![Recipient::Group("the group".into())]);
    assert_eq!(world.decide(0, &to_group).unwrap_err().rule, Rule::NotInGroup);

    world.done(0, &invite("ada lovelace", "bob babbage"));
    let join = group_edit(GroupAct::Join { newalias: None });
    assert_eq!(world.decide(2, &join).unwrap_err().rule, Rule::NotInGroup, "not invited");
    let joined = world.done(1, &join);
    assert!(
        matches!(&joined.tallies[..], [Tally::GroupNotices(MemberNumber(1), told)] if *told > 1)
    );
    assert_eq!(world.done(0, &to_group).messages[0].devices, [1]);

    // To say so again is told only to one's own devices.
    let again = world.done(1, &join);
    assert!(again.changes.is_empty());
    assert_eq!(again.messages[0].devices, [1]);
}

#[test]
fn full_queue_is_skipped_and_reported() {
    let mut world = World::of(&["ada lovelace", "bob babbage"]);
    world.done(0, &invite("ada lovelace", "bob babbage"));
    world.done(1, &group_edit(GroupAct::Join { newalias: None }));
    world.full = vec![1];

    let to_group = world.decide(0, &post(vec![Recipient::Group("the group".into())])).unwrap();
    let [message, notice] = &to_group.messages[..] else { panic!("{to_group:?}") };
    assert!(message.devices.is_empty());
    assert!(notice.from_service && matches!(notice.kind, MessageKind::Delivery { .. }));
    assert_eq!(notice.devices, [0]);
    assert!(matches!(&to_group.tallies[..], [.., Tally::Missing(missing)] if missing[&1] == 1));

    let by_name = world.decide(0, &post(vec![Recipient::Member(world.uid(1))]));
    assert_eq!(by_name.unwrap_err().rule, Rule::QueueFull);
}
