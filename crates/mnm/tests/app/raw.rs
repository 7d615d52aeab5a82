//! Requests as they stand on the wire, so that a test can send what no well-behaved client would.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use tmtp_testkit::process::AppProcess;

/// A running app, and how to talk to its port.
pub(crate) struct Server {
    pub(crate) app: AppProcess,
    pub(crate) port: u16,
}

/// The key of the test's browser, 32 times 7, as text.
pub(crate) const KEY: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc";

/// A browser that was let in.
#[derive(Debug)]
pub(crate) struct Browser {
    pub(crate) id: i64,
    /// The value of `Authorization`.
    pub(crate) page: String,
    /// The secret in the addresses of attachments.
    pub(crate) files: String,
}

impl Browser {
    pub(crate) fn from(answer: &Response) -> Self {
        let answer: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        let text = |name: &str| answer["ok"][name].as_str().unwrap().to_owned();
        let id = answer["ok"]["browser"].as_i64().unwrap();
        Self { id, page: format!("Page {}", text("page")), files: text("files") }
    }
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
        Self::start_on(AppProcess::new().unwrap())
    }

    /// Starts this app.
    pub(crate) fn start_on(mut app: AppProcess) -> Self {
        let url = app.start().unwrap().to_owned();
        let port = url.split(['/', ':']).nth(4).unwrap().parse().unwrap();
        Self { app, port }
    }

    /// Starts it again on the same home.
    pub(crate) fn restart(&mut self) {
        let url = self.app.start().unwrap().to_owned();
        self.port = url.split(['/', ':']).nth(4).unwrap().parse().unwrap();
    }

    /// The token of the address that the app printed.
    pub(crate) fn token(&self) -> String {
        self.app.url().split_once("token=").unwrap().1.to_owned()
    }

    /// Lets a browser in with that token.
    pub(crate) fn register(&self) -> Browser {
        let token = self.token();
        let body = format!(r#"{{"token":"{token}","key":"{KEY}","label":"Test, Linux"}}"#);
        let answer = self.ask_browser("register", &body);
        assert_eq!(answer.status, 200, "{answer:?}");
        Browser::from(&answer)
    }

    /// A step of a browser that wants to be recognised.
    pub(crate) fn ask_browser(&self, step: &str, body: &str) -> Response {
        let origin = format!("http://{}", self.host());
        let headers = [("Origin", origin.as_str()), ("Content-Type", "application/json")];
        self.send(&format!("POST /api/browser/{step} HTTP/1.1"), &headers, body.as_bytes())
    }

    /// Lets a browser in; gives the value of its pages' `Authorization`.
    pub(crate) fn page(&self) -> String {
        self.register().page
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

    /// Listens to the events of a page; the head of the answer, and what reads the rest of it.
    pub(crate) fn events(&self, page: &str) -> (String, BufReader<TcpStream>) {
        self.stream("/api/events", page)
    }

    /// As [`Self::events`], at another path.
    pub(crate) fn stream(&self, path: &str, page: &str) -> (String, BufReader<TcpStream>) {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let host = self.host();
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {page}\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let (mut head, mut reader) = (String::new(), BufReader::new(stream));
        while !head.ends_with("\r\n\r\n") {
            assert!(reader.read_line(&mut head).unwrap() > 0, "{head}");
        }
        (head, reader)
    }

    /// A command as a page sends it.
    pub(crate) fn page_command(&self, page: &str, body: &[u8]) -> Response {
        let origin = format!("http://{}", self.host());
        let headers =
            [("Authorization", page), ("Origin", &origin), ("Content-Type", "application/json")];
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
