//! Tests of the loopback server's refusals, row by row, against the real program: it trusts nobody.

use std::io::Read as _;

use crate::raw::{KEY, Server};

const STATE: &[u8] = br#"{"cmd":"state"}"#;
const JSON: (&str, &str) = ("Content-Type", "application/json");

#[test]
fn nothing_private_is_served_without_a_secret() {
    let server = Server::start();
    let cookie = format!("mnm_{}={}", server.port, "A".repeat(43));
    let wrong = ["Bearer", "Page"].map(|kind| format!("{kind} {}", "A".repeat(43)));
    let hello = format!("Hello {0}.{0}", "A".repeat(43));
    let lines = [
        "GET /api/events HTTP/1.1",
        "GET /api/notices HTTP/1.1",
        "GET /api/hello HTTP/1.1",
        "GET /api/attachments/1 HTTP/1.1",
        "GET /api/attachments/1?pass= HTTP/1.1",
        "GET /api/ HTTP/1.1",
        "GET /api HTTP/1.1",
        "POST /api/command HTTP/1.1",
        "POST /api/drafts/1/attachments?name=a HTTP/1.1",
        "POST /api/url HTTP/1.1",
        "POST /api/stop HTTP/1.1",
        "OPTIONS /api/command HTTP/1.1",
    ];
    let origin = format!("http://{}", server.host());
    let nothing: [&[(&str, &str)]; 5] = [
        &[],
        &[("Cookie", &cookie)],
        &[("Authorization", &wrong[0])],
        &[("Authorization", &wrong[1])],
        &[("Authorization", &hello)],
    ];
    for line in lines {
        for secrets in nothing {
            let headers: Vec<_> =
                secrets.iter().copied().chain([JSON, ("Origin", &origin)]).collect();
            let answer = server.send(line, &headers, STATE);
            assert_eq!(answer.status, 401, "{line} {secrets:?}: {answer:?}");
            assert!(!answer.text().contains("\"ok\""), "{line}: {}", answer.text());
        }
    }
    // The pages' own files hold nothing of anybody's.
    assert_eq!(server.send("GET / HTTP/1.1", &[], b"").status, 200);
    assert_eq!(server.send("GET /nowhere HTTP/1.1", &[], b"").status, 404);
    // They ended nothing and used nothing up.
    assert_eq!(server.page_command(&server.page(), STATE).status, 200);
}

#[test]
fn foreign_host_headers_are_refused() {
    let server = Server::start();
    let (page, port, host) = (server.page(), server.port, server.host());
    let refused = [
        "evil.example".to_owned(),
        format!("evil.example:{port}"),
        format!("127.0.0.1.evil.example:{port}"),
        "127.0.0.1".to_owned(),
        "localhost".to_owned(),
        format!("127.0.0.1:{}", port ^ 1),
        format!("127.0.0.2:{port}"),
        format!("[::1]:{port}"),
        format!("0.0.0.0:{port}"),
        format!("LOCALHOST.:{port}"),
        String::new(),
    ];
    for wrong in &refused {
        for line in ["GET / HTTP/1.1", "GET /?token=x HTTP/1.1", "GET /api/hello HTTP/1.1"] {
            let headers = [("Host", wrong.as_str()), ("Authorization", page.as_str())];
            let answer = server.send_exactly(line, &headers, b"");
            assert_eq!(answer.status, 421, "{wrong:?} {line}: {answer:?}");
        }
    }
    let two = [("Host", host.as_str()), ("Host", "evil.example"), ("Authorization", &page)];
    assert_eq!(server.send_exactly("GET / HTTP/1.1", &two, b"").status, 421);
    let none = server.send_exactly("GET / HTTP/1.1", &[("Authorization", &page)], b"");
    assert!(matches!(none.status, 400 | 421), "{none:?}");
    let absolute = "GET http://evil.example/ HTTP/1.1";
    assert_eq!(server.send(absolute, &[("Authorization", &page)], b"").status, 421);

    let localhost = format!("localhost:{port}");
    let headers = [("Host", localhost.as_str()), ("Authorization", &page)];
    assert_eq!(server.send_exactly("GET / HTTP/1.1", &headers, b"").status, 200);
}

