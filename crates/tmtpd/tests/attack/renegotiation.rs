//! A TLS 1.2 client that asks to renegotiate, which no library for good clients can: after the
//! handshake it takes the keys out and writes the records itself.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use ::aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use rustls::crypto::aws_lc_rs::cipher_suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, ConnectionTrafficSecrets};
use tmtp_testkit::tls::AnyCertificate;

/// The record type of handshakes.
const HANDSHAKE: u8 = 22;

/// A link after the handshake.
pub(crate) struct Tls12 {
    tcp: TcpStream,
    key: LessSafeKey,
    iv: [u8; 12],
    sequence: u64,
}

impl Tls12 {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let suites = vec![TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256];
        let provider = CryptoProvider { cipher_suites: suites, ..aws_lc_rs::default_provider() };
        let provider = Arc::new(provider);
        let mut config = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&rustls::version::TLS12])
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(AnyCertificate::new(provider))
            .with_no_client_auth();
        config.enable_secret_extraction = true;
        let name = ServerName::IpAddress(address.ip().into());
        let mut tls = ClientConnection::new(Arc::new(config), name).unwrap();
        let mut tcp = TcpStream::connect(address).unwrap();
        tcp.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        while tls.is_handshaking() || tls.wants_write() {
            tls.complete_io(&mut tcp).unwrap();
        }
        let (sequence, secrets) = tls.dangerous_extract_secrets().unwrap().tx;
        let ConnectionTrafficSecrets::Chacha20Poly1305 { key, iv } = secrets else {
            panic!("another cipher")
        };
        let key = UnboundKey::new(&CHACHA20_POLY1305, key.as_ref()).unwrap();
        let iv = iv.as_ref().try_into().unwrap();
        Self { tcp, key: LessSafeKey::new(key), iv, sequence }
    }

    /// Sends a ClientHello under the keys of the link. Nothing when the service has closed.
    pub(crate) fn ask_to_renegotiate(&mut self) {
        let hello: Vec<u8> =
            [&[1, 0, 0, 41, 3, 3][..], &[9; 32], &[0], &[0, 2, 0xcc, 0xa9], &[1, 0]].concat();
        let mut nonce = self.iv;
        nonce[4..].iter_mut().zip(self.sequence.to_be_bytes()).for_each(|(n, s)| *n ^= s);
        let length = u16::try_from(hello.len()).unwrap().to_be_bytes();
        let about = [&self.sequence.to_be_bytes()[..], &[HANDSHAKE, 3, 3], &length].concat();
        let mut sealed = hello;
        let nonce = Nonce::assume_unique_for_key(nonce);
        self.key.seal_in_place_append_tag(nonce, Aad::from(about), &mut sealed).unwrap();
        let length = u16::try_from(sealed.len()).unwrap().to_be_bytes();
        let record = [&[HANDSHAKE, 3, 3][..], &length, &sealed].concat();
        let _ = self.tcp.write_all(&record);
        self.sequence += 1;
    }

    /// The types of all records until the service closes.
    pub(crate) fn read_records(&mut self, kinds: &mut Vec<u8>) {
        let mut head = [0; 5];
        loop {
            match self.tcp.read_exact(&mut head) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => panic!("it stays open"),
                Err(_) => return,
            }
            kinds.push(head[0]);
            let mut body = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
            if self.tcp.read_exact(&mut body).is_err() {
                return;
            }
        }
    }
}
