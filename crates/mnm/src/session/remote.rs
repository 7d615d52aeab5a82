//! Client of the loopback server: one short HTTP/1.1 connection per request.

use std::{io, net::Ipv4Addr, pin::Pin, time::Duration};

use bytes::Bytes;
use data_encoding::BASE64URL_NOPAD;
use futures_util::TryStreamExt;
use http_body_util::{BodyDataStream, BodyExt as _, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Frame, Incoming},
    client::conn::http1,
    header,
};
use hyper_util::rt::TokioIo;
use mnm_engine::{
    command::{Command, Reply},
    event::Event,
    view::{AttachmentId, Draft, DraftId},
};
use serde::{Deserialize, de::DeserializeOwned};
use subtle::ConstantTimeEq as _;
use tokio::{
    fs::File,
    io::{AsyncBufReadExt as _, AsyncRead, BufReader, Lines},
    net::TcpStream,
};
use tokio_util::io::{ReaderStream, StreamReader};

use crate::{
    exit::{Exit, Failure},
    home::{AppFile, Home},
    serve::auth::{HelloSide, decode, hello_proof, random},
};

/// How long the listener on the announced port may take to prove that it is the app.
const HELLO_PATIENCE: Duration = Duration::from_secs(2);
/// Bytes of a file sent at a time.
const CHUNK: usize = 64 * 1024;

type Body = UnsyncBoxBody<Bytes, io::Error>;

/// The running app.
#[derive(Debug)]
pub(crate) struct Remote {
    app: AppFile,
}

/// Every answer of the server to the command line.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer<T> {
    Ok(T),
    Error {
        code: String,
        message: String,
        /// Of a newer app it may be one that is not known here.
        #[serde(default)]
        offer: serde_json::Value,
    },
}

#[derive(Deserialize)]
struct Url {
    url: String,
}

impl Remote {
    /// The announced app of this home, if it is running and proves itself.
    pub(crate) async fn find(home: &Home) -> Option<Self> {
        let remote = Self { app: home.announced()? };
        match tokio::time::timeout(HELLO_PATIENCE, remote.proves_itself()).await {
            Ok(Ok(true)) => Some(remote),
            _ => None,
        }
    }

    /// Whether it has this very version: commands and replies differ between versions.
    ///
    /// # Errors
    /// [`Exit::Failed`], with what to do.
    pub(crate) fn check_version(&self) -> Result<(), Failure> {
        const OWN: &str = env!("CARGO_PKG_VERSION");
        let running = match self.app.version.as_str() {
            OWN => return Ok(()),
            "" => "older than 0.2.0",
            other => other,
        };
        Err(Failure::new(
            Exit::Failed,
            "other_version",
            format!(
                "The app that runs on this home is {running}, and this program is {OWN}, so nothing was \
                 done. Stop the app with `mnm stop` and start it again: mnm"
            ),
        ))
    }

    /// Whether the listener knows the token, without revealing it. The commands that follow carry
    /// the token and people's letters.
    async fn proves_itself(&self) -> Result<bool, Failure> {
        let nonce = random().map_err(|error| Failure::io("hello", &io::Error::from(error)))?;
        let Some(bearer) = decode(&self.app.token) else { return Ok(false) };
        let proof = hello_proof(&bearer, HelloSide::CommandLine, &nonce);
        let question = format!(
            "Hello {}.{}",
            BASE64URL_NOPAD.encode(&*nonce),
            BASE64URL_NOPAD.encode(&*proof)
        );
        let request = self
            .request(Method::GET, "/api/hello")
            .header(header::AUTHORIZATION, question)
            .body(empty())
            .map_err(|_| broken("a request that can't be written"))?;
        let answer = http_body_util::Limited::new(self.send(request).await?.into_body(), 1024);
        let answer = answer.collect().await.map_err(|_| broken("an overlong answer"))?.to_bytes();
        let expected = hello_proof(&bearer, HelloSide::App, &nonce);
        let right = decode(&String::from_utf8_lossy(&answer))
            .is_some_and(|answer| bool::from(answer.ct_eq(&*expected)));
        Ok(right)
    }

    /// Runs a command in the app's engine.
    pub(crate) async fn command(&self, command: &Command) -> Result<Reply, Failure> {
        let body = serde_json::to_vec(command).map_err(|_| broken("a command it can't write"))?;
        let request = self
            .authorised(Method::POST, "/api/command")
            .header(header::CONTENT_TYPE, "application/json")
            .body(full(body))
            .map_err(|_| broken("a request that can't be written"))?;
        read_answer(self.send(request).await?).await
    }

    /// A fresh address that opens the pages, once.
    pub(crate) async fn opening_url(&self) -> Result<String, Failure> {
        Ok(self.post::<Url>("/api/url").await?.url)
    }

    /// Stops the app.
    pub(crate) async fn stop(&self) -> Result<(), Failure> {
        self.post::<serde_json::Value>("/api/stop").await.map(drop)
    }

