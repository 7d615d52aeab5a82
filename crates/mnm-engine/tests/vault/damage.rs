//! Pages of the store that are flipped, zeroed, torn or cut off: always noticed, never wrong text, and
//! what lies on other pages stays within reach.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use mnm_engine::command::{Place, ThreadFilter, ThreadSort};
use mnm_engine::error::OpenError;
use mnm_engine::vault::{IncomingAttachment, ThreadPlace, Vault, database};
use mnm_native::check;
use tempfile::TempDir;

use crate::cast::{App, BOB};

const LETTERS: usize = 100;
/// Those of them that are longer than a page.
const LONG: usize = 8;

/// A home with letters in many threads, closed, and the texts of all of them by their ids.
fn full_home() -> (TempDir, BTreeMap<String, String>) {
    let mut app = App::with_bob();
    let mut texts = BTreeMap::new();
    for n in 0..LETTERS {
        let words = if n < LONG { 3_000 } else { n % 90 };
        let mut letter = app.letter(BOB, "Bob Jones", &format!("{n} {}", "words ".repeat(words)));
        if n % 20 == 0 {
            let mut writer = app.vault.begin_blob().unwrap();
            app.vault.append_blob(&mut writer, &vec![n as u8; 9_000]).unwrap();
            let blob = app.vault.finish_blob(writer).unwrap();
            letter.attachments =
                vec![IncomingAttachment { name: format!("{n}.bin"), form: None, blob }];
        }
        texts.insert(letter.msgid.to_string(), letter.text.clone());
        app.receive(&letter);
    }
    let App { vault, home, .. } = app;
    drop(vault);
    (home, texts)
}

/// In memory where that can be, as each of many copies is saved with all the syncs of a new store.
fn copy_of(home: &Path) -> (TempDir, PathBuf) {
    let dir = TempDir::new_in("/dev/shm").or_else(|_| TempDir::new()).unwrap();
    let copy = dir.path().join("home");
    fs::create_dir(&copy).unwrap();
    for name in ["vault.db", "vault.key", "vault.salt"] {
        fs::copy(home.join(name), copy.join(name)).unwrap();
    }
    (dir, copy)
}

/// Letters that the inbox leads to; their texts must be those that were written.
fn letters_in(vault: &Vault, texts: &BTreeMap<String, String>) -> usize {
    let mut count = 0;
    let mut before = None;
    loop {
        let rows = vault.threads(None, before, Some(500)).unwrap();
        let Some(last) = rows.last() else { return count };
        before = Some(ThreadPlace::of(last, ThreadSort::Newest));
        for row in &rows {
            for message in vault.thread(row.id).unwrap().messages {
                assert_eq!(texts[&message.msgid.unwrap()], message.text, "never wrong text");
                count += 1;
            }
        }
    }
}

#[test]
fn an_intact_store_checks_clean() {
    let (home, texts) = full_home();
    let found = check::check(home.path()).unwrap();
    assert!(found.is_whole(), "{found:?}");
    assert_eq!((found.letters, found.files), (LETTERS as u64, LETTERS as u64 / 20));
    let dir = TempDir::new().unwrap();
    let to = dir.path().join("saved");
    assert_eq!(check::save(home.path(), &to).unwrap(), found);
    assert_eq!(letters_in(&mnm_native::open_vault(&to).unwrap(), &texts), LETTERS);
    let again = check::save(home.path(), &to).unwrap_err();
    assert!(matches!(again, OpenError::StoreExists { .. }), "{again}");
}

/// A page of the file, by what is on it.
#[derive(Debug, Clone)]
struct Page {
    number: usize,
    /// The table or index that it belongs to; empty for what is free or bookkeeping.
    of: String,
    kind: Kind,
    /// Rows on it.
    rows: usize,
    /// The way to it from the root of its table; those of the pages below it begin with it.
    path: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Rows or entries.
    Leaf,
    /// The way to the pages below it; without, none of them is found.
    Way,
    /// The rest of one long row.
    Rest,
    /// Free, or bookkeeping of free pages.
    Free,
}

impl Page {
    /// Letters that may be lost with it. Those on other pages are found by their numbers or by
    /// themselves, and letters alone make a thread or an account that are lost.
    fn letters_lost(&self) -> usize {
        match (self.of.as_str(), self.kind) {
            ("message", Kind::Leaf) => self.rows,
            ("message", Kind::Rest) => 1,
            _ => 0,
        }
    }

    /// Letters that the inbox may not lead to any more, while the store is as it is. Those whose
    /// thread is lost can be saved.
    fn letters_out_of_sight(&self) -> usize {
        match (self.of.as_str(), self.kind) {
            ("message" | "thread", Kind::Way) => LETTERS,
            ("thread", Kind::Leaf) => self.rows,
            // Pages of a long letter may be found by the bookkeeping.
            (_, Kind::Free) => LONG,
            _ => self.letters_lost(),
        }
    }

