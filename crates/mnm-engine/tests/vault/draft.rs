//! Drafts: saved as typed, one per thread, never lost by an error.

use mnm_engine::error::VaultError;
use mnm_engine::vault::{DraftContent, Upon};
use mnm_engine::view::PartyKind;

use crate::cast::{App, BOB, names};

fn content(to: &[&str], text: &str) -> DraftContent {
    DraftContent {
        to: to.iter().map(|&name| name.to_owned()).collect(),
        subject: "Subject".into(),
        text: text.into(),
    }
}

#[test]
fn a_draft_is_created_replaced_and_dropped() {
    let mut app = App::new();
    let account = app.account;
    let typed = content(&["Nobody Yet", " "], "one");
    let first = app.vault.save_draft(Upon::Anything, None, account, None, &typed, 5).unwrap();
    assert_eq!(names(&first.events), ["draft"]);
    assert_eq!(first.value.to, ["Nobody Yet"]);
    let id = first.value.id;
    let typed = content(&[], "two");
    let second = app.vault.save_draft(Upon::Anything, Some(id), account, None, &typed, 6).unwrap();
    assert_eq!((second.value.id, second.value.text.as_str()), (id, "two"));
    assert_eq!(app.vault.drafts(None, None).unwrap(), [second.value]);
    assert_eq!(names(&app.vault.drop_draft(id, None).unwrap().events), ["draft_gone"]);
    let gone = app.vault.save_draft(Upon::Anything, Some(id), account, None, &typed, 7);
    assert!(matches!(gone, Err(VaultError::NotFound { .. })));
}

#[test]
fn a_thread_has_one_draft() {
    let mut app = App::with_bob();
    let letter = app.letter(BOB, "Bob Jones", "hello");
    let thread = app.receive(&letter).thread;
    let mut save = |text: &str| {
        let typed = content(&[], text);
        app.vault
            .save_draft(Upon::Anything, None, app.account, Some(thread), &typed, 5)
            .unwrap()
            .value
            .id
    };
    assert_eq!(save("one"), save("two"));
    assert_eq!(app.vault.thread(thread).unwrap().draft.unwrap().text, "two");
}

#[test]
fn unknown_recipients_are_named_and_the_draft_is_kept() {
    let mut app = App::with_bob();
    let typed = content(&["Bob Jones", "Nobody One", "Nobody Two"], "hello");
    let draft =
        app.vault.save_draft(Upon::Anything, None, app.account, None, &typed, 5).unwrap().value;
    let error = app.vault.queue_draft(draft.id, None, 6, 0).unwrap_err();
    assert!(error.to_string().contains("Nobody One, Nobody Two"), "{error}");
    assert!(matches!(error, VaultError::UnknownRecipients(names) if names.len() == 2));
    assert_eq!(app.vault.draft(draft.id).unwrap(), draft);
    assert!(app.vault.threads(None, None, None).unwrap().is_empty());
}

#[test]
fn an_empty_letter_and_one_to_nobody_are_refused() {
    let mut app = App::with_bob();
    for (to, text) in [(&["Bob Jones"][..], " \n"), (&[][..], "hello")] {
        let typed = content(to, text);
        let id = app
            .vault
            .save_draft(Upon::Anything, None, app.account, None, &typed, 5)
            .unwrap()
            .value
            .id;
        let error = app.vault.queue_draft(id, None, 6, 0).unwrap_err();
        assert!(matches!(error, VaultError::EmptyLetter | VaultError::NoRecipients));
    }
    assert_eq!(app.vault.next_outbox(app.account, 0).unwrap(), None);
}

