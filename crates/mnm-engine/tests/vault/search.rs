//! Search over what was received and written.

use mnm_engine::command::{SearchOrder, ThreadMark};
use mnm_engine::vault::{Erased, IncomingAttachment, Search, SearchArgs};
use mnm_engine::view::PartyKind;

use crate::cast::{App, BOB, CAROL, MALLORY};

#[test]
fn all_words_must_occur_and_the_last_may_be_a_beginning() {
    let mut app = App::with_bob();
    for text in ["The café budget for May", "Only the café", "Budget of **Zürich**"] {
        let letter = app.letter(BOB, "Bob Jones", text);
        app.receive(&letter);
    }
    let texts = |words: &str| app.vault.search(None, words, None).unwrap().len();
    for (words, hits) in [
        ("cafe", 2),
        ("CAFÉ budg", 1),
        ("bud", 2),
        ("zurich", 1),
        ("budget café", 1),
        ("bud café", 0),
        ("nothing", 0),
        ("\"café\" OR", 0),
        ("text:café*", 0),
        ("(", 0),
        ("'; DROP TABLE message; --", 0),
    ] {
        assert_eq!(texts(words), hits, "{words}");
    }
}

#[test]
fn a_hit_names_thread_and_author_and_is_escaped() {
    let mut app = App::with_bob();
    let letter = app.letter(CAROL, "Carol Brown", "see <b>treasure</b> & more");
    app.receive(&letter);
    let hits = app.vault.search(Some(app.account), "treas", Some(10)).unwrap();
    let hit = &hits[0];
    assert_eq!(hit.from.kind, PartyKind::Stranger);
    assert_eq!(hit.service, "Test Service");
    assert!(
        hit.snippet.contains("&lt;b&gt;<mark>treasure</mark>&lt;/b&gt; &amp;"),
        "{}",
        hit.snippet
    );
    assert!(app.vault.search(Some(99), "treas", None).unwrap().is_empty());
}

#[test]
fn an_unsent_message_is_not_found() {
    let mut app = App::with_bob();
    let message = app.queue(&["Bob Jones"], "unicorn");
    assert_eq!(app.vault.search(None, "unicorn", None).unwrap().len(), 1);
    let _ = app.vault.unsend(message.id, 50).unwrap();
    assert!(app.vault.search(None, "unicorn", None).unwrap().is_empty());
    app.vault.check().unwrap();
}

#[test]
fn file_names_are_searched() {
    let mut app = App::with_bob();
    let mut letter = app.letter(BOB, "Bob Jones", "see the files");
    for name in ["Jahresbericht_2026-final.pdf", "Fotos vom Sommer.zip"] {
        let writer = app.vault.begin_blob().unwrap();
        let blob = app.vault.finish_blob(writer).unwrap();
        letter.attachments.push(IncomingAttachment { name: name.into(), form: None, blob });
    }
    let message = app.receive(&letter);
    for words in ["jahresbericht", "2026 FINAL", "sommer fo", "pdf"] {
        let hits = app.vault.search(None, words, None).unwrap();
        assert_eq!(hits.len(), 1, "{words}");
        assert_eq!(hits[0].message, message.id);
        assert!(hits[0].snippet.contains("<mark>"), "{words}: {}", hits[0].snippet);
    }
    // In the text and in a name: one hit.
    assert_eq!(app.vault.search(None, "files", None).unwrap().len(), 1);
    assert!(app.vault.search(None, "bericht sommer", None).unwrap().is_empty());
    app.vault.check().unwrap();
}

#[test]
fn a_repetitive_letter_does_not_slow_search() {
    let mut app = App::with_bob();
    let text = format!("Harbour. {} Anchor is last.", "play ".repeat(40_000));
    let letter = app.letter(BOB, "Bob Jones", &text);
    app.receive(&letter);
    let begin = std::time::Instant::now();
    for words in ["play", "anchor"] {
        let hits = app.vault.search(None, words, None).unwrap();
        assert_eq!(hits.len(), 1);
        assert!(hits[0].snippet.to_lowercase().contains(words), "{}", hits[0].snippet);
    }
    // Comparing all places with each other takes minutes.
    assert!(begin.elapsed().as_secs() < 5, "{:?}", begin.elapsed());
}

/// Letters in scripts of the world, and what is searched for in them.
const SCRIPTS: [(&str, &[&str]); 12] = [
    (
        "我们明天在图书馆门口见面，请带上雨伞。",
        &["我们", "明天", "图书馆", "雨伞", "伞", "图书馆门口"],
    ),
    ("来週の会議は午後三時から図書室で行います。", &["来週", "会議", "図書室", "三時"]),
    ("ประชุมที่ห้องสมุดพรุ่งนี้", &["ประชุม", "ห้องสมุด", "พรุ่งนี้"]),
    ("도서관에서 내일 만나요", &["도서관", "서관에", "만나"]),
    ("שָׁלוֹם לכולם", &["שלום", "לכולם"]),
    ("اِجتِماعٌ في المكتبة", &["اجتماع", "المكتبة"]),
    ("पुस्तकालय में मिलेंगे", &["पुस्तकालय", "मिलें"]),
    ("Treffen in der Straße nach Łódź über Århus", &["strasse", "lodz", "ARHUS", "uber"]),
    ("Ｆｕｌｌ width ｶﾞｲﾄﾞ", &["full", "ガイド"]),
    ("Well done 👍🏽 and ❤️", &["👍", "❤"]),
    ("Встреча у ёлки", &["елки", "ВСТРЕЧА"]),
    ("Συνάντηση στον Ναό", &["συναντηση", "ναο"]),
];

