//! Messages of a service that nobody expects: told in words, nothing lost, and nothing for ever.

use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use mnm_engine::command::{Command, Reply, ThreadFilter};
use mnm_engine::platform::{Carrier, Connecting, Peer, Platform, Proof, VaultWork, Worker};
use mnm_engine::vault::Vault;
use mnm_engine::view::{Link, PartyKind};
use mnm_engine::{Engine, Error, ErrorCode, OpenError, Options};
use mnm_native::Native;
use tmtp_testkit::wire;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::sync::mpsc;

use crate::cast::{Person, ask};

/// A service that says what a test wrote, on connections in memory.
#[derive(Debug)]
struct Script {
    /// What it says on each connection, in turn; then nothing.
    lines: Mutex<VecDeque<Vec<u8>>>,
    now_ms: i64,
    heard: mpsc::UnboundedSender<DuplexStream>,
}

impl Platform for Script {
    fn now_ms(&self) -> i64 {
        self.now_ms
    }

    fn random(&self, bytes: &mut [u8]) -> Result<(), getrandom::Error> {
        getrandom::fill(bytes)
    }

    fn open_vault(&self, home: &Path) -> Result<Vault, OpenError> {
        Native.open_vault(home)
    }

    fn run_vault(&self, work: VaultWork) -> io::Result<Box<dyn Worker>> {
        Native.run_vault(work)
    }

    fn connect(&self, _host: &str, _port: u16, _proof: Proof) -> Connecting {
        let said = self.lines.lock().unwrap().pop_front().unwrap_or_default();
        let heard = self.heard.clone();
        Box::pin(async move {
            let (near, mut far) = tokio::io::duplex(1 << 20);
            far.write_all(&said).await.unwrap();
            let _ = heard.send(far);
            Ok(Carrier { stream: Box::new(near), peer: Peer::Itself })
        })
    }
}

const NOW_MS: i64 = 1_764_300_000_000;
const GREETING: &str = r#"{"id":"1","name":"Odd","op":"tmtprev"}"#;

fn frames(frames: &[(&str, &[u8])]) -> Vec<u8> {
    frames.iter().flat_map(|(head, data)| wire::frame(head, data).unwrap()).collect()
}

/// An app whose service says this, and the service's ends of its connections.
async fn app(said: Vec<Vec<u8>>) -> (Person, mpsc::UnboundedReceiver<DuplexStream>) {
    app_at(said, NOW_MS).await
}

async fn app_at(
    said: Vec<Vec<u8>>,
    now_ms: i64,
) -> (Person, mpsc::UnboundedReceiver<DuplexStream>) {
    let (heard, hearing) = mpsc::unbounded_channel();
    let home = tempfile::tempdir().unwrap();
    let script = Script { lines: Mutex::new(said.into()), now_ms, heard };
    let options = Options { home: home.path().join("home"), connect: true };
    let engine = Engine::open(options, Arc::new(script)).await.unwrap();
    (Person::with(engine, home), hearing)
}

