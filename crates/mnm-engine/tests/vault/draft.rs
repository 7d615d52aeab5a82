//! Drafts: saved as typed, one per thread, never lost by an error.

use mnm_engine::error::VaultError;
use mnm_engine::vault::DraftContent;
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
    let first = app.vault.save_draft(None, account, None, &typed, 5).unwrap();
    assert_eq!(names(&first.events), ["draft"]);
    assert_eq!(first.value.to, ["Nobody Yet"]);
    let id = first.value.id;
    let typed = content(&[], "two");
    let second = app.vault.save_draft(Some(id), account, None, &typed, 6).unwrap();
    assert_eq!((second.value.id, second.value.text.as_str()), (id, "two"));
    assert_eq!(app.vault.drafts(None).unwrap(), [second.value]);
    assert_eq!(names(&app.vault.drop_draft(id).unwrap().events), ["draft_gone"]);
    let gone = app.vault.save_draft(Some(id), account, None, &typed, 7);
    assert!(matches!(gone, Err(VaultError::NotFound { .. })));
}

#[test]
fn a_thread_has_one_draft() {
    let mut app = App::with_bob();
    let letter = app.letter(BOB, "Bob Jones", "hello");
    let thread = app.receive(&letter).thread;
    let mut save = |text: &str| {
        let typed = content(&[], text);
        app.vault.save_draft(None, app.account, Some(thread), &typed, 5).unwrap().value.id
    };
    assert_eq!(save("one"), save("two"));
    assert_eq!(app.vault.thread(thread).unwrap().draft.unwrap().text, "two");
}

#[test]
fn sending_names_everybody_unknown_and_keeps_the_draft() {
    let mut app = App::with_bob();
    let typed = content(&["Bob Jones", "Nobody One", "Nobody Two"], "hello");
    let draft = app.vault.save_draft(None, app.account, None, &typed, 5).unwrap().value;
    let error = app.vault.queue_draft(draft.id, 6).unwrap_err();
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
        let id = app.vault.save_draft(None, app.account, None, &typed, 5).unwrap().value.id;
        let error = app.vault.queue_draft(id, 6).unwrap_err();
        assert!(matches!(error, VaultError::EmptyLetter | VaultError::NoRecipients));
    }
    assert_eq!(app.vault.outbox_len(app.account).unwrap(), 0);
}

#[test]
fn too_long_a_text_is_refused() {
    let mut app = App::new();
    let typed = content(&[], &"x".repeat((1 << 20) + 1));
    let error = app.vault.save_draft(None, app.account, None, &typed, 5).unwrap_err();
    assert!(matches!(error, VaultError::TooLarge(_)));
}

#[test]
fn a_queued_draft_becomes_a_message_with_its_attachments() {
    let mut app = App::with_bob();
    let typed = content(&["Bob Jones"], "hello");
    let draft = app.vault.save_draft(None, app.account, None, &typed, 5).unwrap().value.id;
    let mut writer = app.vault.begin_blob().unwrap();
    app.vault.append_blob(&mut writer, b"bytes").unwrap();
    let blob = app.vault.finish_blob(writer).unwrap();
    let file = app.vault.attach(draft, "a.txt", blob, 5).unwrap().value;
    let change = app.vault.queue_draft(draft, 6).unwrap();
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
