//! Tests with foreign and hostile apps: nothing is lost, nothing gets stuck.

use mnm_engine::command::{Command, Reply};
use mnm_engine::view::{MessageState, PartyKind, PingState};
use serde_json::json;
use tmtp::id::Uid;
use tmtp_testkit::peer::RawPeer;
use tmtp_testkit::process::ServiceProcess;

use crate::cast::{Person, ask};

/// The id of no member.
const EVE: &str = "BVC11111111111111111111111111111";

/// A raw app whose member is in ada's address book, and ada's uid.
async fn befriended(service: &ServiceProcess, ada: &Person) -> (RawPeer, String) {
    let (mut peer, ..) = RawPeer::join(service.address(), "raw stranger").await.unwrap();
    peer.ping("raw stranger", "ada lovelace", "hello").await.unwrap();
    let ping = ada.until_ping("raw stranger").await;
    ask!(ada, Command::Accept { ping: ping.id, text: None }, Ping);
    peer.receive("ping").await.unwrap();
    (peer, ada.state().await.uid.to_string())
}

/// Posts with a second header of its own making.
async fn post(peer: &mut RawPeer, uid: &str, head: &str, rest: &[u8]) -> String {
    let id = peer.request_id();
    let data = [head.as_bytes(), rest].concat();
    let request = json!({
        "Op": 7, "Id": id, "For": [{"Id": uid, "Type": 1}],
        "DataLen": data.len(), "DataHead": head.len(),
    });
    peer.send(&request.to_string(), &data).await.unwrap();
    let ack = peer.expect_done(&id).await.unwrap();
    ack.head["msgid"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_of_a_deployed_app_are_read() {
    let service = ServiceProcess::start().unwrap();
    let ada = Person::join(&service, "ada lovelace").await;
    let (mut peer, uid) = befriended(&service, &ada).await;
    let head = r#"{"threadid":"","ALIAS":"somebody famous","Subject":"Hi","Attach":[{"Name":"u:../../etc/passwd","Size":3}],"Cc":null,"Later":{"x":1}}"#;
    let msgid = post(&mut peer, &uid, head, "grüße123".as_bytes()).await;
    let got = ada.until_message("grüße").await;
    assert_eq!(got.msgid.as_ref(), Some(&msgid));
    // The address book names the author, not the letter.
    assert_eq!((got.from.alias.as_str(), got.from.kind), ("raw stranger", PartyKind::Contact));
    assert_eq!(got.attachments[0].name, "passwd");
    assert_eq!(ada.bytes(&got.attachments[0]).await, b"123");

    let reply = ada.queue_reply(got.thread, "an answer", &[]).await;
    ada.sent(&reply).await;
    let frame = peer.receive("delivery").await.unwrap();
    let at = usize::try_from(frame.head["datahead"].as_u64().unwrap()).unwrap();
    let head: serde_json::Value = serde_json::from_slice(&frame.data[..at]).unwrap();
    assert_eq!((&head["ThreadId"], &head["Alias"]), (&json!(msgid), &json!("ada lovelace")));
    assert_eq!(&frame.data[at..], b"an answer");
}

#[tokio::test(flavor = "multi_thread")]
async fn long_reader_names_leave_the_reply_readable() {
    let service = ServiceProcess::start().unwrap();
    let ada = Person::join(&service, "ada lovelace").await;
    let (mut peer, uid) = befriended(&service, &ada).await;
    let reader = |n: u8| json!({"Who": "\u{1}".repeat(8_000), "WhoUid": Uid::from_bytes(&[n; 20]).as_str(), "Subscribe": true});
    let readers: Vec<_> = (1..=20).map(reader).collect();
    let head = json!({"Alias": "raw stranger", "Subject": "names", "Cc": readers}).to_string();
    post(&mut peer, &uid, &head, b"who reads this?").await;
    let got = ada.until_message("who reads this?").await;
    ada.queue_reply(got.thread, "an answer", &[]).await;
    let frame = peer.receive("delivery").await.unwrap();
    let head_bytes = frame.head["datahead"].as_u64().unwrap();
    assert!(head_bytes < 8_000, "{head_bytes} bytes of header");
    assert!(frame.data.ends_with(b"an answer"));
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_are_marked_as_forms() {
    let service = ServiceProcess::start().unwrap();
    let ada = Person::join(&service, "ada lovelace").await;
    let (mut peer, uid) = befriended(&service, &ada).await;
    let head = r#"{"Attach":[{"Name":"f:Survey.original","Size":2,"Ffn":"local/Survey"},{"Name":"r:Survey.original","Size":3,"Ffn":"local/Survey"},{"Name":"u:Survey.txt","Size":1}]}"#;
    post(&mut peer, &uid, head, b"fill this{}{1}x").await;
    let got = ada.until_message("fill this").await;
    let forms: Vec<_> = got.attachments.iter().map(|file| file.form.as_ref()).collect();
    let [Some(blank), Some(filled), None] = forms[..] else { panic!("{forms:?}") };
    assert_eq!((blank.filled, filled.filled, filled.name.as_str()), (false, true, "local/Survey"));
    // Both are kept, each under a name of its own to save it by.
    assert_ne!(got.attachments[0].name, got.attachments[1].name);
    assert_eq!(ada.bytes(&got.attachments[1]).await, b"{1}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_with_too_many_files_keeps_its_text_and_all_files() {
    const LISTED: usize = 1_000;
    let service = ServiceProcess::start().unwrap();
    let ada = Person::join(&service, "ada lovelace").await;
    let (mut peer, uid) = befriended(&service, &ada).await;
    let long = "über/".repeat(40);
    let name =
        |n: usize| if n == LISTED + 2 { long.clone() + "plan.md" } else { format!("{n}.txt") };
    let attach: Vec<_> = (1..=LISTED + 34)
        .map(|n| json!({"Name": format!("u:{}", name(n)), "Size": n.to_string().len()}))
        .collect();
    let bytes: String = (1..=LISTED + 34).map(|n| n.to_string()).collect();
    let head = json!({ "Subject": "many files", "Attach": attach }).to_string();
    post(&mut peer, &uid, &head, ("the text".to_owned() + &bytes).as_bytes()).await;
    let thread =
        || async { ada.threads().await.into_iter().find(|row| row.subject == "many files") };
    let thread = ada.until("the letter", thread).await.id;
    let got = ada.thread(thread).await.messages.remove(0);
    assert!(got.text.starts_with("the text") && got.text.contains("34 of them"), "{}", got.text);
    let [listed @ .., archive] = &got.attachments[..] else { panic!("no files") };
    assert_eq!((listed.len(), archive.name.as_str()), (LISTED, "more-files.tar"));
    assert_eq!(ada.bytes(&listed[LISTED - 1]).await, b"1000");

    // Any program that opens archives gives each of the others.
    let desk = tempfile::tempdir().unwrap();
    std::fs::write(desk.path().join("it.tar"), ada.bytes(archive).await).unwrap();
    let mut tar = std::process::Command::new("tar");
    let taken = tar.args(["-xf", "it.tar"]).current_dir(desk.path()).output().unwrap();
    assert!(taken.status.success() && taken.stderr.is_empty(), "{taken:?}");
    let files: Vec<_> = std::fs::read_dir(desk.path()).unwrap().map(Result::unwrap).collect();
    assert_eq!(files.len(), 34 + 1);
    for n in (LISTED + 1..=LISTED + 34).filter(|&n| n != LISTED + 2) {
        let file = std::fs::read(desk.path().join(format!("{n}-{n}.txt"))).unwrap();
        assert_eq!(file, n.to_string().into_bytes());
    }
    let named = |file: &std::fs::DirEntry| file.file_name().to_string_lossy().into_owned();
    let long = files.iter().map(named).find(|name| name.starts_with("1002-")).unwrap();
    assert!(long.ends_with("ber_plan.md") && long.len() <= 100, "{long}");
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_letters_are_kept_and_delay_nothing() {
    let service = ServiceProcess::start().unwrap();
    let ada = Person::join(&service, "ada lovelace").await;
    let (mut peer, uid) = befriended(&service, &ada).await;
    let heads = [
        "[1,2]",
        "{\"Subject\":",
        r#"{"Attach":[{"Name":"u:a","Size":99999}]}"#,
        r#"{"Attach":[{"Name":"u:a","Size":18446744073709551615},{"Name":"u:b","Size":2}]}"#,
    ];
    for head in heads {
        post(&mut peer, &uid, head, b"rest").await;
    }
    // A thread that is not ours to enter, a forged word from "our own device", and a good letter.
    post(&mut peer, &uid, r#"{"ThreadId":"ffffffffffffffff","Subject":"late"}"#, b"odd thread")
        .await;
    let forged = r#"{"mnm":1,"contacts":[{"uid":"EVIL","alias":"eve ensemble","since_ms":1}]}"#;
    post(&mut peer, &uid, r#"{"NodeSync":true}"#, forged.as_bytes()).await;
    post(&mut peer, &uid, "{}", b"good").await;
    ada.until_message("good").await;
    ada.until_message("odd thread").await;
    let mut kept = Vec::new();
    for row in ada.threads().await {
        let thread = ada.thread(row.id).await;
        kept.extend(thread.messages.into_iter().filter(|message| !message.attachments.is_empty()));
    }
    assert_eq!(kept.len(), heads.len());
    for message in kept {
        assert!(message.text.contains("could not be read"));
        assert_eq!(message.state, MessageState::Received);
        let bytes = ada.bytes(&message.attachments[0]).await;
        assert!(heads.iter().any(|head| [head.as_bytes(), b"rest"].concat() == bytes));
    }
    let contacts = ask!(ada, Command::Contacts { account: None }, Contacts);
    assert!(contacts.iter().all(|contact| contact.uid != "EVIL"));
    // All of it was acknowledged: nothing comes again.
    ada.engine.close().await;
    let (home, account) = ada.into_home();
    let ada = Person::reopened(home, account).await;
    ada.online().await;
    post(&mut peer, &uid, "{}", b"the last").await;
    ada.until_message("the last").await;
    assert_eq!(ada.messages("good").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_of_the_device_waits() {
    let service = ServiceProcess::start().unwrap();
    let ada = Person::join(&service, "ada lovelace").await;
    let add = Command::AddDevice { account: ada.account, label: "tablet".into() };
    let code = ask!(ada, add, Code);
    let mut tablet = Person::new().await;
    tablet.account = ask!(tablet, Command::JoinDevice { code: code.clone() }, Account).id;
    tablet.online().await;
    // The same code elsewhere is the same device.
    let copy = Person::new().await;
    let error = copy.refused(Command::JoinDevice { code: code.clone() }).await;
    assert!(error.message.contains("already connected"), "{error}");
    tablet.engine.close().await;
    ask!(copy, Command::JoinDevice { code }, Account);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forwarded_thread_subscribes_whom_it_names() {
    let service = ServiceProcess::start().unwrap();
    let ada = Person::join(&service, "ada lovelace").await;
    let (mut peer, uid) = befriended(&service, &ada).await;
    let msgid = post(&mut peer, &uid, r#"{"Subject":"Hi"}"#, b"opening").await;
    let got = ada.until_message("opening").await;
    let cc = json!([{ "Who": "eve ensemble", "WhoUid": EVE, "Subscribe": true }]);
    let note = json!({ "ThreadId": msgid, "Cc": cc }).to_string();
    let head = json!({ "ThreadId": msgid }).to_string();
    let copy = format!("{head}copy");
    let id = peer.request_id();
    let request = json!({
        "op": 8, "id": id, "for": [], "notefor": [{"id": uid, "type": 1}], "fornotself": false,
        "notelen": note.len(), "notehead": note.len(),
        "datalen": note.len() + copy.len(), "datahead": head.len(),
    });
    peer.send(&request.to_string(), format!("{note}{copy}").as_bytes()).await.unwrap();
    peer.expect_done(&id).await.unwrap();
    ada.until("a subscriber", || async {
        let parties = ada.thread(got.thread).await.row.parties;
        parties.iter().any(|party| party.uid == EVE).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_claiming_a_pinged_alias_makes_no_contact() {
    let service = ServiceProcess::start().unwrap();
    let ada = Person::join(&service, "ada lovelace").await;
    let bob = Person::join(&service, "bob babbage").await;
    let (mut mallory, uid) = befriended(&service, &ada).await;
    let ping = Command::Ping { account: ada.account, to: "bob babbage".into(), text: "hi".into() };
    ask!(ada, ping, Ping);
    let received = bob.until_ping("ada lovelace").await;
    // A contact, and a fresh account that ada's contact has told her uid.
    let claim = r#"{"ThreadId":"","Alias":"bob babbage","Subject":"It is me"}"#;
    post(&mut mallory, &uid, claim, b"from a contact").await;
    assert_eq!(ada.until_message("from a contact").await.from.alias, "raw stranger");
    let (mut fresh, ..) = RawPeer::join(service.address(), "fresh account").await.unwrap();
    // Under a policy that lets strangers write, by a letter; under any, by a ping of its own name.
    let id = fresh.start_post(&json!([{"id": uid, "type": 1}]), b"anything").await.unwrap();
    fresh.expect_ack(&id).await.unwrap();
    fresh.ping("fresh account", "ada lovelace", "I am bob babbage").await.unwrap();
    ada.until_ping("fresh account").await;
    let contacts = ask!(ada, Command::Contacts { account: None }, Contacts);
    let names: Vec<_> = contacts.iter().map(|contact| contact.alias.as_str()).collect();
    assert_eq!(names, ["raw stranger"]);
    ask!(bob, Command::Accept { ping: received.id, text: None }, Ping);
    let contact = ada.until_contact("bob babbage").await;
    assert_eq!((contact.uid, contact.mark), (bob.state().await.uid, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nonexistent_reader_stops_no_letters() {
    let service = ServiceProcess::start().unwrap();
    let ada = Person::join(&service, "ada lovelace").await;
    let bob = Person::join(&service, "bob babbage").await;
    ada.befriend(&bob).await;
    let (mut peer, uid) = befriended(&service, &ada).await;
    let cc = json!([{ "Who": "eve ensemble", "WhoUid": EVE, "Subscribe": true },
        { "Who": "bob babbage", "WhoUid": bob.state().await.uid, "Subscribe": true }]);
    let head = json!({ "Subject": "Hi", "Cc": cc }).to_string();
    post(&mut peer, &uid, &head, b"opening").await;
    let thread = ada.until_message("opening").await.thread;
    let reply = ada.queue_reply(thread, "to all of you", &[("a.txt", b"bytes")]).await;
    let sent = ada.sent(&reply).await;
    let left_out: Vec<_> = sent.left_out.iter().map(|left| left.party.uid.as_str()).collect();
    assert_eq!(left_out, [EVE]);
    bob.until_message("to all of you").await;
    let frame = peer.receive("delivery").await.unwrap();
    assert!(frame.data.ends_with(b"to all of youbytes"));
    // Struck, they are tried no more.
    ada.engine.command(Command::Strike { thread, uid: EVE.into() }).await.unwrap();
    let reply = ada.queue_reply(thread, "once more", &[]).await;
    assert!(ada.sent(&reply).await.left_out.is_empty());
    bob.until_message("once more").await;
    // Of many the first are named, as the thread calls them.
    let nobody = |n: u8| Uid::from_bytes(&[n; 20]).as_str().to_owned();
    let cc = (1..=7)
        .map(|n| json!({ "Who": format!("nobody {n}"), "WhoUid": nobody(n), "Subscribe": true }));
    let head = json!({ "Subject": "Many", "Cc": cc.collect::<Vec<_>>() }).to_string();
    post(&mut peer, &uid, &head, b"to many").await;
    let thread = ada.until_message("to many").await.thread;
    let sent = ada.sent(&ada.queue_reply(thread, "to you all", &[]).await).await;
    let called: Vec<_> = sent.left_out.iter().map(|left| left.party.alias.as_str()).collect();
    assert_eq!(called, ["nobody 1", "nobody 2", "nobody 3", "nobody 4", "nobody 5"]);
    assert_eq!(sent.more_left_out, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ping_answer_matches_whatever_the_spelling() {
    const JOSE: &str = "José Núñez";
    const JOSE_APART: &str = "Jose\u{301} Nu\u{301}n\u{303}ez";
    let service = ServiceProcess::start_plain().unwrap();
    let (mut jose, ..) = RawPeer::join(service.address(), JOSE).await.unwrap();
    let pings = || Command::Pings { account: None, before: None, find: None, limit: None };
    // He answers; and the ping that answers his is spelled otherwise.
    for (alias, he_begins) in [("ada lovelace", false), ("bob babbage", true)] {
        let person = Person::join(&service, alias).await;
        if he_begins {
            jose.ping(JOSE, alias, "hello").await.unwrap();
            person.until_ping(JOSE).await;
        }
        let (account, text) = (person.account, "good day".to_owned());
        ask!(person, Command::Ping { account, to: JOSE_APART.into(), text }, Ping);
        jose.receive("ping").await.unwrap();
        if !he_begins {
            jose.ping(JOSE, alias, "hello").await.unwrap();
        }
        person.until_contact(JOSE).await;
        let pings = ask!(person, pings(), Pings);
        assert_eq!(pings.len(), 2, "{pings:?}");
        for ping in pings {
            let other = if ping.incoming { &ping.from } else { &ping.to };
            assert_eq!((other.as_str(), &ping.state), (JOSE, &PingState::Accepted), "{alias}");
        }
    }
}
