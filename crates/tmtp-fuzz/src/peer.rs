//! A peer of a service in memory: sends what a target chooses, and checks all that it is sent by the
//! testkit's own reading of the protocol.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use tmtp::certificate::CertificateHash;
use tmtp_testkit::wire;
use tmtpd::conn_limit::ConnLimit;
use tmtpd::link::Carrier;
use tmtpd::service::Service;
use tmtpd::shutdown::Shutdown;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, ReadHalf, WriteHalf, split};
use tokio::task::JoinHandle;

use crate::ask::{Ask, Cast};

/// Bytes between a link's ends.
const BUFFER_BYTES: usize = 4_096;

/// One end of a link, with a task that reads and one that is the service.
pub(crate) struct Link {
    writer: WriteHalf<DuplexStream>,
    reading: JoinHandle<()>,
    serving: JoinHandle<()>,
}

impl Link {
    pub(crate) fn open(
        service: &Arc<Service>,
        conn_limit: &Arc<ConnLimit>,
        cast: &Arc<Mutex<Cast>>,
    ) -> Self {
        let (ours, theirs) = tokio::io::duplex(BUFFER_BYTES);
        let peer = conn_limit.admit(([127, 0, 0, 1], 1).into()).unwrap();
        let carrier = Carrier { stream: theirs, peer, certificate: CertificateHash::of(b"") };
        let serving = tokio::spawn(tmtpd::link::run(carrier, Arc::clone(service), Shutdown::new()));
        let (reader, writer) = split(ours);
        let reading = tokio::spawn(read(reader, Arc::clone(cast)));
        Self { writer, reading, serving }
    }

    /// Whether the service has ended it.
    pub(crate) fn is_over(&self) -> bool {
        self.serving.is_finished()
    }

    /// A new member, online.
    pub(crate) async fn enter(&mut self, cast: &Mutex<Cast>, alias: u8) {
        self.send(&Ask::Greet, cast, 0).await;
        self.send(&Ask::Register { alias }, cast, 0).await;
    }

    pub(crate) async fn send(&mut self, ask: &Ask, cast: &Mutex<Cast>, piece: u8) {
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
    pub(crate) async fn close(mut self) {
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