    /// Streams a file into a draft.
    pub(crate) async fn attach(
        &self,
        draft: DraftId,
        name: &str,
        size: Option<u64>,
        file: File,
    ) -> Result<Draft, Failure> {
        let name = percent_encode(name);
        let size = size.map(|size| format!("&size={size}")).unwrap_or_default();
        let stream = ReaderStream::with_capacity(file, CHUNK).map_ok(Frame::data);
        let request = self
            .authorised(Method::POST, &format!("/api/drafts/{draft}/attachments?name={name}{size}"))
            .header(header::CONTENT_TYPE, "application/octet-stream")
            .body(StreamBody::new(stream).boxed_unsync())
            .map_err(|_| broken("a request that can't be written"))?;
        let reply = read_answer(self.send(request).await?).await?;
        let Reply::Draft(draft) = reply else { return Err(unexpected(&reply)) };
        Ok(draft)
    }

    /// The bytes of an attachment, as a stream.
    pub(crate) async fn attachment(
        &self,
        id: AttachmentId,
    ) -> Result<Pin<Box<dyn AsyncRead + Send>>, Failure> {
        let request = self
            .authorised(Method::GET, &format!("/api/attachments/{id}"))
            .body(empty())
            .map_err(|_| broken("a request that can't be written"))?;
        let response = self.send(request).await?;
        if response.status() != StatusCode::OK {
            let refused: Failure = match read_answer::<serde_json::Value>(response).await {
                Ok(_) => broken("an answer of the wrong kind"),
                Err(refused) => refused,
            };
            return Err(refused);
        }
        Ok(Box::pin(reader(response)))
    }

    /// All events from now on.
    pub(crate) async fn events(&self) -> Result<RemoteEvents, Failure> {
        let request = self
            .authorised(Method::GET, "/api/events")
            .body(empty())
            .map_err(|_| broken("a request that can't be written"))?;
        let response = self.send(request).await?;
        if response.status() != StatusCode::OK {
            return Err(broken("no events"));
        }
        let reader: Pin<Box<dyn AsyncRead + Send>> = Box::pin(reader(response));
        Ok(RemoteEvents { lines: BufReader::new(reader).lines() })
    }

    async fn post<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        let request = self
            .authorised(Method::POST, path)
            .body(empty())
            .map_err(|_| broken("a request that can't be written"))?;
        read_answer(self.send(request).await?).await
    }

    fn request(&self, method: Method, path: &str) -> hyper::http::request::Builder {
        Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, format!("127.0.0.1:{}", self.app.port))
    }

    fn authorised(&self, method: Method, path: &str) -> hyper::http::request::Builder {
        self.request(method, path)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.app.token))
    }

    async fn send(&self, request: Request<Body>) -> Result<Response<Incoming>, Failure> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.app.port))
            .await
            .map_err(|error| Failure::io("Can't reach the running app", &error))?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|error| lost(&error))?;
        // It ends when the answer has been read or dropped.
        tokio::spawn(connection);
        sender.send_request(request).await.map_err(|error| lost(&error))
    }
}

/// Events of the running app.
pub(crate) struct RemoteEvents {
    lines: Lines<BufReader<Pin<Box<dyn AsyncRead + Send>>>>,
}

impl RemoteEvents {
    /// The next event; none when the app has ended.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        while let Ok(Some(line)) = self.lines.next_line().await {
            let Some(data) = line.strip_prefix("data:") else { continue };
            // An unknown event of a newer app means: something changed.
            return Some(serde_json::from_str(data.trim_start()).unwrap_or(Event::Lagged));
        }
        None
    }
}

fn reader(response: Response<Incoming>) -> impl AsyncRead + Send {
    let stream = BodyDataStream::new(response.into_body());
    StreamReader::new(TryStreamExt::map_err(stream, io::Error::other))
}

async fn read_answer<T: DeserializeOwned>(response: Response<Incoming>) -> Result<T, Failure> {
    let body = response.into_body().collect().await.map_err(|error| lost(&error))?.to_bytes();
    match serde_json::from_slice(&body) {
        Ok(Answer::Ok(value)) => Ok(value),
        Ok(Answer::Error { code, message, offer }) => {
            Err(Failure::refusal(&code, message, serde_json::from_value(offer).ok().as_ref()))
        }
        Err(_) => Err(broken("something that is no answer")),
    }
}

fn empty() -> Body {
    full(Vec::new())
}

fn full(bytes: Vec<u8>) -> Body {
    Full::new(Bytes::from(bytes)).map_err(|never| match never {}).boxed_unsync()
}

fn percent_encode(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
        encoded
    })
}

fn lost(error: &hyper::Error) -> Failure {
    Failure::new(
        Exit::Failed,
        "app_lost",
        format!("The running app broke off ({error}). See `mnm status`, then try again."),
    )
}

fn broken(what: &str) -> Failure {
    Failure::new(
        Exit::Failed,
        "internal",
        format!(
            "The running app answered with {what}. It may be of another version: stop it with \
             `mnm stop` and start it again."
        ),
    )
}

/// A reply of another kind than the command's, from an app of another version.
pub(crate) fn unexpected(reply: &Reply) -> Failure {
    tracing::debug!(kind = ?std::mem::discriminant(reply), "unexpected reply");
    Failure::new(
        Exit::Failed,
        "internal",
        "The running app gave an answer of the wrong kind. It may be of another version: stop it \
         with `mnm stop` and start it again.",
    )
}
