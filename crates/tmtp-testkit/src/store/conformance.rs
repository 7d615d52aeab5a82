//! Conformance suite of stores: what every store behind `tmtp_store::Store` does, whatever it is made of.
//!
//! `store_conformance!(name, opened, reopened)` makes the tests; `opened` gives an empty store and what must
//! outlive it, `reopened` the store in the folder of a backup. What a store leaves on a disk, and what it has after a crash, is for its own tests.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tmtp_store::{Batch, Class, Commit, Cursor, MAX_SMALL_BYTES, NewData, Position, StoreError};

use super::{BlockingStore, Message, ModelStore};
use crate::dice::Dice;

/// Far more than anything takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Makes a module with one test for each rule.
#[macro_export]
macro_rules! store_conformance {
    ($name:ident, $opened:expr, $reopened:expr) => {
        $crate::store_conformance!(
            @tests $name, $opened, $reopened,
            queues_erase_with_the_last_acknowledgement
            user_messages_come_first_and_are_found_behind_the_rest
            a_long_queue_is_read_piece_by_piece
            a_commit_is_whole_or_absent
            positions_rise_and_are_given_at_the_commit
            what_is_of_the_store_or_too_long_is_refused
            a_queue_is_copied_as_it_is_at_its_place_in_the_order
            a_queue_is_dropped_with_rows
            what_is_acknowledged_while_a_queue_is_copied_is_copied_too
            messages_are_given_up_all_or_none
            a_large_body_passes_in_pieces
            a_body_of_another_store_is_refused
            rows_are_read_by_prefix_and_page
            lengths_of_queues_are_those_of_what_waits
            room_is_given_and_comes_back
            a_closed_store_refuses
            it_answers_like_the_model
        );
    };
    (@tests $name:ident, $opened:expr, $reopened:expr, $($test:ident)*) => {
        mod $name {
            #[test]
            fn a_backup_holds_what_was_acknowledged_before_it() {
                let (store, _outlives) = $opened;
                $crate::store::conformance::a_backup_holds_what_was_acknowledged_before_it(
                    &store, $reopened,
                );
            }
            $(
                #[test]
                fn $test() {
                    let (store, _outlives) = $opened;
                    $crate::store::conformance::$test(&store);
                }
            )*
        }
    };
}

fn post(store: &BlockingStore, id: u64, text: &str, devices: &[u32]) {
    commit(store, vec![Message::text(id, text, devices)]);
}

fn commit(store: &BlockingStore, messages: Vec<Message>) {
    let first = messages.first().map(|message| Position(message.id));
    match store.post_all(messages, Batch::new()).wait() {
        Ok(given) => assert_eq!(given, first),
        Err(error) => panic!("{error}"),
    }
}

fn done(receipt: tmtp_store::Receipt) {
    if let Err(error) = receipt.wait() {
        panic!("{error}");
    }
}

fn good<T>(result: Result<T, StoreError>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{error}"),
    }
}

fn texts(store: &BlockingStore, device: u32) -> Vec<String> {
    let queued = good(store.queued(device, Cursor::start(), usize::MAX));
    let text = |queued| String::from_utf8_lossy(&good(store.content(queued)).1).into_owned();
    queued.iter().map(text).collect()
}

/// Each device has its own queue, in order; what all have acknowledged is gone.
pub fn queues_erase_with_the_last_acknowledgement(store: &BlockingStore) {
    post(store, 1, "stays", &[7, 8]);
    post(store, 2, "goes", &[8, 7, 8]);
    assert_eq!((store.queued_ids(7), store.queued_ids(8)), (vec![1, 2], vec![1, 2]));
    let queued = good(store.queued(7, Cursor::start(), 10));
    assert_eq!(good(store.content(&queued[1])), ("head of 2:".into(), b"goes".to_vec()));
    assert_eq!((queued[1].head_len, queued[1].data_len), (10, 4));

    store.ack(7, &[2]);
    assert_eq!(store.queued_ids(7), [1], "hidden at once");
    store.ack(7, &[2, 2, 99]);
    store.ack(9, &[1]);
    done(store.flush());
    assert_eq!(store.queued_ids(8), [1, 2], "acknowledging twice counts once");
    assert_eq!((store.stats().messages, store.stats().queued), (2, 3));
    store.ack(8, &[2]);
    done(store.flush());
    assert!(matches!(store.read(&queued[1]), Err(StoreError::Gone)));
    assert_eq!(texts(store, 8), ["stays"]);
    assert_eq!(store.last_id(), 2, "erased ones included");
}