#[test]
fn an_overlong_text_is_kept_but_not_sent() {
    const LETTER: usize = 256 << 10;
    const DRAFT: usize = 1 << 20;
    let mut app = App::with_bob();
    let account = app.account;
    let long = |bytes| content(&["Bob Jones"], &"x".repeat(bytes));
    let draft =
        app.vault.save_draft(Upon::Anything, None, account, None, &long(DRAFT), 5).unwrap().value;
    let error = app.vault.queue_draft(draft.id, None, 6, 0).unwrap_err();
    assert!(matches!(error, VaultError::TooLarge(_)));
    assert!(error.to_string().contains("1024 KiB") && error.to_string().contains("256"), "{error}");
    assert_eq!(app.vault.draft(draft.id).unwrap(), draft);
    let error =
        app.vault.save_draft(Upon::Anything, Some(draft.id), account, None, &long(DRAFT + 1), 5);
    assert!(matches!(error, Err(VaultError::TooLarge(_))));
    let _ = app
        .vault
        .save_draft(Upon::Anything, Some(draft.id), account, None, &long(LETTER + 1), 7)
        .unwrap();
    assert!(matches!(app.vault.queue_draft(draft.id, None, 8, 0), Err(VaultError::TooLarge(_))));
    let _ = app
        .vault
        .save_draft(Upon::Anything, Some(draft.id), account, None, &long(LETTER), 9)
        .unwrap();
    assert_eq!(app.vault.queue_draft(draft.id, None, 10, 0).unwrap().value.text.len(), LETTER);
}

#[test]
fn an_oversized_draft_can_be_shortened_in_steps() {
    const DRAFT: usize = 1 << 20;
    let mut app = App::with_bob();
    let letter = app.letter(BOB, "Bob Jones", "hello");
    let (account, thread) = (app.account, app.receive(&letter).thread);
    let long = |bytes| content(&[], &"x".repeat(bytes));
    let mut save = |upon, text: &DraftContent| {
        app.vault.save_draft(upon, None, account, Some(thread), text, 5)
    };
    let _ = save(Upon::Anything, &long(DRAFT)).unwrap();
    // Two windows' texts, kept one below the other.
    let joined = save(Upon::Leaving(0), &content(&[], "from another window")).unwrap().value;
    assert!(joined.text.len() > DRAFT);
    assert_eq!(save(Upon::Anything, &long(DRAFT + 9)).unwrap().value.text.len(), DRAFT + 9);
    assert!(save(Upon::Anything, &long(DRAFT + 10)).is_err());
}

#[test]
fn a_queued_draft_becomes_a_message_with_its_attachments() {
    let mut app = App::with_bob();
    let typed = content(&["Bob Jones"], "hello");
    let draft =
        app.vault.save_draft(Upon::Anything, None, app.account, None, &typed, 5).unwrap().value.id;
    let mut writer = app.vault.begin_blob().unwrap();
    app.vault.append_blob(&mut writer, b"bytes").unwrap();
    let blob = app.vault.finish_blob(writer).unwrap();
    let file = app.vault.attach(draft, "a.txt", blob, 5).unwrap().value;
    let change = app.vault.queue_draft(draft, None, 6, 0).unwrap();
    assert_eq!(names(&change.events), ["draft_gone", "thread", "message", "account"]);
    let message = change.value;
    assert_eq!(message.attachments, [file]);
    assert_eq!(message.from.kind, PartyKind::Me);
    assert_eq!(app.vault.read_blob(message.attachments[0].id, 0, 9).unwrap(), b"bytes");
    let row = app.vault.thread(message.thread).unwrap().row;
    assert!(row.attachments);
    let aliases: Vec<_> = row.parties.iter().map(|p| (p.alias.as_str(), p.kind)).collect();
    assert_eq!(aliases, [("Alice Smith", PartyKind::Me), ("Bob Jones", PartyKind::Contact)]);
}

