//! Tests of a thread that another app forwards: read, confirmed by its authors, and what a forger gets.

use mnm_engine::command::{Command, Reply};
use mnm_engine::view::{ForwardState, Message, PartyKind, Thread};
use serde_json::{Value, json};
use tmtp_testkit::peer::RawPeer;
use tmtp_testkit::process::ServiceProcess;

use crate::cast::{Person, ask};

/// Members may write only to those they know, which a forward has to work with.
pub(crate) const STRICT: &str = "[service]\npost_policy = \"acquainted\"\n";
/// The bytes of a forwarded thread, made by hand: see the head of `tmtp::forward`.
fn thread_bytes(letters: &[(Value, &str)], cc: &Value) -> Vec<u8> {
    let (mut messages, mut index) = (String::new(), Vec::new());
    for (head, text) in letters {
        let mut head = head.clone();
        head["Size"] = json!(text.len());
        let head_text = head.to_string();
        let message = format!("{:04x}{head_text}\n{text}\n", head_text.len());
        index.push(json!({
            "Id": head["Id"], "From": head["From"], "Date": head["Posted"], "Seen": "",
            "Offset": messages.len(), "Size": message.len(), "Checksum": 1,
        }));
        messages.push_str(&message);
    }
    let (index, cc) = (json!(index).to_string(), cc.to_string());
    format!("{messages}{index}{cc}{:08x}{:08x}", index.len(), cc.len()).into_bytes()
}

fn letter(id: &str, from: &str, alias: &str, thread: &str, attach: &Value) -> Value {
    json!({
        "Id": id, "From": from, "Posted": "2020-02-03T04:05:06.789Z",
        "SubHead": { "Alias": alias, "ThreadId": thread, "Subject": "Plans", "Attach": attach },
    })
}

pub(crate) fn subscriber(who: &str, uid: &str) -> Value {
    json!({ "Who": who, "WhoUid": uid, "By": who, "ByUid": uid, "Date": ".", "Note": "", "Subscribe": true })
}

/// A member with an app of other make.
pub(crate) struct Raw {
    pub(crate) peer: RawPeer,
    pub(crate) alias: &'static str,
    pub(crate) uid: String,
}

impl Raw {
    pub(crate) async fn join(service: &ServiceProcess, alias: &'static str) -> Self {
        let (peer, uid, _) = RawPeer::join(service.address(), alias).await.unwrap();
        Self { peer, alias, uid }
    }

    /// Pings each other.
    async fn befriend(&mut self, other: &mut Self) {
        self.peer.ping(self.alias, other.alias, "hello").await.unwrap();
        other.peer.receive("ping").await.unwrap();
        other.peer.ping(other.alias, self.alias, "hello").await.unwrap();
        self.peer.receive("ping").await.unwrap();
    }

    pub(crate) async fn meet(&mut self, ada: &Person) {
        self.peer.ping(self.alias, "ada lovelace", "hello").await.unwrap();
        let ping = ada.until_ping(self.alias).await;
        ask!(ada, Command::Accept { ping: ping.id, text: None }, Ping);
        self.peer.receive("ping").await.unwrap();
    }

    pub(crate) async fn post(&mut self, to: &[&str], head: &Value, rest: &[u8]) -> String {
        let head = head.to_string();
        let to: Vec<_> = to.iter().map(|uid| json!({ "id": uid, "type": 1 })).collect();
        let id = self.peer.request_id();
        let data = [head.as_bytes(), rest].concat();
        let request = json!({
            "op": 7, "id": id, "for": to, "datalen": data.len(), "datahead": head.len(),
        });
        self.peer.send(&request.to_string(), &data).await.unwrap();
        self.peer.expect_done(&id).await.unwrap().text("msgid").to_owned()
    }

    /// Forwards these bytes as this thread to a new subscriber, and tells the old ones.
    async fn forward(&mut self, thread: &str, new: &Value, old: &[&str], bytes: &[u8]) -> String {
        self.forward_naming(thread, new, &json!([new]), old, bytes).await
    }