/// A reader that has gone on to the rest still finds what comes first.
pub fn user_messages_come_first_and_are_found_behind_the_rest(store: &BlockingStore) {
    let user = |id| Message { class: Class::User, ..Message::text(id, "user", &[1]) };
    post(store, 1, "rest", &[1]);
    commit(store, vec![user(2)]);
    let mut cursor = Cursor::start();
    let mut next = |limit| -> Vec<u64> {
        good(store.next(1, &mut cursor, limit)).iter().map(|queued| queued.position.0).collect()
    };
    assert_eq!(next(10), [2, 1]);
    assert_eq!(next(10), [0; 0]);
    commit(store, vec![user(3)]);
    post(store, 4, "rest", &[1]);
    assert_eq!(next(1), [3], "the limit holds");
    assert_eq!(next(10), [4]);
    assert_eq!(next(10), [0; 0]);
    let (user, rest) = (Class::User, Class::Rest);
    let inner = store.inner();
    super::wait(async {
        assert_eq!(good(inner.oldest().await), Some(Position(1)));
        assert_eq!(good(inner.next_queued(1, user, None).await), Some(Position(2)));
        assert_eq!(good(inner.next_queued(1, user, Some(Position(2))).await), Some(Position(3)));
        assert_eq!(good(inner.next_queued(1, rest, Some(Position(4))).await), None);
        assert!(good(inner.queued_at(1, rest, Position(4)).await).is_some());
        assert!(good(inner.queued_at(1, user, Position(4)).await).is_none(), "the other class");
        assert!(good(inner.queued_at(2, rest, Position(4)).await).is_none(), "not its queue");
    });
}

/// Pages of a queue follow each other without gaps, also over what comes meanwhile.
pub fn a_long_queue_is_read_piece_by_piece(store: &BlockingStore) {
    (1..=15).for_each(|id| post(store, id, "waits", &[1]));
    let mut cursor = Cursor::start();
    let mut next = || -> Vec<u64> {
        good(store.next(1, &mut cursor, 4)).iter().map(|queued| queued.position.0).collect()
    };
    for first in [1, 5, 9, 13] {
        assert_eq!(next(), (first..=15.min(first + 3)).collect::<Vec<_>>());
    }
    assert_eq!(next(), [0; 0]);
    post(store, 16, "after all", &[1]);
    assert_eq!(next(), [16]);
}

/// Messages and rows of one commit are there together, or none of them is.
pub fn a_commit_is_whole_or_absent(store: &BlockingStore) {
    let both = |from| vec![Message::text(from, "x", &[1]), Message::text(from + 1, "y", &[2])];
    let mut rows = Batch::new();
    rows.put("a/alice", "1").put("a/bob", "2").delete("a/bob");
    done(store.post_all(both(1), rows.clone()));
    rows.put("a/alice", "changed").put("q/reserved", "");
    assert!(store.post_all(both(3), rows).wait().is_err());
    assert_eq!((store.queued_ids(1), store.queued_ids(2)), (vec![1], vec![2]));
    assert_eq!(good(store.get(b"a/alice")).as_deref(), Some(&b"1"[..]));
    assert_eq!(good(store.get(b"a/bob")), None);

    let refused = store.inner().commit(Box::new(|_| Err(StoreError::HeadTooLong)));
    assert!(matches!(refused.wait(), Err(StoreError::HeadTooLong)));
    assert_eq!(store.stats().messages, 2);
}

/// The function that writes a commit gets the position of its first message, and so does the receipt.
pub fn positions_rise_and_are_given_at_the_commit(store: &BlockingStore) {
    let inner = store.inner();
    inner.start_behind(Position(1_000));
    inner.start_behind(Position(10));
    let written = |messages: u64| {
        let write = move |first: Position| {
            let message = |id| Message::text(id, &format!("at {id}"), &[1]).unnumbered();
            let messages = (first.0..first.0 + messages).map(message).collect();
            Ok(Commit { messages, ..Commit::default() })
        };
        inner.commit(Box::new(write))
    };
    let receipts = [written(1), written(0), written(3), written(1)].map(|receipt| receipt.wait());
    let firsts = receipts.map(good);
    assert_eq!(firsts, [Some(Position(1_001)), None, Some(Position(1_002)), Some(Position(1_005))]);
    assert_eq!(store.queued_ids(1), [1_001, 1_002, 1_003, 1_004, 1_005]);
    assert_eq!(texts(store, 1)[3], "at 1004");
    let to_nobody = Message::text(1_006, "nobody's", &[]);
    commit(store, vec![to_nobody]);
    assert_eq!((store.last_id(), store.stats().messages), (1_006, 5));
}