#[test]
fn words_of_every_script_are_found_and_marked() {
    let mut app = App::with_bob();
    for (text, searches) in SCRIPTS {
        let mut letter = app.letter(BOB, "Bob Jones", text);
        letter.subject = String::new();
        let message = app.receive(&letter);
        for words in searches {
            let hits = app.vault.search(None, words, None).unwrap();
            let found: Vec<_> = hits.iter().map(|hit| hit.message).collect();
            assert_eq!(found, [message.id], "{words} in {text}");
            assert!(hits[0].snippet.contains("<mark>"), "{words}: {}", hits[0].snippet);
        }
    }
    app.vault.check().unwrap();
}

#[test]
fn from_me_is_the_member_and_nobody_whose_name_begins_so() {
    let mut app = App::with_bob();
    app.befriend(CAROL, "Mercy Brown");
    app.befriend(MALLORY, "Me Myself");
    let other = app.letter(MALLORY, "Me Myself", "another plan");
    let other = app.receive(&other);
    let hers = app.letter(CAROL, "Mercy Brown", "her plan");
    let hers = app.receive(&hers);
    let mine = app.queue_reply(hers.thread, "my plan").unwrap();
    for (words, expected) in [
        ("from:me", vec![mine.id]),
        ("from:ME plan", vec![mine.id]),
        ("from:mys", vec![other.id]),
        ("from:mer", vec![hers.id]),
        ("from:mercy", vec![hers.id]),
    ] {
        let hits = app.vault.search(None, words, None).unwrap();
        let found: Vec<_> = hits.iter().map(|hit| hit.message).collect();
        assert_eq!(found, expected, "{words}");
    }
}

#[test]
fn operators_narrow_what_is_found() {
    let mut app = App::with_gardeners();
    app.befriend(CAROL, "Carol Brown");
    let mut with_file = app.letter(BOB, "Bob Jones", "the plan");
    let writer = app.vault.begin_blob().unwrap();
    let blob = app.vault.finish_blob(writer).unwrap();
    with_file.attachments.push(IncomingAttachment { name: "plan.pdf".into(), form: None, blob });
    let with_file = app.receive(&with_file);
    let from_carol = app.letter(CAROL, "Carol Brown", "another plan");
    let from_carol = app.receive(&from_carol);
    let to_group = app.letter_to_gardeners(BOB, "Bob Jones", "plan for the group");
    let to_group = app.receive(&to_group);
    let mine = app.queue_reply(from_carol.thread, "my plan").unwrap();
    let mut late = app.letter(CAROL, "Carol Brown", "late plan");
    late.posted_ms = 1_767_225_600_000; // 1 January 2026
    let late = app.receive(&late);
    let now = app.now();
    let put = [to_group.thread];
    let _ = app.vault.mark_threads(&put, ThreadMark::Archived, true, now).unwrap();
    let _ = app.vault.mark_threads(&[late.thread], ThreadMark::Trashed, true, now).unwrap();
    let _ = app.vault.mark_read(from_carol.thread, None).unwrap();
    let found = |words: &str| {
        let hits = app.vault.search(None, words, None).unwrap();
        let mut ids: Vec<_> = hits.into_iter().map(|hit| hit.message).collect();
        ids.sort_unstable();
        ids
    };
    for (words, expected) in [
        ("plan", vec![with_file.id, from_carol.id, to_group.id, mine.id]),
        ("plan from:carol", vec![from_carol.id]),
        ("from:\"bob jo\" plan", vec![with_file.id, to_group.id]),
        ("from:me", vec![mine.id]),
        ("plan has:file", vec![with_file.id]),
        ("has:file", vec![with_file.id]),
        ("in:gardeners plan", vec![to_group.id]),
        ("in:archive plan", vec![to_group.id]),
        ("in:trash plan", vec![late.id]),
        ("in:trash", vec![late.id]),
        ("is:unread from:bob", vec![with_file.id, to_group.id]),
        ("after:2025 in:trash", vec![late.id]),
        ("before:2026-01-01 in:trash", vec![]),
        ("before:2026-01-02 in:trash plan", vec![late.id]),
        ("\"the group\"", vec![to_group.id]),
        ("\"group the\"", vec![]),
        ("plan from:nobody", vec![]),
    ] {
        assert_eq!(found(words), expected, "{words}");
    }
}