#[test]
fn an_outdated_writer_overwrites_nothing() {
    let mut app = App::with_bob();
    let letter = app.letter(BOB, "Bob Jones", "hello");
    let thread = app.receive(&letter).thread;
    let (account, vault) = (app.account, &mut app.vault);
    let mut save = |version: Option<u64>, draft, text: &str| {
        let upon = version.map_or(Upon::Anything, Upon::Version);
        vault.save_draft(upon, draft, account, Some(thread), &content(&[], text), 5)
    };
    let first = save(Some(0), None, "from one window").unwrap().value;
    // Another window that has seen nothing yet.
    assert!(matches!(save(Some(0), None, "from another"), Err(VaultError::Outdated)));
    let second = save(Some(first.version), Some(first.id), "one again").unwrap().value;
    assert!(second.version > first.version);
    let behind = save(Some(first.version), Some(first.id), "from another");
    assert!(matches!(behind, Err(VaultError::Outdated)));
    // The command line replaces whatever is there.
    assert_eq!(save(None, None, "whatever").unwrap().value.id, first.id);
}

#[test]
fn a_leaving_writers_text_is_kept_beside_the_newer_one() {
    let mut app = App::with_bob();
    let letter = app.letter(BOB, "Bob Jones", "hello");
    let thread = app.receive(&letter).thread;
    let (account, vault) = (app.account, &mut app.vault);
    let mut save = |upon, draft, thread, text: &str| {
        vault.save_draft(upon, draft, account, thread, &content(&[], text), 5).unwrap().value
    };
    let first = save(Upon::Version(0), None, Some(thread), "a");
    let seen = first.version;
    save(Upon::Version(seen), Some(first.id), Some(thread), "a b");
    // Its own save, the answer to which it did not wait for, or the same in another order.
    assert_eq!(save(Upon::Leaving(seen), Some(first.id), Some(thread), "a b c").text, "a b c");
    assert_eq!(save(Upon::Leaving(seen), Some(first.id), Some(thread), "a b").text, "a b c");
    let both = save(Upon::Leaving(seen), Some(first.id), Some(thread), "else");
    assert_eq!((both.id, &*both.text), (first.id, "a b c\n\nelse"));
    // Again and again: what both say stands there once.
    let both = save(Upon::Leaving(seen), Some(first.id), Some(thread), "a b c\n\nmore");
    assert_eq!(both.text, "a b c\n\nelse\n\nmore");
    // It was sent meanwhile: what was typed is a reply of its own.
    let _ = vault.drop_draft(first.id, None).unwrap();
    let mut save = |upon, draft, thread, text: &str| {
        vault.save_draft(upon, draft, account, thread, &content(&[], text), 5).unwrap().value
    };
    let stray = save(Upon::Leaving(seen), Some(first.id), Some(thread), "more");
    assert_eq!((stray.thread, &*stray.text), (Some(thread), "more"));
    // A letter becomes a second draft.
    let letter = save(Upon::Version(0), None, None, "one");
    save(Upon::Version(letter.version), Some(letter.id), None, "one, changed");
    let second = save(Upon::Leaving(letter.version), Some(letter.id), None, "one, otherwise");
    assert_ne!(second.id, letter.id);
    let texts: Vec<_> = vault.drafts(None, None).unwrap().into_iter().map(|d| d.text).collect();
    assert_eq!(texts, ["one, otherwise", "one, changed", "more"]);
}

#[test]
fn an_outdated_draft_is_neither_sent_nor_discarded() {
    let mut app = App::with_bob();
    let letter = app.letter(BOB, "Bob Jones", "hello");
    let thread = app.receive(&letter).thread;
    let (account, vault) = (app.account, &mut app.vault);
    let typed = content(&[], "seen");
    let draft =
        vault.save_draft(Upon::Anything, None, account, Some(thread), &typed, 5).unwrap().value;
    let _ = vault
        .save_draft(Upon::Anything, None, account, Some(thread), &content(&[], "not seen"), 6)
        .unwrap();
    let dropped = vault.drop_draft(draft.id, Some(draft.version));
    assert!(matches!(dropped, Err(VaultError::Outdated)));
    let sent = vault.queue_draft(draft.id, Some(draft.version), 7, 0);
    assert!(matches!(sent, Err(VaultError::Outdated)));
    assert!(vault.queue_draft(draft.id, Some(draft.version + 1), 7, 0).is_ok());
}

