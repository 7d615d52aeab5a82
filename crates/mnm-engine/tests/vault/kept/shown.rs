//! Snapshot of a vault through its public face, as one JSON value, and of what it has to send.

use data_encoding::HEXLOWER;
use mnm_engine::command::{Place, ThreadFilter, ThreadView};
use mnm_engine::vault::{Acked, OutboxAction, OutboxItem, OutgoingPost, PingQuery, Vault};
use mnm_engine::view::{AccountId, Thread, ThreadId};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tmtp::id::MessageId;

/// The word that [`shown`] searches for; each kept vault has a letter with it.
pub(crate) const WORD: &str = "oars";
/// Longest text that is written out, bytes.
const TEXT_MAX: usize = 2_000;
/// A time after which nothing in a kept vault is put off any longer.
const LATER_MS: i64 = 1 << 50;
/// The ids that [`send_all`] gives come after all that a kept vault has.
const FIRST_SENT: u64 = 1 << 62;

/// All that can be read. Does first what an earlier run left to do, so that everything is where it belongs.
pub(crate) fn shown(vault: &mut Vault) -> Value {
    while vault.tidy().value {}
    let rows = vault.threads(None, None, Some(u32::MAX)).unwrap();
    let threads: Vec<_> = rows.iter().map(|row| whole_thread(vault, row.id)).collect();
    let messages = || threads.iter().flat_map(|thread| &thread.messages);
    let drafts = vault.drafts(None, None).unwrap();
    let in_drafts = drafts.iter().chain(threads.iter().filter_map(|thread| thread.draft.as_ref()));
    let files = messages().flat_map(|message| &message.attachments);
    let files = files.chain(in_drafts.flat_map(|draft| &draft.attachments)).map(|file| {
        let bytes = vault.read_blob(file.id, 0, usize::MAX).unwrap();
        json!({"id": file.id, "bytes": digest(&bytes)})
    });
    let readers =
        rows.iter().map(|row| json!({"thread": row.id, "readers": vault.readers(row.id).unwrap()}));
    let mut groups = vault.groups(None).unwrap();
    for group in &mut groups {
        // Version 0.1.0 had them in this order.
        group.members.sort_by(|one, other| one.alias.cmp(&other.alias));
    }
    let members = groups.iter().map(|group| {
        let members = vault.members(group.account, &group.gid, None, None).unwrap();
        json!({"account": group.account, "gid": group.gid, "members": members})
    });
    let of = |view| ThreadFilter { view, ..ThreadFilter::default() };
    let state = vault.state("").unwrap();
    let accounts = state.accounts.iter().map(|account| {
        let secret = vault.credentials(account.id).unwrap();
        json!({
            "account": account.id,
            "node": secret.node.expose(),
            "losses": vault.losses(account.id).unwrap(),
            "presence_shown_to": vault.presence_shown_to(account.id).unwrap(),
        })
    });
    json!({
        "status": state,
        "accounts": accounts.collect::<Vec<_>>(),
        "devices": vault.devices(None).unwrap(),
        "browsers": vault.browsers().unwrap(),
        "notices": vault.notice_settings().unwrap(),
        "page_port": vault.page_port().unwrap(),
        "contacts": vault.contacts(None).unwrap(),
        "pings": vault.pings(&PingQuery::default()).unwrap(),
        "groups": groups,
        "members": members.collect::<Vec<_>>(),
        "inbox": rows,
        "archive": vault.threads_in(None, &of(ThreadView::Archive), None, None).unwrap(),
        "trash": vault.threads_in(None, &of(ThreadView::Trash), None, None).unwrap(),
        "threads": threads,
        "readers": readers.collect::<Vec<_>>(),
        "files": files.collect::<Vec<_>>(),
        "drafts": drafts,
        "search": vault.search(None, WORD, None).unwrap(),
    })
}

/// As [`shown`], and then all that is sent.
pub(crate) fn everything(vault: &mut Vault) -> Value {
    let mut everything = shown(vault);
    let accounts = vault.accounts().unwrap();
    let sent = accounts
        .iter()
        .map(|account| json!({"account": account.id, "sent": send_all(vault, account.id)}));
    everything["outbox"] = sent.collect();
    shorten(&mut everything);
    everything
}

