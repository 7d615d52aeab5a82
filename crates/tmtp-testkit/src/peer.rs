//! A raw revision-1 app over real TLS.
//!
//! What it sends is JSON text that the test wrote, framed by [`crate::wire`]; it is as ready to
//! send what no honest app sends. Every header it receives is checked for form and headsum. Every
//! wait has a deadline, [`DEADLINE`].
//!
//! [`RawPeer::next`] gives messages strictly in the order of the link. The `expect_*` helpers look
//! for one kind and keep the others for later, because an ack and a delivery on one link have no
//! promised order.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

use crate::tls;
use crate::wire::{self, Frame};

/// How long anything awaited may take.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// One link to a service.
#[derive(Debug)]
pub struct RawPeer {
    stream: TlsStream<TcpStream>,
    received: Vec<u8>,
    /// Messages that an `expect_*` passed over.
    kept: VecDeque<Frame>,
    split: Option<usize>,
    requests: u64,
}

/// A message whose data was summed up instead of kept.
#[derive(Debug, Clone, PartialEq)]
pub struct LargeFrame {
    /// The header, parsed.
    pub head: Value,
    /// Bytes of data.
    pub data_len: u64,
    /// CRC-32C of the data.
    pub data_crc32c: u32,
}

impl RawPeer {
    /// Opens a link. The service says nothing before [`Self::greet`].
    pub async fn connect(address: SocketAddr) -> Result<Self> {
        Self::connect_to(address, None).await
    }

    /// Opens a link to the service that has this TLS server name; none: says no name.
    pub async fn connect_to(address: SocketAddr, server_name: Option<&str>) -> Result<Self> {
        let connecting = tls::connect(address, server_name);
        Ok(Self::on(timeout(DEADLINE, connecting).await.context("connecting")??))
    }

    /// Opens a link from an address of this machine, such as one in 127.0.0.0/8.
    pub async fn connect_from(from: IpAddr, address: SocketAddr) -> Result<Self> {
        let connecting = tls::connect_from(from, address);
        Ok(Self::on(timeout(DEADLINE, connecting).await.context("connecting")??))
    }

    fn on(stream: TlsStream<TcpStream>) -> Self {
        Self { stream, received: Vec::new(), kept: VecDeque::new(), split: None, requests: 0 }
    }

    /// Opens a link and makes an account; gives its uid and its device's secret.
    pub async fn join(address: SocketAddr, alias: &str) -> Result<(Self, String, String)> {
        let mut peer = Self::connect(address).await?;
        peer.greet().await?;
        let (uid, node) = peer.register(alias).await?;
        Ok((peer, uid, node))
    }

    /// Opens a link and logs in. The `login` message is acknowledged.
    pub async fn enter(address: SocketAddr, uid: &str, node: &str) -> Result<Self> {
        let mut peer = Self::connect(address).await?;
        peer.greet().await?;
        peer.login(uid, node).await?;
        Ok(peer)
    }

    /// The certificate that the service has shown, in DER.
    pub fn certificate(&self) -> Option<&[u8]> {
        let shown = self.stream.get_ref().1.peer_certificates()?;
        shown.first().map(|leaf| leaf.as_ref())
    }

    /// From now on, writes so many bytes at a time; none: all at once.
    pub fn set_split(&mut self, bytes: Option<usize>) {
        self.split = bytes.filter(|bytes| *bytes > 0);
    }

    /// Sends exactly these bytes.
    pub async fn send_raw(&mut self, bytes: &[u8]) -> Result<()> {
        let piece = self.split.unwrap_or(bytes.len()).max(1);
        let write = async {
            for piece in bytes.chunks(piece) {
                self.stream.write_all(piece).await?;
                self.stream.flush().await?;
            }
            std::io::Result::Ok(())
        };
        timeout(DEADLINE, write).await.context("writing")?.context("writing")
    }

    /// Changes the keys it sends by, and asks the service to do the same (TLS 1.3: KeyUpdate).
    pub async fn refresh_keys(&mut self) -> Result<()> {
        self.stream.get_mut().1.refresh_traffic_keys()?;
        timeout(DEADLINE, self.stream.flush()).await.context("writing")?.context("writing")
    }

    /// Sends a header, as it is written, and data.
    pub async fn send(&mut self, head: &str, data: &[u8]) -> Result<()> {
        self.send_raw(&wire::frame(head, data)?).await
    }

    /// Sends a request without data.
    pub async fn request(&mut self, head: Value) -> Result<()> {
        self.send(&head.to_string(), b"").await
    }

    /// The next message on the link, kept ones first.
    pub async fn next(&mut self) -> Result<Frame> {
        self.next_or_closed().await?.context("the service closed the link")
    }

    /// The next message, or none when the service closed the link.
    pub async fn next_or_closed(&mut self) -> Result<Option<Frame>> {
        if let Some(kept) = self.kept.pop_front() {
            return Ok(Some(kept));
        }
        timeout(DEADLINE, self.read_frame()).await.context("waiting for a message")?
    }