/// Keys of the store are not the caller's, and what is not in a file is short.
pub fn what_is_of_the_store_or_too_long_is_refused(store: &BlockingStore) {
    let mut rows = Batch::new();
    rows.delete("m/1");
    let reserved = |done| matches!(done, Err(StoreError::ReservedKey { prefix: 'm' }));
    assert!(reserved(store.submit(rows.clone()).wait()));
    assert!(reserved(store.copy_queue(1, 2, rows.clone()).wait()));
    assert!(reserved(store.drop_queue(1, rows).wait()));
    let long = Message::text(1, &"x".repeat(MAX_SMALL_BYTES + 1), &[1]);
    let refused = store.post(long, Batch::new()).wait();
    assert!(matches!(refused, Err(StoreError::TooLong { .. })));
    let long = Message { head: vec![0; MAX_SMALL_BYTES + 1].into(), ..Message::text(2, "", &[1]) };
    let refused = store.post(long, Batch::new()).wait();
    assert!(matches!(refused, Err(StoreError::TooLong { .. })));
    assert_eq!(store.stats().messages, 0);
}

/// Neither what was acknowledged before nor what comes later.
pub fn a_queue_is_copied_as_it_is_at_its_place_in_the_order(store: &BlockingStore) {
    post(store, 1, "a", &[1]);
    post(store, 2, "b", &[1]);
    store.ack(1, &[1]);
    let mut rows = Batch::new();
    rows.put("d/2", "device two");
    let copied = store.copy_queue(1, 2, rows);
    let later = store.post(Message::text(3, "c", &[1]), Batch::new());
    done(copied);
    done(later);
    assert_eq!(store.queued_ids(2), [2]);
    assert!(good(store.get(b"d/2")).is_some());
    done(store.copy_queue(1, 2, Batch::new()));
    assert_eq!(store.queued_ids(2), [2, 3], "copying again adds only what is missing");
    assert_eq!((store.stats().messages, store.stats().queued), (2, 4));
    done(store.copy_queue(2, 2, Batch::new()));
    assert_eq!(store.stats().queued, 4, "to itself changes nothing");
}

/// All of it, and what only this queue had is erased.
pub fn a_queue_is_dropped_with_rows(store: &BlockingStore) {
    post(store, 1, "of both", &[1, 2]);
    post(store, 2, "of one", &[1]);
    let mut rows = Batch::new();
    rows.put("d/1", "gone");
    done(store.drop_queue(1, rows));
    assert_eq!((store.queued_ids(1), texts(store, 2)), (vec![], vec!["of both".to_owned()]));
    assert_eq!(good(store.get(b"d/1")).as_deref(), Some(&b"gone"[..]));
    store.ack(2, &[1]);
    done(store.flush());
    assert_eq!((store.stats().messages, store.stats().queued), (0, 0));
}

/// A copy takes time; nothing falls between.
pub fn what_is_acknowledged_while_a_queue_is_copied_is_copied_too(store: &BlockingStore) {
    let all: Vec<_> = (1..=1_200).collect();
    let posted = all.iter().map(|id| store.post(Message::text(*id, "waits", &[1]), Batch::new()));
    posted.collect::<Vec<_>>().into_iter().for_each(done);
    let copies = [2, 3].map(|device| store.copy_queue(1, device, Batch::new()));
    let deadline = Instant::now() + PATIENCE;
    while store.queue(3).messages == 0 {
        assert!(Instant::now() < deadline, "nothing is copied");
        std::thread::yield_now();
    }
    store.ack(1, &all);
    copies.into_iter().for_each(done);
    done(store.flush());
    for device in [2, 3] {
        assert_eq!(store.queued_ids(device), all, "{device}");
        assert_eq!(texts(store, device)[1_199], "waits");
    }
    assert_eq!((store.queue(1).messages, store.stats().queued), (0, 2_400));
    store.ack(2, &all);
    store.ack(3, &all);
    done(store.flush());
    assert_eq!((store.stats().messages, store.stats().queued), (0, 0), "each is counted once");
}

