//! Requests as they stand on the wire, so that a test can send what no well-behaved client would.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use tmtp_testkit::process::AppProcess;

/// A running app, and how to talk to its port.
pub(crate) struct Server {
    pub(crate) app: AppProcess,
    pub(crate) port: u16,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Server {
    /// Starts an app on an empty home.
    pub(crate) fn start() -> Self {
        let mut app = AppProcess::new().unwrap();
        let url = app.start().unwrap().to_owned();
        let port = url.split(['/', ':']).nth(4).unwrap().parse().unwrap();
        Self { app, port }
    }

    /// The token of the address that the app printed.
    pub(crate) fn token(&self) -> String {
        self.app.url().split_once("token=").unwrap().1.to_owned()
    }

    /// Uses up that token; gives the cookie as `name=value`.
    pub(crate) fn cookie(&self) -> String {
        let opened = self.send(&format!("GET /?token={} HTTP/1.1", self.token()), &[], b"");
        assert_eq!(opened.status, 303, "{opened:?}");
        opened.header("set-cookie").unwrap().split(';').next().unwrap().to_owned()
    }

    /// The command line's secret.
    pub(crate) fn bearer(&self) -> String {
        let text = std::fs::read(self.app.home().join("app.json")).unwrap();
        let app: serde_json::Value = serde_json::from_slice(&text).unwrap();
        app["token"].as_str().unwrap().to_owned()
    }

    /// The right `Host`.
    pub(crate) fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Sends with the right `Host`.
    pub(crate) fn send(&self, line: &str, headers: &[(&str, &str)], body: &[u8]) -> Response {
        let host = self.host();
        let all: Vec<_> =
            [("Host", host.as_str())].into_iter().chain(headers.iter().copied()).collect();
        self.send_exactly(line, &all, body)
    }

    /// Sends these headers and no other `Host`.
    pub(crate) fn send_exactly(
        &self,
        line: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Response {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let mut request = format!("{line}\r\nConnection: close\r\n");
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        if !headers.iter().any(|(name, _)| *name == "Content-Length") && !body.is_empty() {
            request.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        request.push_str("\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        // A server that refuses early closes while we still send.
        let _ = stream.write_all(body);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        Response::parse(&answer)
    }

    /// A command as a page sends it.
    pub(crate) fn page_command(&self, cookie: &str, body: &[u8]) -> Response {
        let origin = format!("http://{}", self.host());
        let headers =
            [("Cookie", cookie), ("Origin", &origin), ("Content-Type", "application/json")];
        self.send("POST /api/command HTTP/1.1", &headers, body)
    }
}

impl Response {
    fn parse(answer: &[u8]) -> Self {
        let end =
            answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(answer.len());
        let head = String::from_utf8(answer[..end].to_vec()).unwrap();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        let body = answer.get(end + 4..).unwrap_or_default().to_vec();
        Self { status, head, body }
    }

    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}