#[test]
fn cross_site_requests_are_refused() {
    let server = Server::start();
    let (page, port) = (server.page(), server.port);
    let own = format!("http://127.0.0.1:{port}");
    let foreign = [
        "http://evil.example".to_owned(),
        "null".to_owned(),
        String::new(),
        format!("https://127.0.0.1:{port}"),
        format!("http://127.0.0.1:{}", port ^ 1),
        format!("http://localhost:{port}"), // ours, but not the host that was asked
        format!("{own}.evil.example"),
        format!("{own}/"),
    ];
    let attempts = ["POST /api/command HTTP/1.1", "GET /api/events HTTP/1.1", "GET / HTTP/1.1"];
    for line in attempts {
        for origin in &foreign {
            let headers = [("Authorization", page.as_str()), JSON, ("Origin", origin)];
            assert_eq!(server.send(line, &headers, STATE).status, 403, "{line} {origin:?}");
        }
    }
    type Row<'a> = (&'a str, &'a [(&'a str, &'a str)], u16);
    let rows: [Row<'_>; 8] = [
        ("POST /api/command HTTP/1.1", &[], 403),
        ("POST /api/command HTTP/1.1", &[("Sec-Fetch-Site", "cross-site")], 403),
        ("POST /api/command HTTP/1.1", &[("Sec-Fetch-Site", "same-site")], 403),
        ("POST /api/command HTTP/1.1", &[("Sec-Fetch-Site", "none")], 403),
        ("POST /api/command HTTP/1.1", &[("Sec-Fetch-Site", "same-origin")], 200),
        ("POST /api/command HTTP/1.1", &[("Origin", &own)], 200),
        ("GET /api/attachments/1 HTTP/1.1", &[("Sec-Fetch-Site", "cross-site")], 403),
        ("GET /api/events HTTP/1.1", &[("Sec-Fetch-Site", "same-site")], 403),
    ];
    for (line, more, expected) in rows {
        let headers: Vec<_> = [("Authorization", page.as_str()), JSON]
            .into_iter()
            .chain(more.iter().copied())
            .collect();
        assert_eq!(server.send(line, &headers, STATE).status, expected, "{line} {more:?}");
    }
}