/// What is given up goes with the commit that tells of it, or everything stays as it was.
pub fn messages_are_given_up_all_or_none(store: &BlockingStore) {
    post(store, 1, "acknowledged", &[1, 2]);
    post(store, 2, "given up", &[1, 2]);
    store.ack(1, &[1]);
    done(store.flush());
    let notice = |id| vec![Message::text(id, "notice", &[3])];
    let refused = store.give_up(vec![(1, 2), (1, 1)], notice(3), Batch::new()).wait();
    assert!(matches!(refused, Err(StoreError::Gone)), "{refused:?}");
    assert_eq!((store.queued_ids(1), store.queued_ids(3)), (vec![2], vec![]));
    let mut rows = Batch::new();
    rows.put("x/1", "given up");
    let told = store.give_up(vec![(1, 2), (2, 1), (2, 2)], notice(4), rows).wait();
    assert_eq!(good(told), Some(Position(4)));
    assert_eq!((store.queued_ids(1), store.queued_ids(2)), (vec![], vec![]));
    assert_eq!(texts(store, 3), ["notice"]);
    assert!(good(store.get(b"x/1")).is_some());
    assert_eq!((store.stats().messages, store.stats().queued), (1, 1));
}

/// What is too long for memory is written and read in pieces of any length.
pub fn a_large_body_passes_in_pieces(store: &BlockingStore) {
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|at| (at / 7) as u8).collect();
    let mut body = store.large_body();
    bytes.chunks(100_000).for_each(|piece| good(body.write(piece)));
    let body = good(body.finish());
    assert_eq!((body.len(), body.is_empty()), (3_000_000, false));
    let data = NewData::Large(body);
    commit(store, vec![Message { data, ..Message::text(1, "", &[1, 2]) }]);
    let queued = good(store.queued(2, Cursor::start(), 1));
    assert_eq!(queued[0].data_len, 3_000_000);
    let (head, read) = good(store.content(&queued[0]));
    assert_eq!(head, "head of 1:");
    assert!(read == bytes);
    let mut reader = good(store.read(&queued[0]));
    assert_eq!(good(reader.chunk(7)).as_deref(), Some(&bytes[..7]));
    assert!(store.queue(1).bytes >= 3_000_000);

    let dropped = store.large_body();
    drop(dropped);
    drop(good(store.large_body().finish()));
    store.ack(1, &[1]);
    store.ack(2, &[1]);
    done(store.flush());
    assert_eq!(store.stats().messages, 0);
}

/// A body is of the store that made it.
pub fn a_body_of_another_store_is_refused(store: &BlockingStore) {
    let data = NewData::Large(tmtp_store::FinishedBody::new(3, "not of any store"));
    let message = Message { data, ..Message::text(1, "", &[1]) };
    let refused = store.post(message, Batch::new()).wait();
    assert!(matches!(refused, Err(StoreError::OtherStore)), "{refused:?}");
}

/// By prefix, in order, a page at a time.
pub fn rows_are_read_by_prefix_and_page(store: &BlockingStore) {
    let mut rows = Batch::new();
    for key in ["a", "b", "b/", "b/1", "b/2", "b/20", "b/\u{7f}", "c"] {
        rows.put(key, key.to_uppercase());
    }
    rows.put([0xff, 0xff], "last").put([0xff], "last but one");
    done(store.submit(rows));
    let keys = |prefix: &[u8], after: Option<&[u8]>, limit| -> Vec<Vec<u8>> {
        let rows = good(super::wait(store.inner().scan(prefix, after, limit)));
        rows.into_iter().map(|(key, _)| key).collect()
    };
    assert_eq!(keys(b"b/", None, 2), [&b"b/"[..], b"b/1"]);
    assert_eq!(keys(b"b/", Some(b"b/1"), 2), [&b"b/2"[..], b"b/20"]);
    assert_eq!(keys(b"b/", Some(b"b/20"), 9), [&b"b/\x7f"[..]]);
    assert_eq!(keys(b"b/", Some(b"b/\x7f"), 9).len(), 0);
    assert_eq!(keys(b"b/", Some(b"a"), 1), [&b"b/"[..]], "behind what lies before the prefix");
    assert_eq!(keys(b"b/", None, 0).len(), 0);
    assert_eq!(keys(&[0xff], None, 9), [vec![0xff], vec![0xff, 0xff]]);
    assert_eq!(good(store.get(b"b/2")).as_deref(), Some(&b"B/2"[..]));

    let mut seen = Vec::new();
    let inner = std::sync::Arc::clone(store.inner());
    good(super::wait(tmtp_store::each_row(&*inner, b"b", |key, _| {
        seen.push(key.to_vec());
        Ok(())
    })));
    assert_eq!(seen.len(), 6);
    let refused =
        super::wait(tmtp_store::each_row(&*inner, b"b", |_, _| Err(StoreError::OtherStore)));
    assert!(matches!(refused, Err(StoreError::OtherStore)));
    let mut many = Batch::new();
    for row in 0..2_500_u32 {
        many.put([b"n".as_slice(), &row.to_be_bytes()].concat(), "");
    }
    done(store.submit(many));
    let mut count = 0;
    good(super::wait(tmtp_store::each_row(&*inner, b"n", |_, _| {
        count += 1;
        Ok(())
    })));
    assert_eq!(count, 2_500);
}