/// Has digests stand for long texts.
pub(crate) fn shorten(value: &mut Value) {
    match value {
        Value::String(text) if text.len() > TEXT_MAX => *text = digest(text.as_bytes()),
        Value::Array(values) => values.iter_mut().for_each(shorten),
        Value::Object(values) => values.values_mut().for_each(shorten),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn digest(bytes: &[u8]) -> String {
    format!("{} bytes, SHA-256 {}", bytes.len(), HEXLOWER.encode(&Sha256::digest(bytes)))
}

/// A thread with all its messages.
fn whole_thread(vault: &Vault, id: ThreadId) -> Thread {
    let mut thread = vault.thread(id).unwrap();
    while thread.older {
        let first = thread.messages[0].id;
        let page = vault.thread_page(id, Place::Before(first), None).unwrap();
        thread.messages.splice(0..0, page.messages);
        thread.older = page.older;
    }
    thread
}

/// Takes all that an account has to send, as a service that grants everything; what was asked, in order.
pub(crate) fn send_all(vault: &mut Vault, account: AccountId) -> Vec<Value> {
    let (mut asked, mut msgid) = (Vec::new(), FIRST_SENT);
    while let Some(item) = vault.next_outbox(account, LATER_MS).unwrap() {
        asked.push(in_words(vault, &item));
        msgid += 1;
        let ack = Acked { msgid: MessageId(msgid), posted_ms: LATER_MS, to: None };
        let is_join = matches!(item.action, OutboxAction::Join { .. });
        let _ = vault.outbox_sent(item.id, (!is_join).then_some(&ack)).unwrap();
    }
    asked
}

fn in_words(vault: &Vault, item: &OutboxItem) -> Value {
    let OutboxItem { id, account: _, request, attempts, action } = item;
    let mut words = match action {
        OutboxAction::Post(post) => post_in_words("post", post),
        OutboxAction::Confirm(post) => post_in_words("confirm", post),
        OutboxAction::Ping { from, to, text, .. } => {
            json!({"kind": "ping", "from": from, "to": to, "text": text})
        }
        OutboxAction::Invite { gid, from, to, text, .. } => {
            json!({"kind": "invite", "gid": gid, "from": from, "to": to, "text": text})
        }
        OutboxAction::Join { gid, .. } => json!({"kind": "join", "gid": gid}),
        OutboxAction::Forward(forward) => {
            let copy = match forward.copy_bytes {
                0 => forward.copy.clone().into_bytes(),
                bytes => vault.read_copy(*id, 0, usize::try_from(bytes).unwrap()).unwrap(),
            };
            json!({
                "kind": "forward",
                "thread_id": forward.thread_id,
                "new": forward.new.iter().map(|new| &new.who_uid).collect::<Vec<_>>(),
                "old": forward.old.iter().map(|old| &old.id).collect::<Vec<_>>(),
                "copy": String::from_utf8_lossy(&copy),
            })
        }
        OutboxAction::Sync { body } => {
            json!({"kind": "sync", "body": serde_json::from_str::<Value>(body).unwrap()})
        }
    };
    // Each letter that is confirmed is a request of its own, made when the last one was taken.
    if !matches!(action, OutboxAction::Confirm(_)) {
        words["request"] = json!(request);
    }
    words["attempts"] = json!(attempts);
    words
}

fn post_in_words(kind: &str, post: &OutgoingPost) -> Value {
    let readers = [&post.cc, &post.readers]
        .map(|readers| readers.iter().map(|reader| reader.who_uid.as_str()).collect::<Vec<_>>());
    json!({
        "kind": kind,
        "thread_id": post.thread_id,
        "alias": post.alias,
        "subject": post.subject,
        "text": post.text,
        "cc": readers[0],
        "readers": readers[1],
        "recipients": post.recipients.iter().map(|to| to.id.as_str()).collect::<Vec<_>>(),
        "files": post.attachments.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(),
        "confirms": post.confirms,
        "unreachable": post.unreachable,
    })
}
