//! Opening: what is made, what is refused, and that nothing is lost or readable.

use std::fs;
use std::path::Path;
use std::sync::Barrier;

use mnm_engine::error::{Error, ErrorCode, OpenError};
use mnm_engine::vault::OutboxAction;
use mnm_native::check;
use tempfile::TempDir;

use crate::cast::{App, BOB, SECRET, alice};

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// All files of a home as they are, to see that a refusal changes none.
fn contents(home: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(home)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|e| (e.file_name().into_string().unwrap(), fs::read(e.path()).unwrap()))
        .filter(|(name, _)| name != "lock")
        .collect();
    files.sort();
    files
}

/// Opens what must be refused, and checks that it was left alone.
fn refused(home: &Path) -> OpenError {
    let before = contents(home);
    let error = mnm_native::open_vault(home).unwrap_err();
    assert_eq!(contents(home), before, "{error}");
    error
}

#[test]
fn a_home_is_made_private_and_opens_again() {
    let dir = TempDir::new().unwrap();
    let home = dir.path().join("a/b");
    let mut vault = mnm_native::open_vault(&home).unwrap();
    let _ = vault.add_account(alice(), 1).unwrap();
    drop(vault);
    let vault = mnm_native::open_vault(&home).unwrap();
    assert_eq!(vault.accounts().unwrap().len(), 1);
    assert_eq!(vault.credentials(1).unwrap().node.expose(), SECRET);
    vault.check().unwrap();
}

#[test]
fn several_homes_open_concurrently_at_process_start() {
    const HOMES: usize = 8;
    let together = Barrier::new(HOMES);
    std::thread::scope(|scope| {
        for _ in 0..HOMES {
            scope.spawn(|| {
                // With a key, so that all of them come to the database in the same moment.
                let home = TempDir::new().unwrap();
                fs::write(home.path().join("vault.key"), [7; 32]).unwrap();
                together.wait();
                mnm_native::open_vault(home.path()).unwrap();
            });
        }
    });
}

#[cfg(unix)]
#[test]
fn files_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let app = App::new();
    let home = app.home.path();
    assert_eq!(mode(home), 0o700);
    let mut names = Vec::new();
    for entry in fs::read_dir(home).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(mode(&entry.path()), 0o600, "{:?}", entry.path());
        names.push(entry.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(names, ["lock", "vault.db", "vault.db-wal", "vault.key", "vault.salt"]);
}

#[test]
fn a_second_app_is_told_that_the_home_is_in_use() {
    let app = App::new();
    let error = mnm_native::open_vault(app.home.path()).unwrap_err();
    assert!(matches!(error, OpenError::InUse { .. }), "{error}");
    assert_eq!(Error::from(error).code, ErrorCode::InUse);
    let home = app.home.path().to_owned();
    drop(app.vault);
    mnm_native::open_vault(&home).unwrap();
}

#[test]
fn another_key_does_not_open_the_store() {
    let App { vault, home, .. } = App::new();
    drop(vault);
    fs::write(home.path().join("vault.key"), [7; 32]).unwrap();
    let error = refused(home.path());
    assert!(matches!(error, OpenError::KeyMismatch { .. }), "{error}");
}

#[test]
fn a_missing_or_damaged_key_is_not_replaced() {
    let App { vault, home, .. } = App::new();
    drop(vault);
    let key = home.path().join("vault.key");
    fs::write(&key, [7; 31]).unwrap();
    let error = refused(home.path());
    assert!(matches!(error, OpenError::KeyDamaged { found: 31, .. }), "{error}");
    fs::remove_file(&key).unwrap();
    let error = refused(home.path());
    assert!(matches!(error, OpenError::KeyMissing { .. }), "{error}");
    assert!(!key.exists());
}

#[test]
fn a_truncated_store_is_refused() {
    let App { vault, home, .. } = App::new();
    drop(vault);
    let db = home.path().join("vault.db");
    let whole = fs::read(&db).unwrap();
    for length in [0, 1000, 4096, whole.len() - 4096, whole.len() - 1] {
        fs::write(&db, &whole[..length]).unwrap();
        let error = refused(home.path());
        assert!(matches!(error, OpenError::Damaged { .. }), "{length}: {error:?}");
    }
    fs::write(&db, &whole).unwrap();
    mnm_native::open_vault(home.path()).unwrap().check().unwrap();
}

/// Looks over, and saves, what must be refused, and checks that nothing was written anywhere.
fn refused_by_check(home: &Path) -> OpenError {
    let before = contents(home);
    let error = check::check(home).unwrap_err();
    assert!(contents(home) == before, "{error}");
    let to = TempDir::new().unwrap();
    let to = to.path().join("saved");
    let unsaved = check::save(home, &to).unwrap_err();
    assert_eq!(unsaved.to_string(), error.to_string());
    assert!(!to.exists(), "nothing looks like a home: {error}");
    assert!(contents(home) == before, "{error}");
    error
}

#[test]
fn a_store_without_any_page_is_reported_and_left_alone() {
    let App { vault, home, .. } = App::new();
    drop(vault);
    let db = home.path().join("vault.db");
    let whole = fs::read(&db).unwrap();
    for length in [0, 1, 15, 16, 1000, 4095] {
        fs::write(&db, &whole[..length]).unwrap();
        for error in [refused(home.path()), refused_by_check(home.path())] {
            assert!(matches!(error, OpenError::Damaged { nothing_left: true, .. }), "{error:?}");
            assert!(
                error.to_string().contains(&format!("cut short, at {length} bytes")),
                "{error}"
            );
        }
    }
}

