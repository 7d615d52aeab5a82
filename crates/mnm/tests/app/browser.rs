//! Browsers that were let in: how they come back, and what whoever stands in between gets.

use std::io::Read as _;
use std::net::{Ipv4Addr, TcpListener, TcpStream};

use aws_lc_rs::hmac;
use data_encoding::BASE64URL_NOPAD;
use tmtp_testkit::process::AppProcess;

use crate::raw::{Browser, KEY, Response, Server};

const STATE: &[u8] = br#"{"cmd":"state"}"#;
const NONCE: &str = "CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk";
const APP: &[u8] = b"mnm app here\n";
const BROWSER: &[u8] = b"mnm browser!\n";

/// What a proof must be, computed apart from the app.
fn proof(side: &[u8], port: u16, ours: &str) -> String {
    let decoded = |text: &str| BASE64URL_NOPAD.decode(text.as_bytes()).unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA256, &decoded(KEY));
    let said = [side, &port.to_be_bytes(), &decoded(NONCE), &decoded(ours)].concat();
    BASE64URL_NOPAD.encode(hmac::sign(&key, &said).as_ref())
}

fn field(answer: &Response, name: &str) -> String {
    let answer: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    answer["ok"][name].as_str().unwrap().to_owned()
}

/// The app's random bytes and its proof.
fn hello(server: &Server, browser: i64) -> (String, String) {
    let body = format!(r#"{{"browser":{browser},"nonce":"{NONCE}"}}"#);
    let answer = server.ask_browser("hello", &body);
    assert_eq!(answer.status, 200, "{answer:?}");
    (field(&answer, "nonce"), field(&answer, "proof"))
}

fn enter(server: &Server, nonce: &str, proof: &str) -> Response {
    server.ask_browser("enter", &format!(r#"{{"nonce":"{nonce}","proof":"{proof}"}}"#))
}

#[test]
fn a_token_lets_one_browser_in() {
    let server = Server::start();
    let token = server.token();
    let register = |token: &str| {
        let body = format!(r#"{{"token":"{token}","key":"{KEY}","label":"Test"}}"#);
        server.ask_browser("register", &body)
    };
    assert_eq!(register("").status, 401);
    assert_eq!(register(&token.replace(|_| true, "A")).status, 401);
    // Loading the page uses nothing up and gives nothing away; there is no cookie.
    let opened = server.send(&format!("GET /?token={token} HTTP/1.1"), &[], b"");
    assert_eq!((opened.status, opened.header("set-cookie")), (200, None));
    let foreign = [("Origin", "http://evil.example"), ("Content-Type", "application/json")];
    let body = format!(r#"{{"token":"{token}","key":"{KEY}","label":"Test"}}"#);
    let line = "POST /api/browser/register HTTP/1.1";
    assert_eq!(server.send(line, &foreign, body.as_bytes()).status, 403);
    assert_eq!(server.send(line, &foreign[1..], body.as_bytes()).status, 403);

    let browser = Browser::from(&register(&token));
    assert_eq!(server.page_command(&browser.page, STATE).status, 200);
    assert_eq!(register(&token).status, 401, "it is used up");
}

#[test]
fn a_known_browser_comes_back_after_a_restart_and_nobody_else_does() {
    let mut server = Server::start();
    let (browser, port) = (server.register(), server.port);
    assert!(server.app.stop().unwrap().success());
    server.restart();
    assert_eq!(server.port, port, "the port is the home's");
    assert_eq!(server.page_command(&browser.page, STATE).status, 401, "a page's secret is a run's");

    let (nonce, shown) = hello(&server, browser.id);
    assert_eq!(shown, proof(APP, port, &nonce));
    // Neither the app's own proof nor one made for another port is the browser's.
    assert_eq!(enter(&server, &nonce, &shown).status, 401);
    let (nonce, _) = hello(&server, browser.id);
    assert_eq!(enter(&server, &nonce, &proof(BROWSER, port ^ 1, &nonce)).status, 401);
    let (nonce, _) = hello(&server, browser.id);
    let right = proof(BROWSER, port, &nonce);
    let entered = enter(&server, &nonce, &right);
    let page = format!("Page {}", field(&entered, "page"));
    assert_eq!(server.page_command(&page, STATE).status, 200);
    // Whoever has recorded all of it can do nothing with it.
    assert_eq!(enter(&server, &nonce, &right).status, 401);
    let stranger = format!(r#"{{"browser":{},"nonce":"{NONCE}"}}"#, browser.id + 1);
    assert_eq!(server.ask_browser("hello", &stranger).status, 401);
}

#[test]
fn a_browser_that_is_shut_out_stays_out() {
    let mut server = Server::start();
    let browser = server.register();
    let mut events = TcpStream::connect((Ipv4Addr::LOCALHOST, server.port)).unwrap();
    let request = format!(
        "GET /api/events HTTP/1.1\r\nHost: {}\r\nAuthorization: {}\r\nConnection: close\r\n\r\n",
        server.host(),
        browser.page
    );
    std::io::Write::write_all(&mut events, request.as_bytes()).unwrap();
    let mut first = [0; 15];
    events.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 200 OK");

    let listed = server.app.json(&["browsers"]).unwrap();
    assert_eq!(listed[0]["label"], "Test, Linux");
    server.app.ok(&["browsers", "--revoke", &browser.id.to_string()]).unwrap();
    assert_eq!(server.app.json(&["browsers"]).unwrap(), serde_json::json!([]));
    // What it listens to ends, and its page can do nothing any more.
    events.read_to_end(&mut Vec::new()).unwrap();
    assert_eq!(server.page_command(&browser.page, STATE).status, 401);
    let body = format!(r#"{{"browser":{},"nonce":"{NONCE}"}}"#, browser.id);
    assert_eq!(server.ask_browser("hello", &body).status, 401);
    assert!(server.app.stop().unwrap().success());
    server.restart();
    assert_eq!(server.ask_browser("hello", &body).status, 401);
}

#[test]
fn the_address_of_an_attachment_carries_a_secret_for_that_only() {
    let server = Server::start();
    let browser = server.register();
    let get = |pass: &str| {
        let line = format!("GET /api/attachments/99?inline=1&pass={pass} HTTP/1.1");
        server.send(&line, &[("Sec-Fetch-Site", "same-origin")], b"").status
    };
    assert_eq!(get(&browser.files), 404, "let in, but there is none");
    assert_eq!(get(""), 401);
    assert_eq!(get(browser.page.trim_start_matches("Page ")), 401);
    let as_page = format!("Page {}", browser.files);
    assert_eq!(server.page_command(&as_page, STATE).status, 401);
    let elsewhere = format!("GET /api/events?pass={} HTTP/1.1", browser.files);
    assert_eq!(server.send(&elsewhere, &[], b"").status, 401);
}

#[test]
fn nothing_of_another_program_is_kept_or_confirmed() {
    let server = Server::start();
    for line in ["GET /sw.js HTTP/1.1", "GET / HTTP/1.1", "GET /api/attachments/1 HTTP/1.1"] {
        let headers = [("Service-Worker", "script"), ("Sec-Fetch-Site", "same-origin")];
        let script = server.send(line, &headers, b"");
        assert_eq!(script.status, 200, "{line}");
        assert_eq!(script.header("content-type"), Some("text/javascript; charset=utf-8"));
        assert_eq!(script.header("service-worker-allowed"), Some("/"));
        assert_eq!(script.header("cache-control"), Some("no-store"));
        assert!(String::from_utf8_lossy(&script.body).contains("registration.unregister()"));
    }
    let page = server.send("GET / HTTP/1.1", &[("If-None-Match", "*")], b"");
    assert_eq!((page.status, page.header("etag")), (200, None));
    assert_eq!(page.header("cache-control"), Some("no-store"));
}

#[test]
fn browsers_are_forgotten_after_another_program_had_the_port() {
    let mut server = Server::start();
    let browser = server.register();
    assert!(server.app.stop().unwrap().success());
    let squatter = TcpListener::bind((Ipv4Addr::LOCALHOST, server.port)).unwrap();
    server.restart();
    assert_eq!(server.app.json(&["browsers"]).unwrap(), serde_json::json!([]));
    assert!(server.app.stop().unwrap().success());
    drop(squatter);
    server.restart();
    let asked = format!(r#"{{"browser":{},"nonce":"{NONCE}"}}"#, browser.id);
    assert_eq!(server.ask_browser("hello", &asked).status, 401);
}

#[test]
fn a_port_that_is_taken_is_told_and_kept_for_the_next_run() {
    let mut app = AppProcess::new().unwrap();
    let port = |url: &str| url.split(['/', ':']).nth(4).unwrap().parse::<u16>().unwrap();
    let own = port(app.start().unwrap());
    assert!((20_000..32_000).contains(&own), "{own}");
    assert!(app.stop().unwrap().success());

    let squatter = TcpListener::bind((Ipv4Addr::LOCALHOST, own)).unwrap();
    let other = port(app.start().unwrap());
    assert_ne!(other, own);
    let told = std::fs::read_to_string(app.log_file()).unwrap();
    assert!(told.contains(&format!("Another program uses port {own}")), "{told}");
    assert!(app.stop().unwrap().success());
    drop(squatter);
    assert_eq!(port(app.start().unwrap()), own);

    let mut second = AppProcess::new().unwrap();
    assert_ne!(port(second.start().unwrap()), own, "two homes never share one");
}
