//! Raw member of revision 1 in the crash test: two devices, links that are cut, acks that are left out.
//!
//! As every such app has to, it sends a post again whose ack it did not get, the same bytes under
//! the same id; and drops what it has when it comes again.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tmtp_testkit::dice::Dice;
use tmtp_testkit::peer::RawPeer;
use tmtp_testkit::wire::{self, Frame};

use crate::cast::{APPS, Account, GROUP, Member};
use crate::letter::{Fate, Ledger, TrackedLetter};

/// Data of the last message of all, which the raw member writes to itself.
const END: &[u8] = b"the end";
/// The longest message whose ack is ever left out.
const FORGOTTEN_MAX_BYTES: usize = 10_000;
/// Pace of the load, and of attempts to connect.
const PACE: Duration = Duration::from_millis(40);

/// What a device stored, by id of the message: sender and data behind the second header.
pub(crate) type Stored = BTreeMap<String, (String, Vec<u8>)>;

/// The raw member.
pub(crate) struct Rolf<'a> {
    pub(crate) account: Account,
    /// By [`Member`].
    pub(crate) uids: [String; 4],
    pub(crate) address: SocketAddr,
    pub(crate) ledger: &'a Ledger,
    pub(crate) stored: [Mutex<Stored>; 2],
    /// No more letters.
    pub(crate) stop: &'a AtomicBool,
    /// Everybody has everything: take what is left, and end.
    pub(crate) finish: &'a AtomicBool,
}

/// A thread the raw member has opened.
struct Thread {
    id: String,
    subject: String,
    audience: BTreeSet<Member>,
}

/// A post until it is acknowledged.
struct Post {
    id: String,
    bytes: Vec<u8>,
    letter: Option<TrackedLetter>,
}

/// What the device that posts has in hand.
#[derive(Default)]
struct Desk {
    threads: Vec<Thread>,
    number: u64,
    open: Option<Post>,
}