    /// The first message for which `wanted` holds, kept ones first; the others are kept.
    pub async fn expect(
        &mut self,
        what: &str,
        mut wanted: impl FnMut(&Frame) -> bool,
    ) -> Result<Frame> {
        if let Some(at) = self.kept.iter().position(&mut wanted) {
            return self.kept.remove(at).context("kept");
        }
        let read = async {
            loop {
                match self.read_frame().await? {
                    Some(frame) if wanted(&frame) => return Ok(frame),
                    Some(frame) if frame.op() == "quit" => bail!("quit: {}", frame.text("error")),
                    Some(frame) => self.kept.push_back(frame),
                    None => bail!("the service closed the link"),
                }
            }
        };
        let found = timeout(DEADLINE, read).await.context("it did not come in time");
        found.and_then(|found| found).with_context(|| {
            let kept: Vec<_> = self.kept.iter().map(|frame| &frame.raw_head).collect();
            format!("waiting for {what}; came instead: {kept:?}")
        })
    }

    /// The first message with this op; the others are kept.
    pub async fn expect_op(&mut self, op: &str) -> Result<Frame> {
        self.expect(op, |frame| frame.op() == op).await
    }

    /// As [`Self::expect_op`], and acknowledges it.
    pub async fn receive(&mut self, op: &str) -> Result<Frame> {
        let frame = self.expect_op(op).await?;
        self.ack(frame.id()).await?;
        Ok(frame)
    }

    /// The ack of a request, whatever it says.
    pub async fn expect_ack(&mut self, id: &str) -> Result<Frame> {
        self.expect(&format!("ack of {id}"), |frame| frame.op() == "ack" && frame.id() == id).await
    }

    /// The ack of a request, which must be without error.
    pub async fn expect_done(&mut self, id: &str) -> Result<Frame> {
        let ack = self.expect_ack(id).await?;
        ensure!(ack.head["error"].is_null(), "refused: {}", ack.raw_head);
        Ok(ack)
    }

    /// Nothing more but the end of the link.
    pub async fn expect_closed(&mut self) -> Result<()> {
        match self.next_or_closed().await? {
            None => Ok(()),
            Some(frame) => bail!("the link should be closed, but there is {}", frame.raw_head),
        }
    }

    /// The next message says quit for this reason, and the link ends. Messages that were under way
    /// before it are passed over.
    pub async fn expect_quit(&mut self, reason: &str) -> Result<()> {
        let quit = self.expect("quit", |frame| frame.op() == "quit").await?;
        ensure!(quit.text("error") == reason, "quit: {}, not: {reason}", quit.text("error"));
        self.kept.clear();
        self.expect_closed().await
    }

    /// Sends nothing more, and reads on: says so by TLS (`close_notify`), or by TCP alone.
    pub async fn close_sending(&mut self, by_tls: bool) -> Result<()> {
        let closing = async {
            if by_tls {
                self.stream.shutdown().await
            } else {
                self.stream.get_mut().0.shutdown().await
            }
        };
        timeout(DEADLINE, closing).await.context("closing")?.context("closing")
    }

    /// Ends the link without a word, as a crash does.
    pub fn drop_link(self) {}

    async fn read_frame(&mut self) -> Result<Option<Frame>> {
        let Some((head, raw_head, data_len)) = self.read_head().await? else {
            return Ok(None);
        };
        let data_len = usize::try_from(data_len)?;
        while self.received.len() < data_len {
            ensure!(self.read_some().await?, "the link ended inside of data");
        }
        let data = self.received.drain(..data_len).collect();
        Ok(Some(Frame { head, raw_head, data }))
    }

    /// A header, its text, and how much data follows.
    async fn read_head(&mut self) -> Result<Option<(Value, String, u64)>> {
        while self.received.len() < 4 {
            if !self.read_some().await? {
                ensure!(self.received.is_empty(), "the link ended inside of a message");
                return Ok(None);
            }
        }
        let digits = std::str::from_utf8(&self.received[..4])?;
        let length = usize::from_str_radix(digits, 16).with_context(|| digits.to_owned())?;
        ensure!(length >= 8, "a header of {length} bytes");
        while self.received.len() < 4 + length {
            ensure!(self.read_some().await?, "the link ended inside of a header");
        }
        let raw_head = String::from_utf8(self.received.drain(..4 + length).skip(4).collect())?;
        let head = wire::check_head(&raw_head)?;
        let data_len = head["datalen"].as_u64().unwrap_or(0);
        Ok(Some((head, raw_head, data_len)))
    }

    /// Reads more; false at the end of the link. An end without TLS's own farewell is an end too:
    /// that is how a killed process leaves.
    #[expect(clippy::wildcard_enum_match_arm, reason = "a foreign enum")]
    async fn read_some(&mut self) -> Result<bool> {
        self.received.reserve(0x1_0000);
        match self.stream.read_buf(&mut self.received).await {
            Ok(count) => Ok(count > 0),
            Err(error) => match error.kind() {
                std::io::ErrorKind::UnexpectedEof
                | std::io::ErrorKind::ConnectionReset
                | std::io::ErrorKind::BrokenPipe => Ok(false),
                _ => Err(error).context("reading"),
            },
        }
    }
}