    /// Forwards to one, and tells the old ones of these.
    async fn forward_naming(
        &mut self,
        thread: &str,
        new: &Value,
        named: &Value,
        old: &[&str],
        bytes: &[u8],
    ) -> String {
        let note = json!({ "ThreadId": thread, "Cc": named }).to_string();
        let head = json!({ "Alias": "", "ThreadId": thread, "Subject": "" }).to_string();
        let old: Vec<_> = old.iter().map(|uid| json!({ "id": uid, "type": 1 })).collect();
        let id = self.peer.request_id();
        let request = json!({
            "op": 8, "id": id, "for": [{ "id": new["WhoUid"], "type": 1 }], "notefor": old,
            "fornotself": true, "notelen": note.len(), "notehead": note.len(),
            "datalen": note.len() + head.len() + bytes.len(), "datahead": head.len(),
        });
        let data = [note.as_bytes(), head.as_bytes(), bytes].concat();
        self.peer.send(&request.to_string(), &data).await.unwrap();
        self.peer.expect_done(&id).await.unwrap().text("msgid").to_owned()
    }
}

async fn until_thread(ada: &Person, what: &str, wanted: impl Fn(&Thread) -> bool) -> Thread {
    let wanted = &wanted;
    ada.until(what, || async move {
        for row in ada.threads().await {
            let thread = ada.thread(row.id).await;
            if wanted(&thread) {
                return Some(thread);
            }
        }
        None
    })
    .await
}

