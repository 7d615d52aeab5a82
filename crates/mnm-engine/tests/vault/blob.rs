//! Attachments: streamed in and out, whole, and gone when they are to be gone.

use mnm_engine::error::VaultError;
use mnm_engine::vault::{DraftContent, StagedBlob, Upon, VaultLimits};

use crate::cast::App;

/// Bytes that tell where they stand.
fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n * 31 + n / 251) as u8).collect()
}

fn stage(app: &mut App, bytes: &[u8], piece: usize) -> StagedBlob {
    let mut writer = app.vault.begin_blob().unwrap();
    for chunk in bytes.chunks(piece) {
        app.vault.append_blob(&mut writer, chunk).unwrap();
    }
    app.vault.finish_blob(writer).unwrap()
}

fn draft(app: &mut App) -> i64 {
    let content = DraftContent::default();
    let change = app.vault.save_draft(Upon::Anything, None, app.account, None, &content, 5);
    change.unwrap().value.id
}

#[test]
fn bytes_come_back_in_pieces_of_any_size() {
    let mut app = App::new();
    let draft = draft(&mut app);
    let bytes = pattern(5 * 1024 * 1024 + 4321);
    let blob = stage(&mut app, &bytes, 100_003);
    let file = app.vault.attach(draft, "big.bin", blob, 6).unwrap().value;
    assert_eq!(file.size, bytes.len() as u64);
    for piece in [65_536, 262_144, 999_999] {
        let mut read = Vec::new();
        loop {
            let more = app.vault.read_blob(file.id, read.len() as u64, piece).unwrap();
            if more.is_empty() {
                break;
            }
            assert!(more.len() <= piece);
            read.extend(more);
        }
        assert!(read == bytes, "read by {piece}");
    }
    let middle = app.vault.read_blob(file.id, 262_140, 8).unwrap();
    assert_eq!(middle, bytes[262_140..262_148]);
    assert!(app.vault.read_blob(file.id, u64::MAX, 8).unwrap().is_empty());
}

#[test]
fn an_empty_file_is_a_file() {
    let mut app = App::new();
    let draft = draft(&mut app);
    let blob = stage(&mut app, &[], 1);
    let file = app.vault.attach(draft, "empty", blob, 6).unwrap().value;
    assert_eq!(file.size, 0);
    assert!(app.vault.read_blob(file.id, 0, 10).unwrap().is_empty());
}

#[test]
fn attachments_of_a_draft_survive_a_restart_and_can_be_taken_off() {
    let mut app = App::new();
    let draft = draft(&mut app);
    let bytes = pattern(300_000);
    let blob = stage(&mut app, &bytes, 4096);
    let file = app.vault.attach(draft, "../a.txt", blob, 6).unwrap().value;
    assert_eq!(file.name, "a.txt");
    let mut app = app.restart();
    assert_eq!(app.vault.read_blob(file.id, 0, 1 << 20).unwrap(), bytes);
    let change = app.vault.detach(draft, file.id, 7).unwrap();
    assert!(change.value.attachments.is_empty());
    let gone = app.vault.read_blob(file.id, 0, 1).unwrap_err();
    assert!(matches!(gone, VaultError::NotFound { .. }));
    app.vault.check().unwrap();
}

#[test]
fn names_are_unique_within_a_draft() {
    let mut app = App::new();
    let draft = draft(&mut app);
    for expected in ["photo.jpg", "photo (2).jpg", "photo (3).jpg"] {
        let blob = stage(&mut app, b"x", 1);
        let file = app.vault.attach(draft, "photo.jpg", blob, 6).unwrap().value;
        assert_eq!(file.name, expected);
    }
}

#[test]
fn limits_hold_for_one_file_and_for_all_together() {
    let mut app = App::new();
    app.vault.set_limits(VaultLimits {
        attachments_bytes: 1000,
        attachments: 2,
        ..VaultLimits::default()
    });
    let draft = draft(&mut app);
    let mut writer = app.vault.begin_blob().unwrap();
    app.vault.append_blob(&mut writer, &[0; 1000]).unwrap();
    let error = app.vault.append_blob(&mut writer, &[0]).unwrap_err();
    assert!(matches!(error, VaultError::TooLarge(_)));
    app.vault.discard_blob(writer);

    let first = stage(&mut app, &[0; 600], 600);
    let _ = app.vault.attach(draft, "a", first, 6).unwrap();
    let second = stage(&mut app, &[0; 401], 600);
    let error = app.vault.attach(draft, "b", second, 6).unwrap_err();
    assert!(matches!(error, VaultError::TooLarge(_)));
    app.vault.discard_staged(second);

    let third = stage(&mut app, &[0; 1], 600);
    let _ = app.vault.attach(draft, "c", third, 6).unwrap();
    let fourth = stage(&mut app, &[0; 1], 600);
    assert!(app.vault.attach(draft, "d", fourth, 6).is_err());
}

#[test]
fn a_staged_blob_is_owned_only_once() {
    let mut app = App::new();
    let draft = draft(&mut app);
    let blob = stage(&mut app, b"x", 1);
    let _ = app.vault.attach(draft, "a", blob, 6).unwrap();
    assert!(app.vault.attach(draft, "b", blob, 6).is_err());
    assert_eq!(app.vault.draft(draft).unwrap().attachments.len(), 1);
}

#[test]
fn erased_files_free_disk_space() {
    let mut app = App::new();
    let length = |app: &App| {
        let files = std::fs::read_dir(app.home.path()).unwrap();
        files.map(|file| file.unwrap().metadata().unwrap().len()).sum::<u64>()
    };
    let before = length(&app);
    let bytes = pattern(20 << 20);
    let unowned = stage(&mut app, &bytes, 1 << 20);
    let draft = draft(&mut app);
    let owned = stage(&mut app, &bytes, 1 << 20);
    let _ = app.vault.attach(draft, "big.bin", owned, 6).unwrap();
    app.vault.discard_staged(unowned);
    let _ = app.vault.drop_draft(draft, None).unwrap();
    let mut slices = 0;
    while app.vault.tidy().value {
        slices += 1;
    }
    assert!(slices >= 40, "each slice is about a megabyte, not more: {slices}");
    let after = length(&app);
    assert!(after <= before + (2 << 20), "{before} bytes before, {after} after");
    app.vault.check().unwrap();
    assert!(!app.vault.tidy().value, "there is nothing left to do");
}

#[test]
fn unowned_blobs_are_erased_after_a_restart() {
    let mut app = App::new();
    stage(&mut app, &pattern(3 << 20), 1 << 20);
    let mut app = app.restart();
    assert!(app.vault.tidy().value);
    while app.vault.tidy().value {}
    let mut app = app.restart();
    // The word that there may be something to give back is all there is.
    assert!(!app.vault.tidy().value);
}

#[test]
fn a_full_disk_refuses_files_and_says_how_much_is_missing() {
    let mut app = App::new();
    app.vault.set_limits(VaultLimits { reserve_bytes: u64::MAX / 4, ..VaultLimits::default() });
    assert!(matches!(app.vault.check_disk(1), Err(VaultError::NoRoom { .. })));
    let mut writer = app.vault.begin_blob().unwrap();
    let error = app.vault.append_blob(&mut writer, &pattern(1 << 20)).unwrap_err();
    let VaultError::NoRoom { missing } = error else { panic!("{error}") };
    assert!(missing > 1 << 40);
    app.vault.discard_blob(writer);
    // What is small is not held up.
    app.queue(&["Alice Smith"], "a note to myself");
}