/// The requests of everyday.
impl RawPeer {
    /// TmtpRev; gives the answer.
    pub async fn greet(&mut self) -> Result<Frame> {
        self.request(json!({"op": 0, "id": "1"})).await?;
        self.expect_op("tmtprev").await
    }

    /// Register; gives uid and the device's secret. `"_"` asks for no alias.
    pub async fn register(&mut self, alias: &str) -> Result<(String, String)> {
        self.request(json!({"op": 1, "newnode": "raw", "newalias": alias})).await?;
        let made = self.expect_op("registered").await?;
        ensure!(made.head["error"].is_null(), "registered, but: {}", made.text("error"));
        self.expect_op("info").await?;
        Ok((made.text("uid").into(), made.text("nodeid").into()))
    }

    /// Login; acknowledges the `login` message and gives the `info`. Everything that waited comes
    /// afterwards.
    pub async fn login(&mut self, uid: &str, node: &str) -> Result<Frame> {
        self.request(json!({"op": 2, "uid": uid, "node": node})).await?;
        let info = self.expect_op("info").await?;
        self.receive("login").await?;
        Ok(info)
    }

    /// Ack (op 10): this device has stored a message.
    pub async fn ack(&mut self, id: &str) -> Result<()> {
        self.request(json!({"op": 10, "id": id, "type": "ok"})).await
    }

    /// Pulse.
    pub async fn pulse(&mut self) -> Result<()> {
        self.request(json!({"op": 11})).await
    }

    /// Quit, until the link is closed.
    pub async fn quit(mut self) -> Result<()> {
        self.request(json!({"op": 12})).await?;
        self.expect_quit("logout ok").await
    }

    /// An id for the next request of this link.
    pub fn request_id(&mut self) -> String {
        self.requests += 1;
        format!("r{}", self.requests)
    }

    /// Ping; gives the ack, which must be without error.
    pub async fn ping(&mut self, from: &str, to: &str, text: &str) -> Result<Frame> {
        let id = self.request_id();
        let head = json!({"op": 9, "id": id, "from": from, "to": to, "datalen": text.len()});
        self.send(&head.to_string(), text.as_bytes()).await?;
        self.expect_done(&id).await
    }

    /// Post to members by uid; gives the message's id once the service has it.
    pub async fn post(&mut self, uids: &[&str], data: &[u8]) -> Result<String> {
        let to: Vec<_> = uids.iter().map(|uid| json!({"id": uid, "type": 1})).collect();
        let id = self.start_post(&json!(to), data).await?;
        Ok(self.expect_done(&id).await?.text("msgid").into())
    }

    /// Post with any `for`, without waiting; gives the request's id.
    pub async fn start_post(&mut self, to: &Value, data: &[u8]) -> Result<String> {
        let id = self.request_id();
        let head = json!({"op": 7, "id": id, "for": to, "datalen": data.len()});
        self.send(&head.to_string(), data).await?;
        Ok(id)
    }

    /// UserEdit newnode; gives the secret of the new device.
    pub async fn add_device(&mut self, label: &str) -> Result<String> {
        let id = self.request_id();
        self.request(json!({"op": 3, "id": id, "newnode": label})).await?;
        self.expect_done(&id).await?;
        let user = self.expect("user", |frame| frame.text("newnode") == label).await?;
        self.ack(user.id()).await?;
        Ok(user.text("nodeid").into())
    }
}

/// Bodies that are not to be held in memory.
impl RawPeer {
    /// Post of `chunk` repeated; gives the request's id without waiting for the ack.
    pub async fn start_large_post(
        &mut self,
        uids: &[&str],
        chunk: &[u8],
        times: u64,
    ) -> Result<String> {
        let to: Vec<_> = uids.iter().map(|uid| json!({"id": uid, "type": 1})).collect();
        let id = self.request_id();
        let head = json!({"op": 7, "id": id, "for": to, "datalen": chunk.len() as u64 * times});
        self.send(&head.to_string(), b"").await?;
        for _ in 0..times {
            self.send_raw(chunk).await?;
        }
        Ok(id)
    }

    /// The next message, which must have this op; its data is summed up as it comes.
    pub async fn expect_large(&mut self, op: &str) -> Result<LargeFrame> {
        let (head, _, data_len) = timeout(DEADLINE, self.read_head())
            .await
            .context("waiting for a message")??
            .context("the service closed the link")?;
        ensure!(head["op"] == op, "{head} instead of {op}");
        let (mut left, mut sum) = (data_len, 0);
        while left > 0 {
            if self.received.is_empty() {
                let more =
                    timeout(DEADLINE, self.read_some()).await.context("waiting for data")??;
                ensure!(more, "the link ended inside of data");
            }
            let take =
                usize::try_from(left).map_or(self.received.len(), |l| l.min(self.received.len()));
            sum = crc32c::crc32c_append(sum, &self.received[..take]);
            self.received.drain(..take);
            left -= take as u64;
        }
        Ok(LargeFrame { head, data_len, data_crc32c: sum })
    }
}