    /// Whether the store still opens: without the pages that say how to read all others, it does not.
    fn opens(&self) -> bool {
        self.of != "sqlite_schema"
    }

    /// Whether the saving is tried with it as well, which takes its time.
    fn is_saved(&self) -> bool {
        let tables = ["message", "thread", "account", "own_alias", "blob_chunk", "message_thread"];
        !self.opens() || self.of.is_empty() || tables.contains(&self.of.as_str())
    }
}

/// What happens to a page.
#[derive(Debug, Clone, Copy)]
enum Harm {
    Flip,
    Zero,
    /// The second half is another page's.
    Tear,
}

fn harm(home: &Path, page: usize, harm: Harm) {
    let path = home.join("vault.db");
    let mut bytes = fs::read(&path).unwrap();
    let at = (page - 1) * 4096;
    match harm {
        Harm::Flip => bytes[at + page * 997 % 4096] ^= 1 << (page % 8),
        Harm::Zero => bytes[at..at + 4096].fill(0),
        Harm::Tear => bytes.copy_within(4096 + 2048..8192, at + 2048),
    }
    fs::write(&path, bytes).unwrap();
}

fn opened(home: &Path) -> rusqlite::Connection {
    let key = data_encoding::HEXLOWER.encode(&fs::read(home.join("vault.key")).unwrap());
    let db = rusqlite::Connection::open(home.join("vault.db")).unwrap();
    db.execute_batch(&format!("PRAGMA key = \"x'{key}'\"")).unwrap();
    db
}

/// All pages of the store, by the database's own words.
fn pages(home: &Path) -> Vec<Page> {
    let db = opened(home);
    let count: usize = db.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    let free =
        |number| Page { number, of: String::new(), kind: Kind::Free, rows: 0, path: String::new() };
    let mut pages: Vec<_> = (1..=count).map(free).collect();
    let mut used = db.prepare("SELECT pageno, name, pagetype, ncell, path FROM dbstat").unwrap();
    let mut rows = used.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let number: usize = row.get(0).unwrap();
        let kind = match row.get::<_, String>(2).unwrap().as_str() {
            "leaf" => Kind::Leaf,
            "internal" => Kind::Way,
            "overflow" => Kind::Rest,
            other => panic!("{other}"),
        };
        pages[number - 1] = Page {
            number,
            of: row.get(1).unwrap(),
            kind,
            rows: row.get(3).unwrap(),
            path: row.get(4).unwrap(),
        };
    }
    pages
}

/// A few pages of each kind that there is, spread over the file.
fn some_of_each(pages: &[Page]) -> Vec<Page> {
    let mut kinds: BTreeMap<(bool, &str, u8), Vec<&Page>> = BTreeMap::new();
    for page in pages.iter().filter(|page| page.kind != Kind::Leaf || page.rows > 0) {
        kinds.entry((page.of == "message", &page.of, page.kind as u8)).or_default().push(page);
    }
    let some = kinds.into_iter().flat_map(|((letters, _, _), of)| {
        let wanted = if letters { 2 } else { 1 };
        let step = of.len().div_ceil(wanted);
        of.into_iter().step_by(step).cloned().collect::<Vec<_>>()
    });
    some.collect()
}

#[test]
fn a_damaged_page_loses_only_what_is_on_it() {
    let (home, texts) = full_home();
    let pages = some_of_each(&pages(home.path()));
    for kind in [Kind::Leaf, Kind::Way, Kind::Rest] {
        assert!(pages.iter().any(|page| page.of == "message" && page.kind == kind), "{kind:?}");
    }
    for (n, page) in pages.iter().enumerate() {
        let harms = [Harm::Flip, Harm::Zero, Harm::Tear];
        // The very beginning suffers all of it; the tearing of the page that is torn from is none.
        let some = if page.number == 1 { &harms[..] } else { &harms[n % 3..=n % 3] };
        for &of in some {
            let of = if page.number == 2 { Harm::Flip } else { of };
            let (_dir, damaged) = copy_of(home.path());
            harm(&damaged, page.number, of);
            let what = format!("{of:?} of {page:?}");
            if page.is_saved() {
                saved(&damaged, &texts, page, &what);
            }
            seen(&damaged, &texts, page, &what);
        }
    }
}