/// Counted in messages and bytes, for one device and several.
pub fn lengths_of_queues_are_those_of_what_waits(store: &BlockingStore) {
    post(store, 1, "five!", &[1, 2]);
    post(store, 2, "five!", &[2]);
    let each = "head of 1:five!".len() as u64;
    let inner = store.inner();
    assert_eq!((store.queue(1).messages, store.queue(1).bytes), (1, each));
    let both = inner.queues_together(&[1, 2, 3]);
    assert_eq!((both.messages, both.bytes), (3, 3 * each));
    assert_eq!(inner.queues_over(&[3, 2, 1], 2, u64::MAX), [2]);
    assert_eq!(inner.queues_over(&[1, 2, 3], u64::MAX, each), [1, 2]);
    let of: BTreeSet<_> = inner.queues().into_iter().map(|(device, _)| device).collect();
    assert_eq!(of, BTreeSet::from([1, 2]));
    store.ack(2, &[1, 2]);
    done(store.flush());
    assert_eq!(store.queue(2).messages, 0);
    assert_eq!(inner.queues().len(), 1);

    let under_way = store.post(Message::text(3, "five!", &[4]), Batch::new());
    assert_eq!(store.queue(4).messages, 1, "counted from the submission on");
    done(under_way);
    let long = Message::text(4, &"x".repeat(MAX_SMALL_BYTES + 1), &[4]);
    assert!(store.post(long, Batch::new()).wait().is_err());
    let refused = store.give_up(vec![(9, 1)], vec![Message::text(5, "x", &[4])], Batch::new());
    assert!(refused.wait().is_err());
    assert_eq!(
        (store.queue(4).messages, store.queue(4).bytes),
        (1, each),
        "what failed is taken back"
    );
}

/// Whoever asks for room gets it, however much it is, once others have given theirs back.
pub fn room_is_given_and_comes_back(store: &BlockingStore) {
    for _ in 0..3 {
        drop(super::wait(store.inner().room(usize::MAX)));
    }
    let some = super::wait(store.inner().room(1_024));
    let more = super::wait(store.inner().room(1_024));
    drop((some, more));
    drop(super::wait(store.inner().room(usize::MAX)));
}