#[test]
fn more_than_a_page_is_found_counted_and_ordered() {
    let mut app = App::with_bob();
    let first = app.letter(BOB, "Bob Jones", "harbour");
    let thread = app.receive(&first).thread;
    let mut all = Vec::new();
    for n in 0..130 {
        let mut letter = app.reply(first.msgid, BOB, "Bob Jones");
        letter.text = format!("{} anchor", "word ".repeat(n % 7));
        all.push(app.receive(&letter).id);
    }
    let other = app.letter(BOB, "Bob Jones", "anchor elsewhere");
    let other = app.receive(&other).id;
    let args = |skip, order| SearchArgs {
        words: "anchor".into(),
        order,
        skip,
        limit: Some(50),
        ..SearchArgs::default()
    };
    let mut seen = Vec::new();
    for skip in [0, 50, 100, 150] {
        let hits = app.vault.search_all(&args(skip, SearchOrder::Newest)).unwrap();
        seen.extend(hits.into_iter().map(|hit| hit.message));
    }
    let newest: Vec<_> = std::iter::once(other).chain(all.iter().rev().copied()).collect();
    assert_eq!(seen, newest);
    let mut best = Vec::new();
    for skip in [0, 50, 100] {
        let hits = app.vault.search_all(&args(skip, SearchOrder::Best)).unwrap();
        best.extend(hits.into_iter().map(|hit| hit.message));
    }
    assert_ne!(best, newest, "short ones come first");
    best.sort_unstable();
    seen.sort_unstable();
    assert_eq!(best, seen, "each once");
    let in_thread = SearchArgs { thread: Some(thread), ..args(0, SearchOrder::Newest) };
    let mut counting = Search::counting(&in_thread).unwrap();
    while app.vault.search_slice(&mut counting).unwrap() {}
    assert_eq!(counting.count(), 130);
    assert!(counting.into_hits().is_empty());
}

#[test]
fn an_older_index_is_made_anew_in_slices_that_survive_a_crash() {
    let mut app = App::with_bob();
    let mut letters = Vec::new();
    for n in 0..450 {
        let letter = app.letter(BOB, "Bob Jones", &format!("number n{n} of the anchor"));
        letters.push(app.receive(&letter));
    }
    while app.vault.tidy().value {}
    // As after the update: nothing is in the index, all is left.
    let home = app.home.path().to_owned();
    let (account, home_dir) = (app.account, app.home);
    drop(app.vault);
    crate::kept::kinds::connect(&home)
        .execute_batch(
            "INSERT INTO message_index (message_index) VALUES ('delete-all');
             UPDATE reindex SET message = (SELECT max(id) FROM message);",
        )
        .unwrap();
    let mut vault = mnm_native::open_vault(&home).unwrap();
    assert!(vault.is_indexing().unwrap());
    let found = |vault: &mnm_engine::vault::Vault, words: &str| {
        vault.search(Some(account), words, Some(200)).unwrap().len()
    };
    assert_eq!(found(&vault, "anchor"), 0);
    let _ = vault.tidy();
    // The newest come first; what is erased before its turn is never asked for.
    assert_eq!((found(&vault, "n449"), found(&vault, "n0")), (1, 0));
    for number in [0, 440] {
        let thread = [letters[number].thread];
        let _ = vault.mark_threads(&thread, ThreadMark::Trashed, true, 5).unwrap();
    }
    let _ = vault.empty_trash(&Erased::All(account)).unwrap();
    drop(vault);
    let mut vault = mnm_native::open_vault(&home).unwrap();
    while vault.tidy().value {}
    assert!(!vault.is_indexing().unwrap());
    vault.check().unwrap();
    assert_eq!(found(&vault, "anchor"), 200);
    assert_eq!((found(&vault, "n1"), found(&vault, "n0"), found(&vault, "n440")), (1 + 110, 0, 0));
    drop(home_dir);
}

#[test]
fn words_of_an_erased_letter_leave_the_index_at_once() {
    let mut app = App::with_bob();
    let [gone, kept] = ["zebraword gone", "xylophoneword kept"].map(|text| {
        let mut letter = app.letter(BOB, "Bob Jones", text);
        letter.subject = String::new();
        app.receive(&letter).thread
    });
    let _ = app.vault.mark_threads(&[gone], ThreadMark::Trashed, true, 5).unwrap();
    let _ = app.vault.empty_trash(&Erased::Of(None, vec![gone])).unwrap();
    while app.vault.tidy().value {}
    assert_eq!(app.vault.search(None, "xylophone", None).unwrap()[0].thread, kept);
    let home = app.home;
    drop(app.vault);
    let db = crate::kept::kinds::connect(home.path());
    let blocks = |word: &str| -> i64 {
        let sql = "SELECT count(*) FROM message_index_data WHERE instr(block, ?1) > 0";
        db.query_row(sql, [word.as_bytes()], |row| row.get(0)).unwrap()
    };
    assert_eq!((blocks("ebraword"), blocks("ylophoneword")), (0, 1));
}