#[test]
fn the_bearer_is_for_the_command_line_only() {
    let server = Server::start();
    let (page, bearer) = (server.page(), format!("Bearer {}", server.bearer()));
    let own = format!("http://{}", server.host());
    let command = "POST /api/command HTTP/1.1";
    let authorised = [("Authorization", bearer.as_str()), JSON];
    assert_eq!(server.send(command, &authorised, STATE).status, 200);

    for line in ["POST /api/url HTTP/1.1", "POST /api/stop HTTP/1.1"] {
        let page = [("Authorization", page.as_str()), ("Origin", &own)];
        assert_eq!(server.send(line, &page, b"").status, 403, "{line}");
    }
    let wrong =
        [("Authorization", "Bearer wrong"), ("Authorization", &page), ("Origin", &own), JSON];
    assert_eq!(server.send(command, &wrong, STATE).status, 401);
    let foreign = [("Authorization", bearer.as_str()), ("Origin", "http://evil.example"), JSON];
    assert_eq!(server.send(command, &foreign, STATE).status, 403);

    let fresh = server.send("POST /api/url HTTP/1.1", &[("Authorization", &bearer)], b"");
    let fresh: serde_json::Value = serde_json::from_slice(&fresh.body).unwrap();
    let token = fresh["ok"]["url"].as_str().unwrap().split_once("token=").unwrap().1.to_owned();
    let body = format!(r#"{{"token":"{token}","key":"{KEY}","label":"Another"}}"#);
    assert_eq!(server.ask_browser("register", &body).status, 200);
}

#[test]
fn invalid_commands_are_refused() {
    let server = Server::start();
    let page = server.page();
    let own = format!("http://{}", server.host());
    let send = |kind: &str, body: &[u8]| {
        let headers = [("Authorization", page.as_str()), ("Origin", &own), ("Content-Type", kind)];
        server.send("POST /api/command HTTP/1.1", &headers, body).status
    };
    assert_eq!(send("application/json", STATE), 200);
    assert_eq!(send("Application/JSON; charset=utf-8", STATE), 200);
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""] {
        assert_eq!(send(kind, STATE), 415, "{kind:?}");
    }
    let bad: [&[u8]; 6] = [
        b"",
        b"{",
        b"[]",
        br#"{"cmd":"no_such"}"#,
        br#"{"cmd":"threads","account":1,"surprise":true}"#,
        b"{\"cmd\":\"preview\",\"text\":\"\xff\"}",
    ];
    for body in bad {
        assert_eq!(send("application/json", body), 400, "{}", String::from_utf8_lossy(body));
    }
    // A refusal by the engine is an answer.
    let refused = server.page_command(&page, br#"{"cmd":"thread","thread":99}"#);
    let answer: serde_json::Value = serde_json::from_slice(&refused.body).unwrap();
    assert_eq!((refused.status, &answer["error"]["code"]), (200, &"not_found".into()));
}

#[test]
fn sizes_are_limited() {
    let server = Server::start();
    let page = server.page();
    let text = "a".repeat(2 * 1024 * 1024);
    let large = format!(r#"{{"cmd":"preview","text":"{text}"}}"#);
    assert_eq!(server.page_command(&page, large.as_bytes()).status, 413);

    let own = format!("http://{}", server.host());
    let page = [("Authorization", page.as_str()), ("Origin", own.as_str())];
    let upload = |name: &str, length: &str| {
        let headers: Vec<_> = page.into_iter().chain([("Content-Length", length)]).collect();
        let line = format!("POST /api/drafts/1/attachments?name={name} HTTP/1.1");
        server.send(&line, &headers, b"").status
    };
    assert_eq!(upload("a", "4294967297"), 413);
    assert_eq!(upload("", "0"), 400);
    assert_eq!(upload(&"a".repeat(1025), "0"), 400);

    let long = "a".repeat(1024 * 1024);
    let head = server.send("GET / HTTP/1.1", &[("X-Long", &long)], b"");
    assert!(matches!(head.status, 0 | 431), "{}", head.status);
}

#[test]
fn paths_cannot_escape_the_pages() {
    let server = Server::start();
    let page = server.page();
    for path in [
        "/assets/../index.html",
        "/assets/%2e%2e/index.html",
        "/../../../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "//etc/passwd",
        "/assets//",
        "/assets",
        "/index.html%00.js",
        "/..%5capp.json",
        "/app.json",
        "/api/",
        "/api/attachments/../../app.json",
    ] {
        let line = format!("GET {path} HTTP/1.1");
        let answer = server.send(&line, &[("Authorization", &page)], b"");
        assert!(matches!(answer.status, 400 | 404), "{path}: {}", answer.status);
    }
    let not_a_number =
        server.send("GET /api/attachments/x HTTP/1.1", &[("Authorization", &page)], b"");
    assert_eq!(not_a_number.status, 400);
    let missing = server.send("GET /api/attachments/99 HTTP/1.1", &[("Authorization", &page)], b"");
    assert_eq!(missing.status, 404);
}

#[test]
fn wrong_methods_are_refused() {
    let server = Server::start();
    let page = server.page();
    let own = format!("http://{}", server.host());
    let page = [("Authorization", page.as_str()), ("Origin", own.as_str())];
    for line in [
        "GET /api/command HTTP/1.1",
        "PUT /api/command HTTP/1.1",
        "POST /api/events HTTP/1.1",
        "DELETE /api/attachments/1 HTTP/1.1",
        "GET /api/url HTTP/1.1",
        "GET /api/stop HTTP/1.1",
        "GET /api/drafts/1/attachments?name=a HTTP/1.1",
        "POST / HTTP/1.1",
        "PUT /index.html HTTP/1.1",
        "TRACE / HTTP/1.1",
    ] {
        assert_eq!(server.send(line, &page, b"").status, 405, "{line}");
    }
}

#[test]
fn every_answer_carries_the_protective_headers() {
    let server = Server::start();
    let page = server.page();
    let with = [("Authorization", page.as_str())];
    let answers = [
        server.send("GET / HTTP/1.1", &with, b""),
        server.send("GET / HTTP/1.1", &[], b""),
        server.send("GET /nowhere HTTP/1.1", &with, b""),
        server.send("GET /api/attachments/99 HTTP/1.1", &with, b""),
        server.send("POST /api/command HTTP/1.1", &with, b""),
        server.send_exactly("GET / HTTP/1.1", &[("Host", "evil.example")], b""),
        server.page_command(&page, STATE),
    ];
    for answer in answers {
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        let fixed = [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ];
        for (name, value) in fixed {
            assert_eq!(answer.header(name), Some(value), "{answer:?}");
        }
        assert!(answer.header("cache-control").is_some(), "{answer:?}");
        assert!(answer.header("access-control-allow-origin").is_none(), "{answer:?}");
    }
}

#[test]
fn events_end_when_the_app_ends() {
    let mut server = Server::start();
    let page = server.page();
    let (head, mut events) = server.events(&page);
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(head.contains("content-type: text/event-stream"), "{head}");
    assert!(server.app.stop().unwrap().success());
    events.read_to_end(&mut Vec::new()).unwrap();
    assert!(!server.app.home().join("app.json").exists());
}
