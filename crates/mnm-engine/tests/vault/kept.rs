//! Vaults that earlier versions left: each opens, shows all that it showed, and goes on being used.
//!
//! `tests/kept/VERSION/home` is the home of an app of that version, `shown.json` what it showed. What an
//! answer may gain with a version is allowed; nothing may go. The newest one has rows of every table and kind:
//! when the schema gains one, `cargo xtask keep-vault` makes `next`, which a release renames to its version.
//! Those of released versions stay as they are.
//!
//! Of version 0.1.0 there are two. `0.1.0-killed` has a part of its rows in the log of its database alone;
//! the other was stopped.

#[path = "kept/kinds.rs"]
pub(crate) mod kinds;
#[path = "kept/shown.rs"]
mod shown;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use mnm_engine::vault::NewAccount;
use mnm_engine::view::MayReply;
use serde_json::Value;
use tempfile::TempDir;

use crate::cast::{ALICE, App, BOB, alice};
use shown::{everything, send_all, shorten};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kept")
}

/// All that are kept, the oldest first.
fn versions() -> Vec<String> {
    let names = fs::read_dir(folder()).unwrap();
    let mut names: Vec<_> =
        names.map(|name| name.unwrap().file_name().into_string().unwrap()).collect();
    let number = |part: &str| part.parse::<u32>().unwrap_or(u32::MAX);
    names.sort_by_key(|name| name.split(['.', '-']).map(number).collect::<Vec<_>>());
    names
}

/// A copy of a kept home, as its version left it.
fn home(version: &str) -> TempDir {
    let home = TempDir::new().unwrap();
    for file in fs::read_dir(folder().join(version).join("home")).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), home.path().join(file.file_name())).unwrap();
    }
    home
}

fn shown_by(version: &str) -> Value {
    let shown = fs::read(folder().join(version).join("shown.json")).unwrap();
    let mut shown: Value = serde_json::from_slice(&shown).unwrap();
    // Each version chooses which part of a letter it shows of what was found.
    for hit in shown["search"].as_array_mut().unwrap() {
        hit.as_object_mut().unwrap().remove("snippet");
    }
    shorten(&mut shown);
    shown
}

/// Every value of `old` stands in `new` at the same place.
fn assert_keeps(old: &Value, new: &Value, at: &str) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            for (key, value) in old {
                let now = new.get(key).unwrap_or_else(|| panic!("{at}.{key} is gone"));
                assert_keeps(value, now, &format!("{at}.{key}"));
            }
        }
        (Value::Array(old), Value::Array(new)) => {
            assert_eq!(old.len(), new.len(), "{at}: {old:#?}\nis now\n{new:#?}");
            for (index, (old, new)) in old.iter().zip(new).enumerate() {
                assert_keeps(old, new, &format!("{at}[{index}]"));
            }
        }
        _ => assert_eq!(old, new, "{at}"),
    }
}

#[test]
fn a_kept_vault_shows_and_sends_what_it_did() {
    for version in versions() {
        let home = home(&version);
        // The first opening brings the store up to date, the second finds it so.
        drop(mnm_native::open_vault(home.path()).unwrap());
        let mut vault = mnm_native::open_vault(home.path()).unwrap();
        vault.check().unwrap();
        assert_keeps(&shown_by(&version), &everything(&mut vault), &version);
    }
}

#[test]
fn a_kept_vault_goes_on_being_used() {
    let new = NewAccount { address: "=localhost:2".into(), ..alice() };
    for version in versions() {
        let mut app = App::in_home(home(&version), new.clone());
        for account in app.vault.accounts().unwrap() {
            send_all(&mut app.vault, account.id);
            assert_eq!(app.vault.account(account.id).unwrap().queued, 0, "{version}");
        }
        // Each of its threads is answered where that is allowed.
        let own = app.account;
        for row in app.vault.threads(None, None, None).unwrap() {
            app.account = row.account;
            let may = matches!(
                row.may_reply,
                MayReply::Yes | MayReply::Others { .. } | MayReply::Oneself
            );
            let reply = app.queue_reply(row.id, "still here");
            assert_eq!(reply.is_ok(), may, "{version}: {row:?} {reply:?}");
            send_all(&mut app.vault, row.account);
        }
        app.account = own;
        app.befriend(BOB, "Bob Jones");
        let letter = app.letter(BOB, "Bob Jones", "a letter of today");
        let thread = app.receive(&letter).thread;
        app.queue_reply(thread, "an answer").unwrap();
        send_all(&mut app.vault, app.account);
        let app = app.restart();
        let texts = app.vault.thread(thread).unwrap().messages.into_iter().map(|m| m.text);
        assert_eq!(texts.collect::<Vec<_>>(), ["a letter of today", "an answer"], "{version}");
        let own = app.vault.account(app.account).unwrap();
        assert_eq!((own.uid.as_str(), own.queued), (ALICE, 0));
        app.vault.check().unwrap();
    }
}

#[test]
fn the_newest_kept_vault_has_rows_of_every_kind() {
    let newest = versions().pop().unwrap();
    let today = TempDir::new().unwrap();
    drop(mnm_native::open_vault(today.path()).unwrap());
    let kept = home(&newest);
    let wanting = kinds::wanting(&kinds::connect(kept.path()), &kinds::connect(today.path()));
    assert!(
        wanting.is_empty(),
        "the vault kept of {newest} has no row with:\n  {}\nHave examples/keep_vault leave one, and run \
         `cargo xtask keep-vault`.",
        wanting.join("\n  ")
    );
}

#[test]
fn the_newest_kept_vault_has_notices_of_every_kind() {
    let shown = shown_by(&versions().pop().unwrap());
    let sent = shown["outbox"].as_array().unwrap().iter();
    let sent = sent.flat_map(|account| account["sent"].as_array().unwrap());
    let notices = sent.filter_map(|item| item["body"].as_object());
    let kinds: BTreeSet<&str> = notices.flat_map(|body| body.keys().map(String::as_str)).collect();
    let all = ["aliases", "contacts", "groups", "mnm", "parted", "presence", "read", "threads"];
    assert_eq!(kinds, BTreeSet::from(all));
}

#[test]
fn files_and_texts_of_version_0_1_0_are_shown_by_the_rules_of_today() {
    let home = home("0.1.0-stopped");
    let vault = mnm_native::open_vault(home.path()).unwrap();
    let rows = vault.threads(None, None, None).unwrap();
    let plan = rows.iter().find(|row| row.subject == "Plan").unwrap().id;
    let messages = vault.thread(plan).unwrap().messages;
    let file = messages.iter().flat_map(|message| &message.attachments).next().unwrap().id;
    let bytes = vault.read_blob(file, 0, usize::MAX).unwrap();
    assert_eq!(bytes, "The plan, page one.\n".repeat(50).as_bytes());
    // That version had stored it without the line end.
    let html: String = messages.into_iter().map(|message| message.html).collect();
    assert!(html.contains("<em>second</em> page.<br>\nAnd a second line."), "{html}");
}