#[test]
fn attaching_a_file_outdates_no_writer() {
    let mut app = App::new();
    let typed = content(&[], "with a file");
    let draft =
        app.vault.save_draft(Upon::Anything, None, app.account, None, &typed, 5).unwrap().value;
    let writer = app.vault.begin_blob().unwrap();
    let blob = app.vault.finish_blob(writer).unwrap();
    let file = app.vault.attach(draft.id, "a.txt", blob, 6).unwrap().value;
    assert_eq!(app.vault.draft(draft.id).unwrap().version, draft.version);
    let detached = app.vault.detach(draft.id, file.id, 7).unwrap().value;
    assert_eq!(detached.version, draft.version);
}

#[test]
fn an_emptied_draft_is_deleted() {
    let mut app = App::with_bob();
    let letter = app.letter(BOB, "Bob Jones", "hello");
    let thread = app.receive(&letter).thread;
    let account = app.account;
    for thread in [Some(thread), None] {
        let blank = DraftContent { text: " \n\u{a0}".into(), ..DraftContent::default() };
        let typed = DraftContent { text: "a word".into(), ..DraftContent::default() };
        let draft =
            app.vault.save_draft(Upon::Anything, None, account, thread, &typed, 5).unwrap().value;
        let emptied = app
            .vault
            .save_draft(Upon::Anything, Some(draft.id), account, thread, &blank, 6)
            .unwrap();
        assert_eq!(names(&emptied.events), ["draft_gone"]);
        assert_eq!(app.vault.drafts(None, None).unwrap(), []);
        if let Some(thread) = thread {
            assert_eq!(app.vault.thread(thread).unwrap().draft, None);
        }
        // Who goes on writing in either window finds it again, whatever they have read.
        let again = app.vault.save_draft(Upon::Version(0), None, account, thread, &typed, 7);
        assert_eq!(names(&again.unwrap().events), ["draft"]);
        for draft in app.vault.drafts(None, None).unwrap() {
            let _ = app
                .vault
                .save_draft(Upon::Anything, Some(draft.id), account, thread, &blank, 8)
                .unwrap();
        }
    }
    // A file alone is something; and what nothing is in leaves no row behind.
    let nothing = DraftContent::default();
    let id = app
        .vault
        .save_draft(Upon::Anything, None, account, Some(thread), &nothing, 9)
        .unwrap()
        .value
        .id;
    let writer = app.vault.begin_blob().unwrap();
    let blob = app.vault.finish_blob(writer).unwrap();
    assert_eq!(names(&app.vault.attach(id, "a.txt", blob, 9).unwrap().events), ["draft"]);
    let _ = app.vault.save_draft(Upon::Anything, None, account, None, &nothing, 9).unwrap();
    let app = app.restart();
    let kept: Vec<_> = app.vault.drafts(None, None).unwrap().iter().map(|draft| draft.id).collect();
    assert_eq!(kept, [id]);
    assert!(matches!(app.vault.draft(id + 1), Err(VaultError::NotFound { .. })));
}

#[test]
fn drafts_are_listed_in_pages_that_are_bounded_in_number_and_length() {
    let mut app = App::new();
    for n in 0..240 {
        let length = if n % 10 == 0 { 300_000 } else { 10 };
        let typed = content(&[], &format!("{n} {}", "x".repeat(length)));
        let _ = app.vault.save_draft(Upon::Anything, None, app.account, None, &typed, n).unwrap();
    }
    let (mut all, mut before) = (Vec::new(), None);
    loop {
        let page = app.vault.drafts(Some(app.account), before).unwrap();
        let bytes: usize = page.iter().map(|draft| draft.text.len()).sum();
        assert!(page.len() <= 100 && bytes < 1 << 20, "{} drafts, {bytes} bytes", page.len());
        let Some(last) = page.last() else { break };
        before = Some(last.id);
        all.extend(page.into_iter().map(|draft| draft.updated_ms));
    }
    assert_eq!(all, (0..240).rev().collect::<Vec<_>>(), "each once");
}
