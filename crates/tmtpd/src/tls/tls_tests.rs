//! Tests of the TLS server side against the client of rustls' buffered interface, another code
//! path, in memory and over TCP.

use std::io::{ErrorKind, Read, Write};
use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::{
    ClientConfig, ClientConnection, Error, RootCertStore, ServerConfig, SupportedProtocolVersion,
    version,
};
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;

use super::session::Session;
use super::{OVERHEAD_BYTES, TlsStream, WRITE_BYTES, greet};

const BOTH: [&SupportedProtocolVersion; 2] = [&version::TLS13, &version::TLS12];

fn configs(version: &'static SupportedProtocolVersion) -> (Arc<ServerConfig>, Arc<ClientConfig>) {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let mut server = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&version::TLS13, &version::TLS12])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    server.send_tls13_tickets = 0;
    let client = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    (Arc::new(server), Arc::new(client))
}

fn localhost() -> ServerName<'static> {
    ServerName::try_from("localhost").unwrap()
}

/// A client and a server in memory.
struct Pair {
    client: ClientConnection,
    server: Session,
    /// What the server decrypted.
    received: Vec<u8>,
    /// What the server sent and the client has not read.
    to_client: Vec<u8>,
}

impl Pair {
    fn new(version: &'static SupportedProtocolVersion) -> Self {
        let (server, client) = configs(version);
        let client = ClientConnection::new(client, localhost()).unwrap();
        let server = Session::new(server).unwrap();
        Self { client, server, received: Vec::new(), to_client: Vec::new() }
    }

    fn shaken(version: &'static SupportedProtocolVersion) -> Self {
        let mut pair = Self::new(version);
        for _ in 0..4 {
            pair.feed_server(usize::MAX).unwrap();
            pair.feed_client();
        }
        assert!(!pair.server.is_handshaking() && !pair.client.is_handshaking());
        pair
    }

    /// Passes the client's output to the server, `piece` bytes at a time.
    fn feed_server(&mut self, piece: usize) -> Result<(), Error> {
        let mut bytes = Vec::new();
        while self.client.wants_write() {
            self.client.write_tls(&mut bytes).unwrap();
        }
        self.give_server(&mut bytes, piece)
    }

    fn give_server(&mut self, bytes: &mut [u8], piece: usize) -> Result<(), Error> {
        let Self { server, received, to_client, .. } = self;
        bytes.chunks_mut(piece.min(bytes.len()).max(1)).try_for_each(|piece| {
            server.handle_ciphertext(piece, &mut |text| received.extend_from_slice(text), to_client)
        })
    }

    fn feed_client(&mut self) {
        let bytes = std::mem::take(&mut self.to_client);
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            self.client.read_tls(&mut rest).unwrap();
            self.client.process_new_packets().unwrap();
        }
    }

    fn client_says(&mut self, text: &[u8]) {
        self.client.writer().write_all(text).unwrap();
    }

    fn server_says(&mut self, text: &[u8]) {
        let mut room = vec![0; text.len() + OVERHEAD_BYTES];
        let len = self.server.encrypt(text, &mut room).unwrap();
        self.to_client.extend_from_slice(&room[..len]);
    }

    fn client_hears(&mut self) -> Vec<u8> {
        self.feed_client();
        let mut heard = Vec::new();
        match self.client.reader().read_to_end(&mut heard) {
            Err(error) if error.kind() != ErrorKind::WouldBlock => panic!("{error}"),
            _ => heard,
        }
    }
}

#[test]
fn data_survives_any_fragmentation_both_ways() {
    for version in BOTH {
        for piece in [1, 7, 4_096, usize::MAX] {
            let mut pair = Pair::new(version);
            for _ in 0..4 {
                pair.feed_server(piece).unwrap();
                pair.feed_client();
            }
            let text: Vec<u8> = (0..60_000_u32).map(|n| n as u8).collect();
            pair.client_says(&text);
            pair.feed_server(piece).unwrap();
            assert_eq!(pair.received, text);
            let (answer, _) = text.split_at(12_000);
            pair.server_says(answer);
            assert_eq!(pair.client_hears(), answer);
            assert_eq!(pair.server.incomplete_bytes(), 0);
        }
    }
}

