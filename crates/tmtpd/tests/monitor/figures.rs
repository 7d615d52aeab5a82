//! Tests of the metrics: they follow what members do, and say nothing of who they are.

use tmtp_testkit::peer::RawPeer;
use tmtp_testkit::process::{SITE, ServiceProcess};

use crate::exposition::Page;
use crate::http::{CONFIG, address, ask, get};

fn page(address: &str) -> Page {
    let (status, text) = get(address, "/metrics");
    assert_eq!(status, 200, "{text}");
    Page::parse(&text)
}

/// Reads the page until a figure has the value.
fn page_with(address: &str, key: &str, value: f64) -> Page {
    page_until(address, |page| page.of(key) == value)
}

fn page_until(address: &str, is_so: impl Fn(&Page) -> bool) -> Page {
    loop {
        let page = page(address);
        if is_so(&page) {
            return page;
        }
    }
}

#[tokio::test]
async fn metrics_count_and_name_no_member() {
    let service = ServiceProcess::start_with(CONFIG, &[]).unwrap();
    let address = address(&service.log_file());
    let of = |name: &str| format!("{name}{{service=\"{SITE}\"}}");
    let before = page(&address);
    assert_eq!(before.of(&of("tmtpd_members")), 0.0);
    // The service's own certificate is good for ten years, so beyond the year 2033.
    assert!(before.of(&of("tmtpd_certificate_expiry_timestamp_seconds")) > 2e9);

    let (mut ada, ada_uid, _) = RawPeer::join(service.address(), "ada lovelace").await.unwrap();
    let (mut bob, bob_uid, _) = RawPeer::join(service.address(), "bob babbage").await.unwrap();
    ada.post(&[&bob_uid], b"CONTENT").await.unwrap();
    bob.expect_op("delivery").await.unwrap();
    let at_once = page_with(&address, &of("tmtpd_owed_messages"), 1.0);
    assert_eq!(at_once.of(&of("tmtpd_members")), 2.0);
    assert_eq!(at_once.of(&of("tmtpd_devices_online")), 2.0);
    assert_eq!(at_once.of(&of("tmtpd_links_open")), 2.0);
    assert_eq!(at_once.of(&of("tmtpd_logins_total")), 2.0);
    assert_eq!(at_once.of(&of("tmtpd_registrations_total")), 2.0);
    assert_eq!(at_once.of(&of("tmtpd_posts_total")), 1.0);
    assert_eq!(at_once.of(&of("tmtpd_owed_deliveries")), 1.0);
    assert!(at_once.of(&of("tmtpd_owed_bytes")) > 7.0);
    assert!(at_once.of(&of("tmtpd_commit_seconds_count")) >= 3.0);

    page_until(&address, |page| page.of(&of("tmtpd_checkpoint_seconds_count")) >= 1.0);

    let error = ada.post(&["2222222222222222222222222222222"], b"x").await.unwrap_err();
    assert!(error.to_string().contains("unknown"), "{error}");
    bob.quit().await.unwrap();
    ada.drop_link();
    let after = page_with(&address, &of("tmtpd_links_open"), 0.0);
    let refused = format!("tmtpd_requests_refused_total{{service=\"{SITE}\",rule=\"unknown\"}}");
    assert_eq!(after.of(&refused), 1.0);
    for reason in ["logout", "closed"] {
        let ended = format!("tmtpd_links_ended_total{{service=\"{SITE}\",reason=\"{reason}\"}}");
        let broken = format!("tmtpd_links_ended_total{{service=\"{SITE}\",reason=\"broken\"}}");
        // A peer that is gone without a word is seen as either.
        assert!(after.of(&ended) == 1.0 || after.of(&broken) == 1.0, "{after:?}");
    }
    assert!(after.of("tmtpd_connections_accepted_total") >= 2.0);
    assert!(after.of("process_resident_memory_bytes") > 1_000_000.0);

    let (_, text) = get(&address, "/metrics");
    for secret in [&ada_uid[..8], &bob_uid[..8], "ada", "babbage", "CONTENT"] {
        assert!(!text.contains(secret), "{secret} is in {text}");
    }
}

#[test]
fn service_name_is_escaped_in_metrics() {
    let config = format!("{CONFIG}[service]\nname = 'The \"Back\\slash\" Club'\n");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tmtpd.toml");
    std::fs::write(&file, format!("{config}data = \"data\"\nlisten = \"127.0.0.1:0\"\n")).unwrap();
    let log = folder.path().join("log");
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_tmtpd"))
        .args(["serve", "--config", file.to_str().unwrap()])
        .stdout(std::process::Stdio::piped())
        .stderr(std::fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let mut ready = String::new();
    let stdout = child.stdout.as_mut().unwrap();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut ready).unwrap();
    let page = page(&address(&log));
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(page.of("tmtpd_healthy{service=\"The \\\"Back\\\\slash\\\" Club\"}"), 1.0);
}

#[test]
fn other_http_requests_are_refused() {
    let service = ServiceProcess::start_with(CONFIG, &[]).unwrap();
    let address = address(&service.log_file());
    let post = "POST /metrics HTTP/1.1\r\nHost: here\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(ask(&address, post).0, 405);
    assert_eq!(get(&address, "/").0, 404);
    assert_eq!(get(&address, "/metrics/../healthz").0, 404);
    assert_eq!(ask(&address, "nonsense\r\n\r\n").0, 400);
    let (status, head, _) = ask(&address, "GET /metrics HTTP/1.1\r\nHost: here\r\n\r\n");
    assert_eq!(status, 200);
    assert!(head.contains("content-type: text/plain; version=0.0.4; charset=utf-8"), "{head}");
}
