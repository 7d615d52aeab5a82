//! A whole service in memory, and links of several members to it.
//!
//! What they send is the fuzzer's; what they are sent is checked by the testkit's own reading of the
//! protocol. In the end the links are closed, and a member who did nothing wrong is served.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use arbitrary::{Arbitrary, Unstructured};
use serde_json::Value;
use tmtp_testkit::wire;
use tmtpd::config::{DaemonConfig, Overrides};
use tmtpd::edge::Machine;
use tmtpd::listen::Gate;
use tmtpd::service::Service;
use tmtpd::shutdown::Shutdown;
use tmtpd::store::{Limits, MemoryEngine, Store};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, ReadHalf, WriteHalf, split};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::ask::{Ask, Cast};
use crate::store::scratch;

/// Links at once.
const LINKS: usize = 3;
/// Bytes between a link's ends.
const BUFFER_BYTES: usize = 4_096;
/// Far more than anything takes.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Debug, Arbitrary)]
struct Case {
    /// Which link, and what it sends.
    asks: Vec<(u8, Ask)>,
    /// Bytes sent at once; 0: all of a request.
    piece: u8,
}

/// One end of a link, with a task that reads and one that is the service.
struct Link {
    writer: WriteHalf<DuplexStream>,
    reading: JoinHandle<()>,
    serving: JoinHandle<()>,
}

/// Plays it.
pub fn run(input: &[u8]) {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    let Ok(case) = Case::arbitrary_take_rest(Unstructured::new(input)) else { return };
    let runtime =
        RUNTIME.get_or_init(|| Builder::new_current_thread().enable_all().build().unwrap());
    runtime.block_on(async { timeout(PATIENCE, play(case)).await.expect("it hangs") });
}

async fn play(case: Case) {
    let folder = scratch();
    let over = Overrides { data: Some(PathBuf::from("unused")), ..Overrides::default() };
    let daemon = DaemonConfig::resolve(over, None).unwrap();
    let config = daemon.only().unwrap();
    let limits = Limits { reserve_bytes: 0, ..Limits::default() };
    let store = Store::open_with(folder.path(), limits, Arc::<MemoryEngine>::default()).unwrap();
    let service = Arc::new(Service::with(config, store, Machine).unwrap());
    let gate = Gate::new(&config.limits);
    let cast = Arc::new(Mutex::new(Cast::default()));
    let open = || Link::open(&service, &gate, &cast);

    let mut links: Vec<_> = (0..LINKS).map(|_| open()).collect();
    for (number, link) in links.iter_mut().enumerate() {
        link.enter(&cast, u8::try_from(number).unwrap()).await;
    }
    for (which, ask) in case.asks.into_iter().take(64) {
        let link = &mut links[usize::from(which) % LINKS];
        link.send(&ask, &cast, case.piece).await;
        if ask.is_last() || link.serving.is_finished() {
            std::mem::replace(link, open()).close().await;
        }
    }
    for link in links {
        link.close().await;
    }

    let mut bystander = open();
    let before = cast.lock().unwrap().members.len();
    bystander.enter(&cast, u8::MAX).await;
    bystander.send(&Ask::Quit, &cast, 0).await;
    bystander.close().await;
    assert_eq!(cast.lock().unwrap().members.len(), before + 1, "a new member is not served");
    service.close().unwrap();
}

impl Link {
    fn open(service: &Arc<Service>, gate: &Arc<Gate>, cast: &Arc<Mutex<Cast>>) -> Self {
        let (ours, theirs) = tokio::io::duplex(BUFFER_BYTES);
        let peer = gate.admit(([127, 0, 0, 1], 1).into()).unwrap();
        let serving =
            tokio::spawn(tmtpd::link::run(theirs, peer, Arc::clone(service), Shutdown::new()));
        let (reader, writer) = split(ours);
        let reading = tokio::spawn(read(reader, Arc::clone(cast)));
        Self { writer, reading, serving }
    }

    /// A new member, online.
    async fn enter(&mut self, cast: &Mutex<Cast>, alias: u8) {
        self.send(&Ask::Greet, cast, 0).await;
        self.send(&Ask::Register { alias }, cast, 0).await;
    }

    async fn send(&mut self, ask: &Ask, cast: &Mutex<Cast>, piece: u8) {
        let bytes = ask.bytes(&cast.lock().unwrap());
        let piece = if piece == 0 { bytes.len() } else { usize::from(piece) };
        for piece in bytes.chunks(piece.max(1)) {
            // The service may have ended the link.
            if self.writer.write_all(piece).await.is_err() {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    /// Says nothing more and waits for the service to have done the same.
    async fn close(mut self) {
        let _ = self.writer.shutdown().await;
        self.serving.await.expect("no panic in a link");
        self.reading.await.expect("what is received is of the protocol's form");
    }
}

/// Reads to the end, and notes who was registered and what came.
async fn read(mut reader: ReadHalf<DuplexStream>, cast: Arc<Mutex<Cast>>) {
    let mut received = Vec::new();
    let mut chunk = vec![0; BUFFER_BYTES];
    loop {
        while let Some((head, end)) = first_message(&received) {
            received.drain(..end);
            cast.lock().unwrap().note(&head);
        }
        match reader.read(&mut chunk).await {
            Ok(0) | Err(_) => return,
            Ok(count) => received.extend_from_slice(&chunk[..count]),
        }
    }
}

/// The header of the first message and where it ends, once it is whole.
fn first_message(received: &[u8]) -> Option<(Value, usize)> {
    let digits = std::str::from_utf8(received.get(..4)?).unwrap();
    let head_end = 4 + usize::from_str_radix(digits, 16).unwrap();
    let head = std::str::from_utf8(received.get(4..head_end)?).unwrap();
    let head = wire::check_head(head).unwrap();
    let end = head_end + usize::try_from(head["datalen"].as_u64().unwrap_or(0)).unwrap();
    (received.len() >= end).then_some((head, end))
}

impl Cast {
    fn note(&mut self, head: &Value) {
        let text = |key: &str| head[key].as_str().unwrap_or_default().to_owned();
        match head["op"].as_str().unwrap_or_default() {
            "registered" => self.members.push((text("uid"), text("nodeid"))),
            _ if !head["headsum"].is_null() => self.messages.push(text("id")),
            _ => {}
        }
    }
}