#[test]
fn data_with_the_last_handshake_message_is_kept() {
    let mut pair = Pair::new(&version::TLS13);
    pair.client_says(b"early bird");
    for _ in 0..3 {
        pair.feed_server(usize::MAX).unwrap();
        pair.feed_client();
    }
    assert_eq!(pair.received, b"early bird");
}

#[test]
fn key_update_of_the_client_updates_both_directions() {
    let mut pair = Pair::shaken(&version::TLS13);
    for round in 0..20_u8 {
        pair.client.refresh_traffic_keys().unwrap();
        pair.client_says(&[round]);
        pair.feed_server(3).unwrap();
        assert_eq!(pair.received, [round]);
        pair.received.clear();
        // Our own key update is sent before the data that is encrypted with the new key.
        pair.server_says(&[round, 1]);
        assert_eq!(pair.client_hears(), [round, 1]);
    }
}

#[test]
fn data_can_be_sent_after_the_clients_close_notify() {
    for version in BOTH {
        let mut pair = Pair::shaken(version);
        pair.client_says(b"last words");
        pair.client.send_close_notify();
        pair.feed_server(5).unwrap();
        assert_eq!(pair.received, b"last words");
        assert!(pair.server.has_ended() && pair.server.may_close());
        pair.server_says(b"farewell");
        let mut room = [0; 256];
        let len = pair.server.close(&mut room).unwrap();
        pair.to_client.extend_from_slice(&room[..len]);
        assert!(!pair.server.may_close());
        assert_eq!(pair.client_hears(), b"farewell");
        // A clean end, no truncation.
        assert_eq!(pair.client.reader().read(&mut [0]).unwrap(), 0);
    }
}

#[test]
fn damaged_record_is_answered_with_an_alert_only() {
    for version in BOTH {
        let mut pair = Pair::shaken(version);
        pair.client_says(b"hello");
        let mut bytes = Vec::new();
        pair.client.write_tls(&mut bytes).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        assert_eq!(pair.give_server(&mut bytes, usize::MAX), Err(Error::DecryptError));
        assert_eq!(pair.received, b"");
        assert!(!pair.server.may_close());
        let mut alert = pair.to_client.as_slice();
        pair.client.read_tls(&mut alert).unwrap();
        assert!(matches!(pair.client.process_new_packets(), Err(Error::AlertReceived(_))));
    }
}

#[test]
fn endless_handshake_message_is_refused() {
    let mut pair = Pair::new(&version::TLS13);
    // A ClientHello of 16 MiB - 1, in records of 16 KiB.
    let mut given = 0;
    let refused = loop {
        let mut record = vec![22, 3, 1, 0x40, 0];
        record.resize(5 + 0x4000, 0);
        if given == 0 {
            record[5..9].copy_from_slice(&[1, 0xff, 0xff, 0xff]);
        }
        match pair.give_server(&mut record, usize::MAX) {
            Ok(()) => given += record.len(),
            Err(_) => break given,
        }
        assert!(given < 1 << 20, "nobody stops it");
    };
    assert!(refused < 128 * 1_024, "{refused}");
}

/// A server's stream and the client's end of it, over TCP.
async fn connected(
    version: &'static SupportedProtocolVersion,
) -> (TlsStream, tokio_rustls::client::TlsStream<TcpStream>) {
    let (server, client) = configs(version);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let socket = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (accepted, _) = listener.accept().await.unwrap();
    let accept = async {
        let greeted = greet(accepted).await.unwrap();
        assert_eq!(greeted.client_hello().server_name(), Some("localhost"));
        greeted.shake_hands(server, ()).await.unwrap()
    };
    let connect = TlsConnector::from(client).connect(localhost(), socket);
    let (stream, client) = tokio::join!(accept, connect);
    (stream, client.unwrap())
}