impl Rolf<'_> {
    /// The device that posts, to the end.
    pub(crate) async fn write_on(&self, mut dice: Dice) {
        let mut desk = Desk::default();
        while !(self.finish.load(Ordering::SeqCst) && desk.open.is_none()) {
            if let Some(peer) = self.enter(0).await {
                self.post_on(peer, &mut desk, &mut dice).await;
            }
        }
        let to = json!([{"id": self.account.uid, "type": 1}]);
        desk.open = Some(post("end".into(), &to, None, END, None));
        while desk.open.is_some() {
            if let Some(peer) = self.enter(0).await {
                self.post_on(peer, &mut desk, &mut dice).await;
            }
        }
        self.read_along(0, dice).await;
    }

    /// Reads until the end has come, then once more what was not acknowledged.
    pub(crate) async fn read_along(&self, device: usize, mut dice: Dice) {
        let mut seen_end = false;
        loop {
            let Some(mut peer) = self.enter(device).await else { continue };
            let is_end = self.read_on(&mut peer, device, &mut dice, seen_end).await;
            if is_end && seen_end {
                return peer.quit().await.unwrap();
            }
            seen_end |= is_end;
        }
    }

    /// Posts on one link until it is cut or there is no more to post.
    async fn post_on(&self, mut peer: RawPeer, desk: &mut Desk, dice: &mut Dice) {
        for _ in 0..dice.between(1, 12) {
            if desk.open.is_none() {
                desk.open = self.next_letter(desk, dice);
            }
            let Some(post) = &desk.open else { break };
            let Some(ack) = self.exchange(&mut peer, post, dice).await else { return };
            self.acknowledged(desk, &ack);
            // Not synchronisation: the pace of the load.
            tokio::time::sleep(PACE).await;
        }
        // Not synchronisation: how often somebody idle looks whether all is over.
        tokio::time::sleep(PACE).await;
    }

    async fn enter(&self, device: usize) -> Option<RawPeer> {
        let peer = self.login(device).await;
        if peer.is_none() {
            // Not synchronisation: the service is down for a while.
            tokio::time::sleep(PACE).await;
        }
        peer
    }

    /// The `login` message comes behind what waited, so it is read with the rest.
    async fn login(&self, device: usize) -> Option<RawPeer> {
        let mut peer = RawPeer::connect(self.address).await.ok()?;
        peer.greet().await.ok()?;
        let (uid, node) = (&self.account.uid, &self.account.devices[device]);
        peer.request(json!({"op": 2, "uid": uid, "node": node})).await.ok()?;
        peer.expect_op("info").await.ok()?;
        Some(peer)
    }

    /// Sends a post, or a part of it before the link is cut; its ack, if it was read.
    async fn exchange(&self, peer: &mut RawPeer, post: &Post, dice: &mut Dice) -> Option<Frame> {
        let cut = self.may_cut() && dice.once_in(6);
        let len = if cut && dice.once_in(2) { post.bytes.len() / 2 } else { post.bytes.len() };
        peer.send_raw(&post.bytes[..len]).await.ok()?;
        if cut {
            return None;
        }
        loop {
            let frame = peer.next().await.ok()?;
            match frame.op() {
                "ack" if frame.id() == post.id => return Some(frame),
                "quit" => return None,
                _ => self.store(peer, 0, frame, dice, false).await?,
            };
        }
    }

    /// Reads until the link is cut, or the end has come; whether it has.
    async fn read_on(
        &self,
        peer: &mut RawPeer,
        device: usize,
        dice: &mut Dice,
        ack_all: bool,
    ) -> bool {
        let mut left = dice.between(1, 40);
        loop {
            let Ok(frame) = peer.next().await else { return false };
            match self.store(peer, device, frame, dice, ack_all).await {
                Some(true) => return true,
                None => return false,
                Some(false) if left == 0 && self.may_cut() => return false,
                Some(false) => left = left.saturating_sub(1),
            }
        }
    }

    /// Stores a message and acknowledges it, or forgets to; whether it was the end. None when the
    /// link is gone.
    async fn store(
        &self,
        peer: &mut RawPeer,
        device: usize,
        frame: Frame,
        dice: &mut Dice,
        ack_all: bool,
    ) -> Option<bool> {
        if frame.op() == "quit" {
            return None;
        }
        if !frame.is_stored() {
            return Some(false);
        }
        let is_end = frame.data == END;
        // Long ones always: the service sends only so many bytes ahead of the acks.
        let forgotten = frame.data.len() < FORGOTTEN_MAX_BYTES && dice.once_in(4);
        if ack_all || !(is_end || forgotten && self.may_cut()) {
            peer.ack(frame.id()).await.ok()?;
        }
        if frame.op() == "delivery" && !is_end {
            let head = frame.head["datahead"].as_u64().unwrap_or(0) as usize;
            let content = (frame.text("from").to_owned(), frame.data[head..].to_vec());
            let id = frame.id().to_owned();
            let before = self.stored[device].lock().unwrap().insert(id, content.clone());
            assert!(before.is_none_or(|before| before == content), "one id, two messages");
        }
        Some(is_end)
    }

    fn may_cut(&self) -> bool {
        !self.finish.load(Ordering::SeqCst)
    }

    fn acknowledged(&self, desk: &mut Desk, ack: &Frame) {
        assert!(ack.head["error"].is_null(), "refused: {}", ack.raw_head);
        let Some(letter) = desk.open.take().and_then(|post| post.letter) else { return };
        let id = ack.text("msgid").to_owned();
        self.ledger.settle(&letter.marker, Fate::Due);
        let own = (self.account.uid.clone(), letter.text.clone().into_bytes());
        self.stored[0].lock().unwrap().insert(id.clone(), own);
        if letter.marker == letter.subject {
            let TrackedLetter { subject, audience, .. } = letter;
            desk.threads.push(Thread { id, subject, audience });
        }
    }

    /// The next letter, if there is to be one.
    fn next_letter(&self, desk: &mut Desk, dice: &mut Dice) -> Option<Post> {
        if self.stop.load(Ordering::SeqCst) {
            return None;
        }
        desk.number += 1;
        let (number, threads) = (desk.number, &desk.threads);
        let marker = self.ledger.marker(APPS, number);
        let (thread, subject, audience) = match dice.pick(threads) {
            Some(thread) if threads.len() == AUDIENCES => {
                (thread.id.as_str(), thread.subject.clone(), thread.audience.clone())
            }
            _ => ("", marker.clone(), audience(threads.len())),
        };
        let text = self.ledger.text(&marker, dice);
        let (device, file, fate) = (APPS, None, Fate::Due);
        let letter = TrackedLetter { marker, device, number, subject, audience, text, file, fate };
        self.ledger.note(letter.clone());
        let to = self.subscribers(&letter).into_iter();
        let to: Vec<_> = to.map(|(id, _, kind)| json!({"id": id, "type": kind})).collect();
        let (head, content) = (self.letter_head(thread, &letter), letter.text.clone().into_bytes());
        Some(post(format!("{number:016x}"), &json!(to), Some(&head), &content, Some(letter)))
    }

    fn letter_head(&self, thread: &str, letter: &TrackedLetter) -> Value {
        let alias = Member::Rolf.alias();
        let mut head = json!({"ThreadId": thread, "Alias": alias, "Subject": ""});
        if thread.is_empty() {
            let own = (self.account.uid.as_str(), alias, 1);
            let everybody = self.subscribers(letter).into_iter().chain([own]);
            let cc = everybody.map(|(uid, who, _)| {
                json!({"Who": who, "WhoUid": uid, "By": alias, "ByUid": self.account.uid,
                    "Date": "2026-01-02T03:04:05.000Z", "Note": "", "Subscribe": true})
            });
            head["Cc"] = cc.collect();
            head["Subject"] = letter.subject.clone().into();
        }
        head
    }

    /// Everybody but the author: id, alias, and the kind of recipient.
    fn subscribers(&self, letter: &TrackedLetter) -> Vec<(&str, &'static str, u8)> {
        if letter.audience.len() == Member::ALL.len() {
            return vec![(GROUP, GROUP, 3)];
        }
        let others = letter.audience.iter().filter(|member| **member != Member::Rolf);
        others.map(|member| (self.uids[*member as usize].as_str(), member.alias(), 1)).collect()
    }
}

/// Threads the raw member opens.
const AUDIENCES: usize = 3;

fn audience(thread: usize) -> BTreeSet<Member> {
    match thread {
        0 => [Member::Ada, Member::Rolf].into(),
        1 => [Member::Bjorn, Member::Carmen, Member::Rolf].into(),
        _ => Member::ALL.into(),
    }
}

fn post(
    id: String,
    to: &Value,
    head: Option<&Value>,
    content: &[u8],
    letter: Option<TrackedLetter>,
) -> Post {
    let head = head.map(Value::to_string).unwrap_or_default();
    let data = [head.as_bytes(), content].concat();
    let request = json!({"op": 7, "id": id, "for": to, "datalen": data.len(),
        "datahead": head.len()});
    Post { id, bytes: wire::frame(&request.to_string(), &data).unwrap(), letter }
}