/// A backup is made while commits go on, and is of one moment: it opens as a store, with all that was
/// acknowledged before it and no half of a commit.
pub fn a_backup_holds_what_was_acknowledged_before_it(
    store: &BlockingStore,
    reopened: impl Fn(&Path) -> BlockingStore,
) {
    let dir = match tempfile::tempdir() {
        Ok(dir) => dir,
        Err(error) => panic!("a folder: {error}"),
    };
    let mut large = store.large_body();
    good(large.write(&[7; 300_000]));
    let data = NewData::Large(good(large.finish()));
    commit(store, vec![Message { data, ..Message::text(1, "", &[2]) }]);
    (2..=20).for_each(|id| post(store, id, &format!("text {id}"), &[1]));
    let mut rows = Batch::new();
    rows.put("d/row", "value");
    done(store.submit(rows));
    store.ack(1, &[2]);
    done(store.flush());
    let copy = dir.path().join("copy");
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut id = 20;
            while !stop.load(Ordering::Relaxed) {
                let two = [id + 1, id + 2];
                commit(store, two.map(|id| Message::text(id, &format!("text {id}"), &[1])).into());
                id += 2;
            }
        });
        let copied = store.backup(&copy);
        stop.store(true, Ordering::Relaxed);
        assert_eq!(good(copied).damaged, []);
    });
    assert!(matches!(store.backup(&copy), Err(StoreError::NotEmpty { .. })));
    let last = store.last_id() + 1;
    post(store, last, "the store goes on", &[3]);

    let copy = reopened(&copy);
    let ids = copy.queued_ids(1);
    assert!(ids.len() >= 18, "{ids:?}");
    assert_eq!(ids, (3..).take(ids.len()).collect::<Vec<_>>(), "without a gap");
    assert!(ids.len().is_multiple_of(2), "half of a commit");
    assert_eq!(texts(&copy, 1), ids.iter().map(|id| format!("text {id}")).collect::<Vec<_>>());
    let large = good(copy.queued(2, Cursor::start(), 10));
    assert_eq!(good(copy.content(&large[0])), ("head of 1:".into(), vec![7; 300_000]));
    assert_eq!(good(copy.get(b"d/row")).as_deref(), Some(&b"value"[..]));
    assert_eq!(Some(copy.last_id()), ids.last().copied());
    assert_eq!(copy.queued_ids(3), [0; 0]);
    post(&copy, last, "the copy goes on", &[3]);
    good(copy.close());
}

/// It says that it is closed, and takes nothing more.
pub fn a_closed_store_refuses(store: &BlockingStore) {
    post(store, 1, "before", &[1]);
    good(store.close());
    super::wait(store.inner().ended());
    assert!(matches!(store.flush().wait(), Err(StoreError::Closed)));
    let refused = store.post(Message::text(2, "after", &[1]), Batch::new()).wait();
    assert!(matches!(refused, Err(StoreError::Closed)));
    good(store.close());
}

/// Whatever is done, in whatever order: the same queues, rows and counts as the model's.
pub fn it_answers_like_the_model(store: &BlockingStore) {
    for seed in 0..6 {
        let mut dice = Dice::new(seed);
        let model = BlockingStore::new(ModelStore::new());
        // What the round before left.
        for device in 0..4 {
            done(store.drop_queue(device, Batch::new()));
        }
        let first = store.last_id() + 1_000;
        for last in first..first + 120 {
            let batch = rows(&mut dice, seed);
            let devices: Vec<u32> = (0..3).filter(|_| dice.once_in(2)).collect();
            let device = dice.between(0, 3) as u32;
            let waiting = store.queued_ids(device);
            let some: Vec<u64> = waiting.iter().copied().filter(|_| dice.once_in(2)).collect();
            let pairs: Vec<_> = some.iter().map(|id| (device, *id)).collect();
            let class = if dice.once_in(3) { Class::User } else { Class::Rest };
            let step = dice.between(0, 5);
            let outcomes = [store, &model].map(|store| {
                let message = Message { class, ..Message::text(last, "text", &devices) };
                let batch = batch.clone();
                let receipt = match step {
                    0 | 1 => store.post(message, batch),
                    2 => store.submit(batch),
                    3 => store.give_up(pairs.clone(), vec![message], batch),
                    4 => store.copy_queue(device, 3, batch),
                    _ => {
                        store.ack(device, &some);
                        store.flush()
                    }
                };
                receipt.wait().map_err(|error| error.to_string())
            });
            let [done, expected] = outcomes;
            assert_eq!(done, expected, "seed {seed}, step {step}");
            for device in 0..4 {
                let [queue, expected] =
                    [store, &model].map(|store| (store.queued_ids(device), store.queue(device)));
                assert_eq!(queue, expected, "seed {seed}, device {device}");
            }
            let prefix = format!("r{seed}");
            assert_eq!(good(store.scan(prefix.as_bytes())), good(model.scan(prefix.as_bytes())));
            let [stats, expected] = [store, &model].map(BlockingStore::stats);
            assert_eq!((stats.messages, stats.queued), (expected.messages, expected.queued));
        }
    }
}

/// Few different keys, so that they meet.
fn rows(dice: &mut Dice, seed: u64) -> Batch {
    let mut batch = Batch::new();
    for _ in 0..dice.between(0, 3) {
        let key = format!("r{seed}/{}", dice.between(0, 4));
        if dice.once_in(3) {
            batch.delete(key);
        } else {
            batch.put(key, dice.between(0, 2).to_string());
        }
    }
    batch
}