fn join() -> Command {
    serde_json::from_str(r#"{"cmd":"join","address":"=odd.test:1","alias":"ada lovelace"}"#)
        .unwrap()
}

async fn refused(said: &[(&str, &[u8])]) -> Error {
    let (ada, _hearing) = app(vec![frames(said)]).await;
    ada.refused(join()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_login_is_explained() {
    let greeting = r#"{"auth":1,"authby":[{"label":"Example Login","login":["https://login.test/x",["a"]],"token":["https://login.test/t",[]]}],"id":"1","name":"Odd","op":"tmtprev"}"#;
    let quit = r#"{"error":"authentication required","op":"quit"}"#;
    let error = refused(&[(greeting, b""), (quit, b"")]).await;
    assert_eq!(error.code, ErrorCode::Refused);
    assert!(error.message.contains("Example Login (https://login.test/x)"), "{error}");
    assert!(!error.message.contains("device code"), "{error}");

    let quit = r#"{"error":"closed \u001b[31mfor the winter","op":"quit"}"#;
    let error = refused(&[(GREETING, b""), (quit, b"")]).await;
    assert!(error.message.contains("closed [31mfor the winter"), "{error}");
    let quit = r#"{"error":"node already connected","op":"quit"}"#;
    let error = refused(&[(GREETING, b""), (quit, b"")]).await;
    assert!(!error.message.contains("code"), "{error}");

    let error = refused(&[(r#"{"id":"0","op":"tmtprev"}"#, b"")]).await;
    assert!(error.message.contains("revision 0") && !error.message.contains("moment"), "{error}");
}

#[tokio::test]
async fn a_silent_service_times_out() {
    let (ada, _hearing) = app(vec![Vec::new()]).await;
    tokio::time::pause();
    let error = ada.refused(join()).await;
    assert_eq!(error.code, ErrorCode::Timeout);
    assert!(error.message.contains("said nothing for 15 seconds"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_before_1970_is_reported() {
    let (ada, _hearing) = app_at(vec![Vec::new()], -1_000).await;
    let error = ada.refused(join()).await;
    assert!(error.message.contains("before 1970"), "{error}");
}

/// What comes on the next link that is logged in, and all that the app says on it until it has
/// acknowledged these.
async fn acked(hearing: &mut mpsc::UnboundedReceiver<DuplexStream>, ids: &[&str]) {
    let mut service = hearing.recv().await.unwrap();
    let mut heard = Vec::new();
    let mut buffer = vec![0; 4096];
    while !ids.iter().all(|id| {
        let ack = format!("\"id\":\"{id}\"");
        String::from_utf8_lossy(&heard).to_lowercase().contains(&ack)
    }) {
        let count = service.read(&mut buffer).await.unwrap();
        assert!(count > 0, "the app hung up: {}", String::from_utf8_lossy(&heard));
        heard.extend_from_slice(&buffer[..count]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_messages_are_kept_and_acknowledged() {
    let registered = r#"{"nodeid":"NODE","op":"registered","uid":"ADA"}"#;
    let info = r#"{"info":"login ok","op":"info"}"#;
    let ids = ["18ec1739a3e57a22", "18ec1739a3e57a23", "18ec1739a3e57a24", "18ec1739a3e57a25"];
    let with_data = format!(
        r#"{{"datalen":5,"from":"EVE","id":"{}","op":"newthing{}","posted":"2025-11-28T00:00:00.000Z"}}"#,
        ids[0],
        "g".repeat(5_000)
    );
    let without = format!(
        r#"{{"from":"EVE","id":"{}","op":"otherthing","posted":"2025-11-28T00:00:00.000Z"}}"#,
        ids[1]
    );
    let wrong_sum = format!(
        r#"{{"datalen":3,"from":"EVE","headsum":1,"id":"{}","op":"delivery","posted":"2025-11-28T00:00:00.000Z"}}"#,
        ids[2]
    );
    // Its time is none.
    let late = tmtp_head(&format!(
        r#"{{"datalen":4,"from":"EVE","id":"{}","op":"delivery","posted":"yesterday"}}"#,
        ids[3]
    ));
    let entered = frames(&[(GREETING, b""), (registered, b""), (info, b"")]);
    let told = frames(&[
        (GREETING, b""),
        (info, b""),
        (&with_data, b"bytes"),
        (&without, b""),
        (&wrong_sum, b"abc"),
        (&late, b"late"),
    ]);
    let (mut ada, mut hearing) = app(vec![entered, told]).await;
    ada.account = ask!(ada, join(), Account).id;
    // The link on which it registered ends; the next is the account's own.
    drop(hearing.recv().await.unwrap());
    acked(&mut hearing, &ids).await;
    assert!(matches!(ada.state().await.link, Link::Online { .. }));

    let rows = ada.threads().await;
    let subjects: Vec<_> = rows.iter().map(|row| row.subject.as_str()).collect();
    assert_eq!(rows.len(), 4, "{subjects:?}");
    let cut = format!("Unknown: newthing{}…", "g".repeat(42));
    for wanted in [cut.as_str(), "Unknown: otherthing", "Unknown: delivery"] {
        assert!(subjects.contains(&wanted), "{subjects:?}");
    }
    let mut kept = Vec::new();
    for row in &rows {
        let message = ada.thread(row.id).await.messages.remove(0);
        assert_eq!(message.from.kind, PartyKind::Stranger);
        for file in &message.attachments {
            kept.push(ada.bytes(file).await);
        }
    }
    kept.sort();
    assert_eq!(kept, [b"abc".to_vec(), b"bytes".to_vec()]);
    let late = ada.until_message("late").await;
    assert_eq!(late.at_ms, NOW_MS, "the time it came, for one that is none");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_from_the_service_are_sanitised() {
    let registered = r#"{"nodeid":"NODE","op":"registered","uid":"ADA"}"#;
    let info = r#"{"info":"login ok","op":"info"}"#;
    let evil = "\\u001b[31m\\u202eevil\\nname\\u0007 of it";
    let long = "long ".repeat(10_000);
    let mut told = vec![(GREETING.to_owned(), &b""[..]), (info.to_owned(), b"")];
    let mut ids = Vec::new();
    let id = |n: usize| format!("18ec1739a3e57b{n:02x}");
    let posted = "2025-11-28T00:00:00.000Z";
    for name in [evil, &long] {
        for (from, keys) in [
            (
                "EVE",
                format!(
                    r#""op":"invite","posted":"{posted}","gid":"{name}","alias":"eve malory","to":"ada lovelace""#
                ),
            ),
            (
                "EVE",
                format!(
                    r#""op":"member","posted":"{posted}","act":"invite","gid":"{name}","alias":"eve malory""#
                ),
            ),
            (
                "EVE",
                format!(
                    r#""op":"member","posted":"{posted}","act":"join","gid":"{name}","alias":"{name}""#
                ),
            ),
            ("EVE", format!(r#""op":"ping","posted":"{posted}","alias":"{name}","to":"{name}""#)),
            ("ADA", format!(r#""op":"user","posted":"{posted}","newalias":"{name}""#)),
            (name, format!(r#""op":"delivery","posted":"{posted}""#)),
            (
                name,
                format!(
                    r#""op":"ping","posted":"{posted}","alias":"eve malory","to":"ada lovelace""#
                ),
            ),
        ] {
            let id = id(ids.len());
            let len = if keys.contains("delivery") { 6 } else { 0 };
            // A service whose headers are longer than we would make them.
            let head = format!(r#"{{"datalen":{len},"from":"{from}","id":"{id}",{keys}}}"#);
            let data: &[u8] = if len > 0 { b"letter" } else { b"" };
            if head.len() < 60_000 {
                told.push((tmtp_head(&head), data));
                ids.push(id);
            }
        }
    }
    let told: Vec<_> = told.iter().map(|(head, data)| (head.as_str(), *data)).collect();
    let entered = frames(&[(GREETING, b""), (registered, b""), (info, b"")]);
    let (mut ada, mut hearing) = app(vec![entered, frames(&told)]).await;
    ada.account = ask!(ada, join(), Account).id;
    drop(hearing.recv().await.unwrap());
    let ids: Vec<_> = ids.iter().map(String::as_str).collect();
    assert!(ids.len() > 10, "{}", ids.len());
    acked(&mut hearing, &ids).await;

    let (account, before, find, limit) = (None, None, None, None);
    let mut replies = Vec::new();
    for question in [
        Command::State,
        Command::Groups { account },
        Command::Contacts { account },
        Command::Pings { account, before, find, limit },
        Command::Threads {
            account,
            filter: ThreadFilter::default(),
            with: None,
            before: None,
            before_key: None,
            before_ms: None,
            limit: None,
        },
    ] {
        replies.push(serde_json::to_string(&ada.engine.command(question).await.unwrap()).unwrap());
    }
    let threads = ada.threads().await;
    assert_eq!(threads.len(), 2, "the letters are kept");
    for row in threads {
        replies.push(serde_json::to_string(&ada.thread(row.id).await).unwrap());
    }
    for reply in replies {
        for unclean in ["\u{202e}", "\\u001b", "\\u0007", "evil\\n", &long[..2_000]] {
            assert!(!reply.contains(unclean), "{unclean:?} in {:.2000}", reply);
        }
    }
}

/// A header with its headsum.
fn tmtp_head(head: &str) -> String {
    let at = head.find(",\"id\"").unwrap();
    let sum = crc32c::crc32c(format!("{:04x}{head}", head.len()).as_bytes());
    format!("{},\"headsum\":{sum}{}", &head[..at], &head[at..])
}
