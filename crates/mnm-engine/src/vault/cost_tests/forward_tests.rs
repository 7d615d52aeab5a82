//! Cost of forwarding the longest thread that fits a copy: no step handles all of it.

use super::*;

/// Letters of the longest text.
const LONG: usize = 60;
const FEW: usize = 3;
const TEXT_BYTES: usize = 255 << 10;
/// Most bytes that one step reads and writes, with a possible checkpoint of the log (twice 4 MiB);
/// the copy has 15 MiB.
const STEP_BYTES: u64 = 12 << 20;

/// A home with a thread that has so many long letters, and somebody to forward it to.
fn long_thread(letters: usize) -> (Home, ThreadId) {
    let mut home = home(10);
    let (_, thread) = home.receive("", "First.", 3).value;
    let account = home.account;
    home.vault
        .db
        .execute_batch(&format!(
            "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {letters})
             INSERT INTO message (account, thread, msgid, author_uid, author_alias, at_ms, subject, text,
                     html, state, unread)
                 SELECT {account}, {thread}, printf('%016x', 7000000 + n), 'BB', 'Some Body', 9 + n, '',
                     printf('%.*c', {TEXT_BYTES}, 'x'), '', 'received', 1 FROM n;
             INSERT INTO contact (account, uid, alias, look, since_ms)
                 VALUES ({account}, '{}', 'New Reader', 'new reader', 1);",
            uid("NWR", 1)
        ))
        .unwrap();
    (home, thread)
}

/// Copies a thread into a blob.
fn copied(home: &mut Home, thread: ThreadId) -> (Copying, StagedBlob) {
    let to = ["New Reader".to_owned()];
    let mut copying = step("begin", || home.vault.begin_copy(thread, &to, 5).unwrap());
    let mut writer = home.vault.begin_blob().unwrap();
    loop {
        let (bytes, more) = step("read", || home.vault.copy_slice(&mut copying).unwrap());
        step("stage", || home.vault.append_blob(&mut writer, &bytes).unwrap());
        if !more {
            break;
        }
    }
    let blob = step("finish", || home.vault.finish_blob(writer).unwrap());
    (copying, blob)
}

fn step<T>(name: &str, act: impl FnOnce() -> T) -> T {
    let before = bytes_of_this_thread();
    let done = act();
    let bytes = bytes_of_this_thread() - before;
    assert!(bytes < STEP_BYTES, "{name}: {bytes} bytes");
    done
}

#[test]
fn no_step_of_a_forward_handles_all_of_its_copy() {
    let (mut home, thread) = long_thread(LONG);
    let to = ["New Reader".to_owned()];
    let (copying, blob) = copied(&mut home, thread);
    assert!(blob.size > (LONG * TEXT_BYTES) as u64);
    let queue = || home.vault.queue_forward(&copying, blob, &to, 5).unwrap().value;
    let row = step("queue", queue).unwrap();
    for _ in 0..2 {
        let item = step("take", || home.vault.next_outbox(home.account, 9).unwrap()).unwrap();
        assert_eq!(item.id, row);
        let _ = step("interrupt", || home.vault.outbox_interrupted(row).unwrap());
    }
    let (mut copy, mut offset) = (Vec::new(), 0);
    while offset < blob.size {
        let bytes = step("send", || home.vault.read_copy(row, offset, 256 << 10).unwrap());
        offset += bytes.len() as u64;
        copy.extend(bytes);
    }
    let read = tmtp::forward::ForwardedThread::read(&copy).unwrap();
    assert_eq!((read.letters.len(), read.cc.len()), (LONG + 1, 5));
    let _ = step("sent", || home.vault.outbox_sent(row, None).unwrap());
    while step("tidy", || home.vault.tidy().value) {}
    let chunks: i64 =
        home.vault.db.query_row("SELECT count(*) FROM blob_chunk", [], |row| row.get(0)).unwrap();
    assert_eq!(chunks, 0, "the copy is erased");
}

#[test]
fn a_copy_that_waits_outlives_a_start_and_one_that_was_not_queued_is_erased() {
    let (mut home, thread) = long_thread(FEW);
    let to = ["New Reader".to_owned()];
    let (copying, blob) = copied(&mut home, thread);
    let row = home.vault.queue_forward(&copying, blob, &to, 5).unwrap().value.unwrap();
    let (_, cut_short) = copied(&mut home, thread);
    // As after the next opening.
    home.vault.find_orphans().unwrap();
    while home.vault.tidy().value {}
    assert_eq!(home.vault.read_copy(row, 0, 10).unwrap().len(), 10);
    assert!(home.vault.read_from(cut_short.id, 0, 10).unwrap().is_empty());
    // Leftovers of an account are erased with it.
    let _ = home.vault.begin_removal(home.account).unwrap();
    while !home.vault.remove_slice(home.account).unwrap() {}
    while home.vault.tidy().value {}
    let left: i64 = home.vault.db.query_row("SELECT count(*) FROM blob", [], |r| r.get(0)).unwrap();
    assert_eq!(left, 0);
}

#[test]
fn a_copy_is_made_anew_when_a_letter_has_come_meanwhile() {
    let (mut home, thread) = long_thread(FEW);
    let to = ["New Reader".to_owned()];
    let id = home.vault.reader().service_id(thread).unwrap().unwrap();
    let (copying, blob) = copied(&mut home, thread);
    let _ = home.receive(&id, "One more.", 0);
    assert_eq!(home.vault.queue_forward(&copying, blob, &to, 5).unwrap().value, None);
    let (copying, blob) = copied(&mut home, thread);
    let row = home.vault.queue_forward(&copying, blob, &to, 5).unwrap().value;
    assert!(row.is_some(), "it has all letters now");
}