/// All that does not lie on the page is saved, and the damaged store left as it is.
fn saved(damaged: &Path, texts: &BTreeMap<String, String>, page: &Page, what: &str) {
    let before = fs::read(damaged.join("vault.db")).unwrap();
    let to = damaged.with_file_name("saved");
    let checked = check::save(damaged, &to).unwrap_or_else(|error| panic!("{what}: {error}"));
    assert!(!checked.is_whole(), "it is noticed: {what}, {checked:?}");
    let found = letters_in(&mnm_native::open_vault(&to).unwrap(), texts);
    assert_eq!(found as u64, checked.letters, "{what}: {checked:?}");
    assert!(found + page.letters_lost() >= LETTERS, "{found} of {what}: {checked:?}");
    assert!(
        found as u64 + checked.letters_lost >= LETTERS as u64 || !page.opens(),
        "{what}: {checked:?}"
    );
    assert!(before == fs::read(damaged.join("vault.db")).unwrap(), "nothing is written to it");
    let names = fs::read_dir(&to).unwrap().map(|file| file.unwrap().file_name());
    assert!(names.into_iter().all(|name| name != "vault.loose"), "{what}");
}

/// The store shows what does not lie on the page, and says that it is damaged where anything is missing;
/// or it does not open, and says what to do.
fn seen(damaged: &Path, texts: &BTreeMap<String, String>, page: &Page, what: &str) {
    let mut vault = match mnm_native::open_vault(damaged) {
        Ok(vault) => vault,
        Err(error) => {
            assert!(!page.opens(), "{what}: {error}");
            assert!(error.to_string().contains("mnm check --save-to"), "{what}: {error}");
            return;
        }
    };
    let mut letters = 0;
    for row in vault.threads_left(None, &ThreadFilter::default(), None, Some(500)).unwrap() {
        // What lies on the page may be all of it.
        let Ok(thread) = vault.thread_left(row.id, Place::End, None) else { continue };
        for message in thread.messages {
            assert_eq!(texts[&message.msgid.unwrap()], message.text, "never wrong text: {what}");
            letters += 1;
        }
    }
    assert!(
        vault.threads_left(None, &ThreadFilter::default(), None, Some(7)).unwrap().len() <= 7,
        "a page of them: {what}"
    );
    let state = vault.state_left("").unwrap();
    let all = letters == LETTERS && state.accounts.len() == 1;
    assert!(all || state.damaged, "{letters} letters and no word of damage: {what}");
    assert!(letters + page.letters_out_of_sight() >= LETTERS, "{letters} seen: {what}");
}

#[test]
fn a_truncated_store_is_recovered_and_a_wrong_key_recovers_nothing() {
    let (home, texts) = full_home();
    let length = fs::metadata(home.path().join("vault.db")).unwrap().len();
    // The first half holds the list of what is in the store, empty tables, and letters that go on behind it.
    for to_length in [length - 4096, length / 4 * 3 + 1234, 4096 * 3] {
        let (_dir, damaged) = copy_of(home.path());
        let file = fs::File::options().write(true).open(damaged.join("vault.db")).unwrap();
        file.set_len(to_length).unwrap();
        let refused = mnm_native::open_vault(&damaged).map(drop).unwrap_err().to_string();
        assert!(refused.contains("mnm check --save-to"), "{to_length}: {refused}");
        match check::save(&damaged, &damaged.with_file_name("saved")) {
            Ok(checked) => {
                assert!(!checked.is_whole(), "{checked:?}");
                let found = letters_in(
                    &mnm_native::open_vault(&damaged.with_file_name("saved")).unwrap(),
                    &texts,
                );
                assert!(found > 0 || to_length < length / 2, "{to_length}: {checked:?}");
            }
            // There may be no row at all in so little.
            Err(error) => assert!(to_length < length / 2, "{to_length}: {error}"),
        }
    }
    let (_dir, foreign) = copy_of(home.path());
    fs::write(foreign.join("vault.key"), [7; 32]).unwrap();
    let to = foreign.with_file_name("saved");
    let refused = check::save(&foreign, &to).unwrap_err();
    assert!(matches!(refused, OpenError::KeyMismatch { .. }), "{refused}");
    assert!(!to.exists(), "nothing that looks like a home");
}