#[tokio::test]
async fn mebibyte_both_ways_leaves_no_buffers() {
    for version in BOTH {
        let (mut stream, client) = connected(version).await;
        let text: Vec<u8> = (0..1_u32 << 20).map(|n| (n >> 3) as u8).collect();
        let (mut reader, mut writer) = tokio::io::split(client);
        let sent = text.clone();
        let wrote = tokio::spawn(async move {
            writer.write_all(&sent).await.unwrap();
            writer.flush().await.unwrap();
            writer
        });
        let len = text.len();
        let read = tokio::spawn(async move {
            let mut heard = vec![0; len];
            reader.read_exact(&mut heard).await.unwrap();
            (heard, reader)
        });
        let mut received = vec![0; len];
        stream.read_exact(&mut received).await.unwrap();
        stream.write_all(&text).await.unwrap();
        stream.flush().await.unwrap();
        assert!(received == text);
        let (heard, _reader) = read.await.unwrap();
        assert!(heard == text);
        drop(wrote.await.unwrap());
        let held = stream.plaintext.capacity()
            + stream.ciphertext.capacity()
            + stream.session.incomplete_bytes();
        assert_eq!(held, 0);
    }
}

#[tokio::test]
async fn small_read_buffers_get_all_data() {
    let (mut stream, mut client) = connected(&version::TLS13).await;
    client.write_all(b"one record").await.unwrap();
    client.flush().await.unwrap();
    for expected in b"one record".chunks(3) {
        let mut piece = vec![0; expected.len()];
        stream.read_exact(&mut piece).await.unwrap();
        assert_eq!(piece, expected);
    }
}

#[tokio::test]
async fn non_reading_client_costs_one_write_at_most() {
    let (mut stream, _client) = connected(&version::TLS13).await;
    let text = vec![7; 1 << 20];
    let mut taken = 0;
    // Until the system accepts no more.
    std::future::poll_fn(|context| {
        loop {
            match std::pin::Pin::new(&mut stream).poll_write(context, &text) {
                std::task::Poll::Ready(written) => taken += written.unwrap(),
                std::task::Poll::Pending => return std::task::Poll::Ready(()),
            }
            assert!(stream.ciphertext.len() <= WRITE_BYTES + OVERHEAD_BYTES);
        }
    })
    .await;
    assert!(taken > 0 && !stream.ciphertext.is_empty());
}

#[tokio::test]
async fn truncation_differs_from_close_notify() {
    let (mut stream, client) = connected(&version::TLS13).await;
    drop(client.into_inner().0);
    let cut = stream.read(&mut [0]).await.unwrap_err();
    assert_eq!(cut.kind(), ErrorKind::UnexpectedEof);

    let (mut stream, mut client) = connected(&version::TLS13).await;
    client.shutdown().await.unwrap();
    assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
    stream.write_all(b"still here").await.unwrap();
    stream.shutdown().await.unwrap();
    let mut heard = Vec::new();
    client.read_to_end(&mut heard).await.unwrap();
    assert_eq!(heard, b"still here");
}

#[tokio::test]
async fn non_tls_input_is_refused() {
    for garbage in [b"GET / HTTP/1.1\r\n\r\n".as_slice(), &[22; 40_000], &[]] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut socket = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (accepted, _) = listener.accept().await.unwrap();
        let (mut reader, mut writer) = socket.split();
        let speak = async {
            // The server may close before all of it is sent.
            let _ = writer.write_all(garbage).await;
            let _ = writer.shutdown().await;
            let _ = tokio::io::copy(&mut reader, &mut tokio::io::sink()).await;
        };
        let (refused, ()) = tokio::join!(greet(accepted), speak);
        assert!(refused.is_err());
    }
}