#[test]
fn a_missing_store_is_not_recreated() {
    let App { vault, home, .. } = App::new();
    drop(vault);
    let path = |name: &str| home.path().join(name);
    fs::remove_file(path("vault.db")).unwrap();
    for gone in [&[][..], &["vault.key"]] {
        for name in gone {
            fs::remove_file(path(name)).unwrap();
        }
        for error in [refused(home.path()), refused_by_check(home.path())] {
            assert!(matches!(error, OpenError::StoreMissing { .. }), "{error:?}");
        }
    }
    fs::rename(path("vault.salt"), path("vault.db-wal")).unwrap();
    for error in [refused(home.path()), refused_by_check(home.path())] {
        assert!(matches!(error, OpenError::StoreMissing { .. }), "{error:?}");
    }
}

#[test]
fn the_second_copy_of_the_salt_alone_may_be_missing() {
    let App { vault, home, .. } = App::new();
    drop(vault);
    fs::remove_file(home.path().join("vault.salt")).unwrap();
    let db = fs::read(home.path().join("vault.db")).unwrap();
    assert!(check::check(home.path()).unwrap().is_whole());
    assert!(fs::read(home.path().join("vault.db")).unwrap() == db);
    mnm_native::open_vault(home.path()).unwrap();
    assert!(home.path().join("vault.salt").exists());
}

#[test]
fn a_flipped_bit_is_found() {
    let App { vault, home, .. } = App::new();
    drop(vault);
    let db = home.path().join("vault.db");
    let mut bytes = fs::read(&db).unwrap();
    let last = bytes.len() - 2000;
    bytes[last] ^= 1;
    fs::write(&db, &bytes).unwrap();
    let found = match mnm_native::open_vault(home.path()) {
        Ok(vault) => vault.check().is_err(),
        Err(error) => matches!(error, OpenError::Damaged { .. } | OpenError::Db { .. }),
    };
    assert!(found);
}

#[test]
fn a_store_of_a_newer_app_is_left_alone() {
    let App { vault, home, .. } = App::new();
    drop(vault);
    let key = fs::read(home.path().join("vault.key")).unwrap();
    let hex = data_encoding::HEXLOWER.encode(&key);
    let db = rusqlite::Connection::open(home.path().join("vault.db")).unwrap();
    db.execute_batch(&format!("PRAGMA key = \"x'{hex}'\"; PRAGMA user_version = 99;")).unwrap();
    drop(db);
    let error = refused(home.path());
    assert!(matches!(error, OpenError::Newer { found: 99, .. }), "{error}");
}

#[test]
fn an_interrupted_first_start_is_repeated() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("vault.key.new"), [1; 5]).unwrap();
    fs::write(dir.path().join("vault.db.new"), [1; 5]).unwrap();
    mnm_native::open_vault(dir.path()).unwrap().check().unwrap();
}

#[test]
fn a_crash_keeps_what_was_committed_and_removes_what_was_staged() {
    let mut app = App::with_bob();
    let queued = app.queue(&["Bob Jones"], "Keep me");
    let mut writer = app.vault.begin_blob().unwrap();
    app.vault.append_blob(&mut writer, &vec![9; 3 << 20]).unwrap();
    let staged = app.vault.finish_blob(writer).unwrap();
    assert_eq!(staged.size, 3 << 20);

    // What the disk holds at this moment, while the app still runs.
    let crashed = TempDir::new().unwrap();
    copy(app.home.path(), crashed.path());
    let mut vault = mnm_native::open_vault(crashed.path()).unwrap();
    while vault.tidy().value {}
    assert_eq!(vault.message(queued.id).unwrap(), queued);
    let item = vault.next_outbox(app.account, 0).unwrap().unwrap();
    assert!(matches!(item.action, OutboxAction::Post(post) if post.message == queued.id));
    vault.check().unwrap();
    drop(vault);

    let key = fs::read(crashed.path().join("vault.key")).unwrap();
    let hex = data_encoding::HEXLOWER.encode(&key);
    let db = rusqlite::Connection::open(crashed.path().join("vault.db")).unwrap();
    db.execute_batch(&format!("PRAGMA key = \"x'{hex}'\"")).unwrap();
    let rows = |table: &str| -> i64 {
        db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
    };
    assert_eq!((rows("blob"), rows("blob_chunk")), (0, 0));
}

#[test]
fn nothing_on_disk_can_be_read_without_the_key() {
    const MARK: &str = "XyzzyMarkerOfThisLetter";
    let mut app = App::with_bob();
    let mut writer = app.vault.begin_blob().unwrap();
    app.vault.append_blob(&mut writer, MARK.repeat(1000).as_bytes()).unwrap();
    let blob = app.vault.finish_blob(writer).unwrap();
    let mut letter = app.letter(BOB, "Bob Jones", MARK);
    letter.attachments.push(mnm_engine::vault::IncomingAttachment {
        name: "mark.txt".into(),
        form: None,
        blob,
    });
    app.receive(&letter);
    let mut files = 0;
    for (name, bytes) in contents(app.home.path()) {
        files += 1;
        for word in [MARK, "Bob Jones", SECRET, "SQLite format", "CREATE TABLE"] {
            let found = bytes.windows(word.len()).any(|w| w == word.as_bytes());
            assert!(!found, "{name} shows {word}");
        }
    }
    assert!(files >= 2);
}