fn text<'a>(thread: &'a Thread, text: &str) -> &'a Message {
    thread.messages.iter().find(|message| message.text == text).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forwarded_thread_is_read_and_its_authors_confirm_it() {
    let service = ServiceProcess::start_with(STRICT, &[]).unwrap();
    let ada = Person::join(&service, "ada lovelace").await;
    let mut hanna = Raw::join(&service, "Hanna One").await;
    let mut hubert = Raw::join(&service, "Hubert Two").await;
    hanna.befriend(&mut hubert).await;
    hanna.meet(&ada).await;
    let me = ada.state().await.uid;
    let attach = json!([{ "Name": "u:plan.bin", "Size": 3 }]);
    let cc = json!([subscriber("Hanna One", &hanna.uid), subscriber("Hubert Two", &hubert.uid)]);
    let opening = json!({ "ThreadId": "", "Alias": "Hanna One", "Subject": "Plans", "Cc": cc, "Attach": attach });
    let first = hanna.post(&[&hubert.uid], &opening, b"orig by hanna123").await;
    hubert.peer.receive("delivery").await.unwrap();
    let answer = json!({ "ThreadId": first, "Alias": "Hubert Two", "Subject": "" });
    let second = hubert.post(&[&hanna.uid], &answer, b"answer by hubert").await;

    let bytes = thread_bytes(
        &[
            (letter(&first, &hanna.uid, "Hanna One", &first, &attach), "orig by hanna"),
            (letter(&second, &hubert.uid, "Hubert Two", &first, &json!(null)), "answer by hubert"),
        ],
        &cc,
    );
    hanna.forward(&first, &subscriber("ada lovelace", me.as_str()), &[&hubert.uid], &bytes).await;
    hubert.peer.receive("notify").await.unwrap();

    let thread = until_thread(&ada, "the thread", |thread| thread.row.parties.len() == 3).await;
    assert_eq!(ada.threads().await.len(), 1, "one thread, and nothing raw beside it");
    assert_eq!((thread.messages.len(), thread.row.subject.as_str()), (2, "Plans"));
    let orig = text(&thread, "orig by hanna");
    // Not even the forwarder's own letter is vouched for: it did not come as one.
    assert_eq!((orig.from.kind, orig.from.alias.as_str()), (PartyKind::Claimed, "Hanna One"));
    let forwarded = orig.forwarded.as_ref().unwrap();
    assert_eq!((forwarded.by.alias.as_str(), forwarded.by.kind), ("Hanna One", PartyKind::Contact));
    assert_eq!(
        (forwarded.files.as_slice(), orig.attachments.len()),
        (&["plan.bin".to_owned()][..], 0)
    );
    assert!(orig.unread && orig.at_ms < 1_600_000_000_000, "{}", orig.at_ms);
    assert_eq!(text(&thread, "answer by hubert").from.kind, PartyKind::Claimed);
    let contacts = ask!(ada, Command::Contacts { account: None }, Contacts);
    assert_eq!(contacts.len(), 1, "what a forward claims makes no contact");

    // Each author's own copy takes the letter's place; another's word changes nothing.
    let confirm = |id: &str, alias: &str, attach: &Value| {
        json!({
            "ThreadId": first, "Alias": alias, "Subject": "Plans", "Attach": attach,
            "ConfirmId": id, "ConfirmPosted": "2020-02-03T04:05:06.789Z",
        })
    };
    let forged = confirm(&second, "Hubert Two", &json!(null));
    hanna.post(&[me.as_str()], &forged, b"words put into his mouth").await;
    hubert.post(&[me.as_str()], &forged, b"answer by hubert").await;
    hubert.post(&[me.as_str()], &forged, b"answer by hubert").await;
    hanna.post(&[me.as_str()], &confirm(&first, "Hanna One", &attach), b"orig by hanna123").await;
    let thread = until_thread(&ada, "both", |thread| {
        thread.messages.len() == 3
            && thread.messages.iter().all(|message| message.forwarded.is_none())
    })
    .await;
    let orig = text(&thread, "orig by hanna");
    assert_eq!((orig.from.kind, orig.from.alias.as_str()), (PartyKind::Contact, "Hanna One"));
    assert_eq!(ada.bytes(&orig.attachments[0]).await, b"123");
    let answer = text(&thread, "answer by hubert");
    assert_eq!((answer.from.kind, answer.from.uid.as_str()), (PartyKind::Stranger, &*hubert.uid));
    assert_eq!(text(&thread, "words put into his mouth").from.uid, *hanna.uid);

    // A reply reaches both, in their thread.
    let reply = ada.queue_reply(thread.row.id, "thank you", &[]).await;
    ada.sent(&reply).await;
    for peer in [&mut hanna.peer, &mut hubert.peer] {
        let frame = peer
            .expect("the reply", |frame| String::from_utf8_lossy(&frame.data).contains("thank you"))
            .await
            .unwrap();
        assert!(String::from_utf8_lossy(&frame.data).contains(&first));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_forward_gets_a_thread_of_its_own_and_is_sanitised() {
    let service = ServiceProcess::start_with(STRICT, &[]).unwrap();
    let ada = Person::join(&service, "ada lovelace").await;
    let mut hanna = Raw::join(&service, "Hanna One").await;
    let mut mallory = Raw::join(&service, "Mallory Four").await;
    hanna.meet(&ada).await;
    mallory.meet(&ada).await;
    let me = ada.state().await.uid;
    let opening = json!({ "ThreadId": "", "Alias": "Hanna One", "Subject": "Secrets" });
    let real = hanna.post(&[me.as_str()], &opening, b"between us").await;
    let home = ada.until_message("between us").await.thread;

    // Authors that are others: the member, a contact, the service. Into a thread Mallory is not in.
    let none = json!(null);
    let service_uid = "%".repeat(32);
    let letters = [
        (letter(&real, me.as_str(), "ada lovelace", &real, &none), "I owe you"),
        (letter("ffffffffffffffff", &hanna.uid, "Hanna One", &real, &none), "he is right"),
        (letter("fffffffffffffffe", &service_uid, "The Service", &real, &none), "it is so"),
    ];
    let cc = json!([subscriber("Hanna One", &hanna.uid)]);
    let new = subscriber("ada lovelace", me.as_str());
    mallory.forward(&real, &new, &[], &thread_bytes(&letters, &cc)).await;
    let apart = until_thread(&ada, "it apart", |thread| thread.messages.len() == 3).await;
    assert_ne!(apart.row.id, home);
    for message in &apart.messages {
        assert_eq!(message.from.kind, PartyKind::Claimed, "{}", message.text);
        assert_eq!(message.forwarded.as_ref().unwrap().by.uid, *mallory.uid);
    }
    let untouched = ada.thread(home).await;
    assert_eq!((untouched.messages.len(), untouched.row.parties.len()), (1, 2));
    // Somebody else's later letter that has a claimed id is not kept away by it.
    hanna
        .post(&[me.as_str()], &json!({ "ThreadId": real, "Alias": "Hanna One" }), b"still here")
        .await;
    ada.until_message("still here").await;

    // Damaged ones: kept whole, as a letter that says so.
    let good = String::from_utf8(thread_bytes(&letters, &cc)).unwrap();
    let tail = good.len() - 16;
    let damaged = [
        "copy".to_owned(),
        format!("{}ffffffff00000002", &good[..tail]),
        good.replacen("\"Offset\":0", "\"Offset\":7", 1),
        thread_bytes(&[], &cc).iter().map(|byte| char::from(*byte)).collect(),
    ];
    for bytes in &damaged {
        mallory.forward(&real, &new, &[], bytes.as_bytes()).await;
    }
    mallory.post(&[me.as_str()], &json!({ "Alias": "Mallory Four" }), b"the last").await;
    ada.until_message("the last").await;
    let mut kept = Vec::new();
    for row in ada.threads().await {
        let thread = ada.thread(row.id).await;
        assert!(thread.row.id != home || thread.messages.len() == 2);
        for message in thread.messages {
            assert!(!message.text.contains("ThreadId"), "raw: {}", message.text);
            if message.text.contains("could not be read") {
                kept.push(ada.bytes(&message.attachments[0]).await);
            }
        }
    }
    assert_eq!(kept.len(), damaged.len());
    for bytes in damaged {
        assert!(kept.iter().any(|kept| kept.ends_with(bytes.as_bytes())));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_forward_without_a_valid_id_is_stored() {
    let service = ServiceProcess::start_with(STRICT, &[]).unwrap();
    let ada = Person::join(&service, "ada lovelace").await;
    let mut mallory = Raw::join(&service, "Mallory Four").await;
    mallory.meet(&ada).await;
    let me = ada.state().await.uid;
    let new = subscriber("ada lovelace", me.as_str());
    for thread in ["no id at all", "ffffffffffffffff"] {
        let letters: Vec<_> = (1..=50)
            .map(|n| {
                let id = format!("{n:016x}");
                (letter(&id, &mallory.uid, "Mallory Four", thread, &json!(null)), "one of many")
            })
            .collect();
        let bytes = thread_bytes(&letters, &json!([subscriber("Mallory Four", &mallory.uid)]));
        mallory.forward(thread, &new, &[], &bytes).await;
    }
    // What comes behind them is not held up.
    mallory.post(&[me.as_str()], &json!({ "Alias": "Mallory Four" }), b"the last").await;
    ada.until_message("the last").await;
    let mut counts: Vec<_> = ada.threads().await.iter().map(|row| row.count).collect();
    counts.sort_unstable();
    assert_eq!(counts, [1, 50, 50]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forward_of_thousands_of_letters_delays_nothing_else() {
    let service = ServiceProcess::start_with(STRICT, &[]).unwrap();
    let ada = Person::join(&service, "ada lovelace").await;
    let mut hanna = Raw::join(&service, "Hanna One").await;
    hanna.meet(&ada).await;
    let me = ada.state().await.uid;
    let id = |n: u64| format!("{n:016x}");
    let letters: Vec<_> = (1..=2_000)
        .map(|n| (letter(&id(n), &hanna.uid, "Hanna One", &id(1), &json!(null)), "one of many"))
        .collect();
    let bytes = thread_bytes(&letters, &json!([subscriber("Hanna One", &hanna.uid)]));
    hanna.forward(&id(1), &subscriber("ada lovelace", me.as_str()), &[], &bytes).await;
    // Commands are answered in between: a thread that is half here is seen.
    ada.until("a part of it", || async {
        let rows = ada.threads().await;
        rows.iter().any(|row| (1..2_000).contains(&row.count)).then_some(())
    })
    .await;
    ada.until("all of it", || async {
        ada.threads().await.iter().any(|row| row.count == 2_000).then_some(())
    })
    .await;
}

/// A frame's second header, and what stands behind it.
pub(crate) fn taken_apart(frame: &tmtp_testkit::wire::Frame) -> (Value, String) {
    let at = usize::try_from(frame.head["datahead"].as_u64().unwrap()).unwrap();
    let head = serde_json::from_slice(&frame.data[..at]).unwrap();
    (head, String::from_utf8(frame.data[at..].to_vec()).unwrap())
}

fn forward(thread: i64, to: &str) -> Command {
    Command::Forward { thread, to: vec![to.to_owned()], timeout_ms: 60_000 }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thread_is_forwarded_as_deployed_apps_read_it() {
    let service = ServiceProcess::start_with(STRICT, &[]).unwrap();
    let ada = Person::join(&service, "ada lovelace").await;
    let bob = Person::join(&service, "bob babbage").await;
    ada.befriend(&bob).await;
    let mut hanna = Raw::join(&service, "Hanna One").await;
    hanna.meet(&ada).await;
    let letter = ada.queue(&["bob babbage"], "a <b> & c", &[("plan.bin", b"123")]).await;
    let first = ada.sent(&letter).await.msgid.unwrap();
    let got = bob.until_message("a <b> & c").await;
    bob.sent(&bob.queue_reply(got.thread, "an answer", &[]).await).await;
    let answer = ada.until_message("an answer").await;

    let state = ask!(ada, forward(letter.thread, "Hanna One"), Forward);
    assert_eq!(state, ForwardState::Sent);
    let frame = hanna.peer.receive("delivery").await.unwrap();
    let (head, body) = taken_apart(&frame);
    assert_eq!(head, json!({ "ThreadId": first, "Alias": "", "Subject": "" }));
    assert_eq!(frame.head["notify"], json!(2));
    // The form of mnm-hammer 0.10.0, to the byte: it compares by a checksum over it.
    let mine = ada.state().await.uid;
    let posted = ada.thread(letter.thread).await.messages[0].at_ms;
    let written = format!(
        "{{\"Id\":\"{first}\",\"Size\":9,\"Posted\":\"{}\",\"From\":\"{mine}\",\"SubHead\":{{\"Alias\":\"ada lovelace\",\"ThreadId\":\"{first}\",\"Subject\":\"about a \\u003cb\\u003e \\u0026 c\",\"Attach\":[{{\"Name\":\"u:plan.bin\",\"Size\":3}}]}}}}",
        tmtp::id::posted_text(posted),
    );
    let message = format!("{:04x}{written}\na <b> & c\n", written.len());
    assert!(body.starts_with(&message), "{body}");
    let tail = body.len() - 16;
    let length = |at: usize| usize::from_str_radix(&body[at..at + 8], 16).unwrap();
    let (index_len, cc_len) = (length(tail), length(tail + 8));
    let index: Value =
        serde_json::from_str(&body[tail - cc_len - index_len..tail - cc_len]).unwrap();
    let sum = crc32c::crc32c(&message.as_bytes()[..message.len() - 1]);
    assert_eq!(
        (&index[0]["Offset"], &index[0]["Size"], &index[0]["Checksum"]),
        (&json!(0), &json!(message.len()), &json!(sum))
    );
    assert_eq!(index[1]["Id"], json!(answer.msgid));
    let cc: Value = serde_json::from_str(&body[tail - cc_len..tail]).unwrap();
    let names: Vec<_> =
        cc.as_array().unwrap().iter().map(|cc| cc["Who"].as_str().unwrap()).collect();
    assert_eq!(names, ["ada lovelace", "bob babbage"]);
    let note = hanna.peer.receive("notify").await.unwrap();
    let (note, rest) = taken_apart(&note);
    assert_eq!(
        (&note["Cc"][0]["WhoUid"], &note["Cc"][0]["ByUid"]),
        (&json!(hanna.uid), &json!(mine))
    );
    assert_eq!((rest.as_str(), &note["Cc"][0]["Subscribe"]), ("", &json!(true)));

    // Both authors confirm what they wrote, with their files, and only once.
    for _ in 0..2 {
        let (head, body) = taken_apart(&hanna.peer.receive("delivery").await.unwrap());
        assert_eq!(head["ThreadId"], json!(first));
        match head["ConfirmId"].as_str() {
            Some(id) if id == first => {
                assert_eq!(
                    (body.as_str(), &head["Attach"][0]["Name"]),
                    ("a <b> & c123", &json!("u:plan.bin"))
                );
                assert_eq!(head["ConfirmPosted"], json!(tmtp::id::posted_text(posted)));
            }
            id => {
                assert_eq!((id, body.as_str()), (answer.msgid.as_deref(), "an answer"));
            }
        }
    }
    // She is in the thread now, of all.
    for (person, thread) in [(&ada, letter.thread), (&bob, got.thread)] {
        let wanted =
            |thread: &Thread| thread.row.parties.iter().any(|party| party.uid == *hanna.uid);
        until_thread(person, "Hanna", wanted).await;
        let reply = person.queue_reply(thread, "welcome", &[]).await;
        person.sent(&reply).await;
        let (_, body) = taken_apart(&hanna.peer.receive("delivery").await.unwrap());
        assert_eq!(body, "welcome");
    }
    let again = ada.refused(forward(letter.thread, "Hanna One")).await;
    assert_eq!(again.code, mnm_engine::ErrorCode::Conflict, "{again}");
}

#[tokio::test(flavor = "multi_thread")]
async fn queued_forwards_and_confirmations_survive_restarts() {
    let mut service = ServiceProcess::start_with(STRICT, &[]).unwrap();
    let ada = Person::join(&service, "ada lovelace").await;
    let bob = Person::join(&service, "bob babbage").await;
    let carol = Person::join(&service, "carol cassini").await;
    ada.befriend(&bob).await;
    ada.befriend(&carol).await;
    let letter = ada.queue(&["bob babbage"], "the first", &[("plan.bin", b"123")]).await;
    ada.sent(&letter).await;
    for n in 0..5 {
        ada.sent(&ada.queue_reply(letter.thread, &format!("more {n}"), &[]).await).await;
    }
    bob.until_message("more 4").await;
    service.kill9().unwrap();
    let queue =
        Command::Forward { thread: letter.thread, to: vec!["carol cassini".into()], timeout_ms: 0 };
    assert_eq!(ask!(ada, queue, Forward), ForwardState::Queued);
    ada.engine.close().await;
    let (home, account) = ada.into_home();
    service.restart().unwrap();
    let ada = Person::reopened(home, account).await;
    let confirmed = |thread: &Thread| {
        thread.messages.len() == 6
            && thread.messages.iter().all(|message| message.forwarded.is_none())
    };
    let thread = until_thread(&carol, "all of it, confirmed", confirmed).await;
    let order: Vec<_> = thread.messages.iter().map(|message| message.text.as_str()).collect();
    assert_eq!(order, ["the first", "more 0", "more 1", "more 2", "more 3", "more 4"]);
    assert_eq!(carol.bytes(&thread.messages[0].attachments[0]).await, b"123");
    let reply = carol.queue_reply(thread.row.id, "I have it", &[]).await;
    carol.sent(&reply).await;
    bob.until_message("I have it").await;
    ada.until_message("I have it").await;
}

/// Uids of the form that services give, which nobody has.
const GHOSTS: [&str; 2] = ["BVC11111111111111111111111111111", "BVC22222222222222222222222222222"];

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_reader_does_not_block_a_forward() {
    let service = ServiceProcess::start().unwrap();
    let ada = Person::join(&service, "ada lovelace").await;
    let mut hubert = Raw::join(&service, "Hubert Two").await;
    let mut hanna = Raw::join(&service, "Hanna One").await;
    hubert.meet(&ada).await;
    hanna.meet(&ada).await;
    let me = ada.state().await.uid;
    let cc = json!([subscriber("ada lovelace", me.as_str()), subscriber("Ghost Gus", GHOSTS[0])]);
    let opening = json!({ "ThreadId": "", "Alias": "Hubert Two", "Subject": "Plans", "Cc": cc });
    let first = hubert.post(&[me.as_str()], &opening, b"opening").await;
    let thread = ada.until_message("opening").await.thread;
    let reply = ada.queue_reply(thread, "my own", &[]).await;
    ada.sent(&reply).await;
    ada.sent(&ada.queue_reply(thread, "my second", &[]).await).await;
    // One of the readers does not exist.
    assert_eq!(ask!(ada, forward(thread, "Hanna One"), Forward), ForwardState::Sent);
    let (head, _) = taken_apart(&hanna.peer.receive("delivery").await.unwrap());
    assert_eq!(head["ThreadId"], json!(first));
    for text in ["my own", "my second"] {
        let (_, body) = taken_apart(&hanna.peer.receive("delivery").await.unwrap());
        assert_eq!(body, text);
    }
    // One of the newcomers does not exist, one is called by the own id, and a group is none.
    let mut clara = Raw::join(&service, "Clara Three").await;
    let named = json!([
        subscriber("Ghost Gil", GHOSTS[1]),
        subscriber("No such group", "No such group"),
        subscriber(&clara.uid, &clara.uid),
    ]);
    let new = subscriber(&clara.uid, &clara.uid);
    hubert.forward_naming(&first, &new, &named, &[me.as_str()], b"unread").await;
    clara.peer.receive("delivery").await.unwrap();
    for text in ["my own", "my second"] {
        let (head, body) = taken_apart(&clara.peer.receive("delivery").await.unwrap());
        assert_eq!((body.as_str(), head["ConfirmId"].is_string()), (text, true));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_oversized_forward_is_kept_as_a_file() {
    let service = ServiceProcess::start().unwrap();
    let ada = Person::join(&service, "ada lovelace").await;
    let mut hanna = Raw::join(&service, "Hanna One").await;
    hanna.meet(&ada).await;
    let me = ada.state().await.uid;
    let id = |n: usize| format!("{n:016x}");
    let letters: Vec<_> = (1..=tmtp::forward::LETTERS_MAX + 1)
        .map(|n| (letter(&id(n), &hanna.uid, "Hanna One", &id(1), &json!(null)), "x"))
        .collect();
    let bytes = thread_bytes(&letters, &json!([subscriber("Hanna One", &hanna.uid)]));
    hanna.forward(&id(1), &subscriber("ada lovelace", me.as_str()), &[], &bytes).await;
    let kept = until_thread(&ada, "the file", |thread| thread.row.attachments).await;
    assert_eq!(kept.messages.len(), 1);
    let message = &kept.messages[0];
    assert!(message.text.contains("too many letters"), "{}", message.text);
    assert!(ada.bytes(&message.attachments[0]).await.ends_with(&bytes));
}