#[test]
fn letters_below_a_damaged_interior_page_are_recovered() {
    const SHORT: usize = 30_000;
    let mut app = App::with_bob();
    let letter = app.letter(BOB, "Bob Jones", "The first.");
    app.receive(&letter);
    let App { vault, home, .. } = app;
    drop(vault);
    let mut db = opened(home.path());
    // For the functions that triggers call.
    database::migrate(&mut db).unwrap();
    db.execute_batch(&format!(
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {SHORT})
         INSERT INTO message (account, thread, msgid, author_uid, author_alias, at_ms, subject, text,
             html, state, unread)
         SELECT account, thread, format('%016x', 1000000 + n), author_uid, author_alias, at_ms + n, '',
             'short ' || n, 'short', 'received', 0 FROM message, n;"
    ))
    .unwrap();
    drop(db);
    let pages: Vec<_> =
        pages(home.path()).into_iter().filter(|page| page.of == "message").collect();
    let below = |way: &Page| -> usize {
        let leaves = pages.iter().filter(|page| page.kind == Kind::Leaf);
        leaves.filter(|leaf| leaf.path.starts_with(&way.path)).map(|leaf| leaf.rows).sum()
    };
    let ways = pages.iter().filter(|page| page.kind == Kind::Way && page.path != "/");
    let first = ways.min_by_key(|way| &way.path).unwrap();
    assert!((5_000..SHORT - 5_000).contains(&below(first)), "{first:?}");
    let (_dir, damaged) = copy_of(home.path());
    harm(&damaged, first.number, Harm::Flip);
    let to = damaged.with_file_name("saved");
    let checked = check::save(&damaged, &to).unwrap();
    assert_eq!((checked.letters as usize, checked.letters_lost), (SHORT + 1, 0), "{checked:?}");
}

/// Rows of each table, by the database's own words.
fn rows_of(home: &Path) -> BTreeMap<String, i64> {
    let db = opened(home);
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE '%VIRTUAL%'
                  AND name NOT LIKE '%_fts_%' AND name NOT LIKE 'sqlite_%'";
    let names: Vec<String> = db
        .prepare(tables)
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let count = |name: &String| {
        db.query_row(&format!("SELECT count(*) FROM {name}"), [], |row| row.get(0)).unwrap()
    };
    names.iter().map(|name| (name.clone(), count(name))).collect()
}

#[test]
fn a_store_without_its_first_or_last_pages_is_recovered_with_its_files() {
    let mut app = App::with_bob();
    for (n, size) in [(1, 3_000), (2, 300_000), (3, 0)] {
        let mut letter = app.letter(BOB, "Bob Jones", &format!("letter {n}"));
        if size > 0 {
            let mut writer = app.vault.begin_blob().unwrap();
            app.vault.append_blob(&mut writer, &vec![n; size]).unwrap();
            let blob = app.vault.finish_blob(writer).unwrap();
            letter.attachments =
                vec![IncomingAttachment { name: format!("{n}.bin"), form: None, blob }];
        }
        app.receive(&letter);
    }
    let App { vault, home, .. } = app;
    drop(vault);
    let all = rows_of(home.path());
    let pages = pages(home.path());
    for page in pages.iter().filter(|page| page.of == "sqlite_schema") {
        let (_dir, damaged) = copy_of(home.path());
        harm(&damaged, page.number, Harm::Flip);
        let to = damaged.with_file_name("saved");
        let checked = check::save(&damaged, &to).unwrap();
        assert_eq!((checked.letters, checked.files), (3, 2), "{page:?}: {checked:?}");
        assert_eq!(checked.files_lost, [], "{page:?}");
        let saved = rows_of(&to);
        let lost: Vec<_> = all.iter().filter(|(table, rows)| saved[*table] != **rows).collect();
        // Without its entry in the list, the rows of a few can't be told from an index.
        let may_be_lost =
            |table: &str| page.number > 1 && ["own_alias", "seen", "namesake"].contains(&table);
        assert!(lost.iter().all(|(table, _)| may_be_lost(table)), "{page:?}: {lost:?}");
    }

    let (_dir, damaged) = copy_of(home.path());
    let file = fs::File::options().write(true).open(damaged.join("vault.db")).unwrap();
    let rest =
        pages.iter().rfind(|page| page.of == "blob_chunk" && page.kind == Kind::Rest).unwrap();
    file.set_len((rest.number as u64 - 1) * 4096).unwrap();
    let to = damaged.with_file_name("saved");
    let checked = check::save(&damaged, &to).unwrap();
    assert_eq!((checked.letters, checked.files), (3, 1), "{checked:?}");
    let lost: Vec<_> = checked.files_lost.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(lost, ["2.bin"], "of whose bytes some are cut off");
    let saved = mnm_native::open_vault(&to).unwrap();
    let letters = saved
        .threads(None, None, None)
        .unwrap()
        .into_iter()
        .flat_map(|row| saved.thread(row.id).unwrap().messages);
    let mut files: Vec<_> = letters
        .flat_map(|letter| {
            let here = letter.attachments.into_iter().map(|file| (file.name, true));
            here.chain(letter.lost_files.into_iter().map(|name| (name, false))).collect::<Vec<_>>()
        })
        .collect();
    files.sort();
    assert_eq!(files, [("1.bin".to_owned(), true), ("2.bin".to_owned(), false)]);
}
