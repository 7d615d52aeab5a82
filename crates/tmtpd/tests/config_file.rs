//! The configuration file: what it means, what the command line changes about it, what is said of
//! mistakes in it, and that the documented example is the truth.

// Helpers of tests fail as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "config_file/services.rs"]
mod services;

use std::path::{Path, PathBuf};

use tmtpd::config::{
    Config, ConfigError, DaemonConfig, Limits, ListenAddress, LogFormat, LogLevel, Overrides,
    PostPolicy, Tls,
};

/// Resolves `text` as a file of one service, with a command line that only names the data folder.
fn resolve(text: &str) -> Result<Config, String> {
    let over = Overrides { data: Some(PathBuf::from("/data")), ..Overrides::default() };
    let mut config = resolve_with(over, text)?;
    assert_eq!(config.services.len(), 1);
    Ok(config.services.remove(0))
}

fn resolve_with(over: Overrides, text: &str) -> Result<DaemonConfig, String> {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join("tmtpd.toml");
    std::fs::write(&path, text).expect("configuration file");
    let prefix = format!("{}:", path.display());
    DaemonConfig::resolve(over, Some(&path)).map_err(|error| error.to_string().replace(&prefix, ""))
}

fn address(text: &str) -> ListenAddress {
    text.parse().expect("an address")
}

#[test]
fn errors_name_line_key_and_allowed_values() {
    let cases = [
        (
            "# a comment\n[log]\nlevle = \"info\"",
            "3: log.levle: there is no such key; did you mean \"level\"? \
             Allowed in [log]: format, level",
        ),
        (
            "[log]\ncolour = true",
            "2: log.colour: there is no such key. Allowed in [log]: format, level",
        ),
        (
            "[limits]\ncert = \"c.pem\"",
            "2: limits.cert: there is no such key here; it belongs under [tls]",
        ),
        (
            "[limit]\nlinks_total = 5",
            "1: limit: there is no such section; did you mean [limits]? \
             Allowed: [service], [tls], [tls.acme], [limits], [store], [log], [metrics]",
        ),
        ("name = \"here\"", "1: name: stands outside the sections; it belongs under [service]"),
        (
            "colour = 1",
            "1: colour: stands outside the sections; \
             keys stand under one of [service], [tls], [tls.acme], [limits], [store], [log], [metrics]",
        ),
        ("tls = \"on\"", "1: tls: is a section: write [tls] on a line of its own"),
        (
            "[limits]\nlinks_total = \"many\"",
            "2: limits.links_total: expected a whole number from 1 to 1000000, got \"many\"",
        ),
        (
            "[limits]\nlinks_total = 0",
            "2: limits.links_total: expected a whole number from 1 to 1000000, got 0",
        ),
        (
            "[limits]\nlinks_total = -1",
            "2: limits.links_total: expected a whole number from 1 to 1000000, got -1",
        ),
        (
            "[limits]\nlinks_total = 99999999999999999999",
            "2: limits.links_total: expected a whole number from 1 to 1000000, \
             got 99999999999999999999",
        ),
        (
            "[limits]\nlogin_timeout_s = 2.5",
            "2: limits.login_timeout_s: expected a whole number of seconds from 1 to 60, got 2.5",
        ),
        (
            "[limits]\nmessage_bytes_max = \"4 GB\"",
            "2: limits.message_bytes_max: expected a size from 64 KiB to 1 TiB, \
             in bytes or as \"64 MiB\", got \"4 GB\"",
        ),
        (
            "[limits]\nmessage_bytes_max = \"99999999999999 TiB\"",
            "2: limits.message_bytes_max: expected a size from 64 KiB to 1 TiB, \
             in bytes or as \"64 MiB\", got \"99999999999999 TiB\"",
        ),
        (
            "[store]\ncache_bytes = 1024",
            "2: store.cache_bytes: expected a size from 1 MiB to 64 GiB, \
             in bytes or as \"64 MiB\", got 1024",
        ),
        (
            "[service]\nlisten = [\"127.0.0.1:1\",\n  \"localhost\"]",
            "2: service.listen: expected HOST:PORT, such as 0.0.0.0:5050, [::]:5050 or \
             chat.example.org:5050, or a list of them, got \"localhost\"",
        ),
        (
            "[service]\nlisten = []",
            "2: service.listen: expected HOST:PORT, such as 0.0.0.0:5050, [::]:5050 or \
             chat.example.org:5050, or a list of them, got an empty list",
        ),
        (
            "[service]\nname = \"a\\u0007b\"",
            "2: service.name: expected a text of 1 to 100 characters without control characters, \
             got \"a\\u{7}b\"",
        ),
        (
            "[service]\npost_policy = \"all\"",
            "2: service.post_policy: expected one of \"uid\", \"acquainted\", got \"all\"",
        ),
        ("[tls]\n\ncert = \"c.pem\"", "3: tls.cert: needs tls.key, its private key, too"),
        ("[tls]\nkey = \"k.pem\"", "2: tls.key: needs tls.cert, its certificate, too"),
        (
            "[metrics]\nlisten = \"9464\"",
            "2: metrics.listen: expected IP:PORT, such as 127.0.0.1:9464 or [::1]:9464, got \"9464\"",
        ),
        (
            "[metrics]\nlisten = \"0.0.0.0:9464\"",
            "2: metrics.listen: is reachable from other machines, without TLS or a password; \
             listen on 127.0.0.1, or write allow_remote = true if something else keeps strangers away",
        ),
        (
            "[log]\nlevel = [1]",
            "2: log.level: expected one of \"error\", \"warn\", \"info\", \"debug\", \"trace\", got a list",
        ),
    ];
    for (text, expected) in cases {
        let told = resolve(text).expect_err(text);
        assert_eq!(told, expected, "for {text:?}");
    }
}

#[test]
fn toml_syntax_error_names_its_line() {
    for (text, line) in [
        ("[log]\nlevel =", 2),
        ("[log", 1),
        ("[log]\n\nlevel = \"info\"\nlevel = \"warn\"", 4),
        ("[service]\nname = \"never ends\n", 2),
    ] {
        let told = resolve(text).expect_err(text);
        assert!(told.starts_with(&format!("{line}: this is not TOML: ")), "{told}");
        assert_eq!(told.lines().count(), 1, "only the first mistake is sure: {told}");
    }
}

#[test]
fn all_errors_are_reported_in_line_order() {
    let told = resolve("[log]\nlevel = 1\n[limits]\nlinks = 1\nlogin_timeout_s = 0").unwrap_err();
    let lines: Vec<_> =
        told.lines().map(|line| line.split(':').take(2).collect::<String>()).collect();
    assert_eq!(lines, ["2 log.level", "4 limits.links", "5 limits.login_timeout_s"]);
}

#[test]
fn unreadable_file_is_named() {
    let missing = Path::new("/nonexistent/tmtpd.toml");
    let error = DaemonConfig::resolve(Overrides::default(), Some(missing)).unwrap_err();
    let file = "the configuration file /nonexistent/tmtpd.toml cannot be read";
    assert_eq!(error.to_string(), file);
}

#[test]
fn data_folder_is_required() {
    let error = DaemonConfig::resolve(Overrides::default(), None).unwrap_err();
    assert!(matches!(error, ConfigError::NoData));
}

#[test]
fn sizes_numbers_and_addresses_have_several_spellings() {
    let config = resolve(
        "[limits]\nmessage_bytes_max = \"64MiB\"\nin_flight_bytes = 1_048_576\nlinks_total = 0x10\n\
         [service]\nlisten = \"[::1]:7\"\n",
    )
    .unwrap();
    assert_eq!(config.limits.message_bytes_max, 64 << 20);
    assert_eq!(config.limits.in_flight_bytes, 1 << 20);
    assert_eq!(config.limits.links_total, 16);
    assert_eq!(config.service.listen, [address("[::1]:7")]);
}

#[test]
fn command_line_overrides_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tmtpd.toml");
    let file = "[service]\nname = \"file\"\ndata = \"kept\"\nlisten = [\"a:1\", \"b:2\"]\n\
                post_policy = \"acquainted\"\n[tls]\ncert = \"c\"\nkey = \"/k\"\n\
                [log]\nformat = \"json\"\nlevel = \"debug\"\n";
    std::fs::write(&path, file).unwrap();

    let daemon = DaemonConfig::resolve(Overrides::default(), Some(&path)).unwrap();
    let config = &daemon.services[0];
    assert_eq!(config.service.name, "file");
    assert_eq!(config.service.data, folder.path().join("kept"));
    assert_eq!(config.service.listen, [address("a:1"), address("b:2")]);
    assert_eq!(config.service.post_policy, Some(PostPolicy::Acquainted));
    let (cert, key) = (folder.path().join("c"), PathBuf::from("/k"));
    assert_eq!(config.tls, Tls::Files { cert, key });
    assert_eq!((daemon.log.format, daemon.log.level), (LogFormat::Json, LogLevel::Debug));

    let over = Overrides {
        data: Some("given".into()),
        listen: vec![address("c:3")],
        name: Some("line".to_owned()),
        cert_and_key: Some(("x".into(), "y".into())),
        log_format: Some(LogFormat::Text),
        log_level: Some(LogLevel::Error),
    };
    let daemon = DaemonConfig::resolve(over, Some(&path)).unwrap();
    let config = &daemon.services[0];
    assert_eq!(config.service.name, "line");
    assert_eq!(config.service.data, Path::new("given"));
    assert_eq!(config.service.listen, [address("c:3")]);
    assert_eq!(config.service.post_policy, Some(PostPolicy::Acquainted));
    assert_eq!(config.tls, Tls::Files { cert: "x".into(), key: "y".into() });
    assert_eq!((daemon.log.format, daemon.log.level), (LogFormat::Text, LogLevel::Error));
}

#[test]
fn addresses_have_a_host_and_a_port() {
    for good in ["0.0.0.0:5050", "[::]:0", "[2001:db8::1]:65535", "chat.example.org:443", "a_b:1"] {
        assert_eq!(address(good).to_string(), good);
    }
    let bad = [
        "",
        ":",
        ":1",
        "host",
        "host:",
        "host:x",
        "host:+1",
        "host:65536",
        "::1:5050",
        "[::1]",
        "[x]:1",
        "a b:1",
        "h\u{e4}:1",
        "[::1:1",
        "a/b:1",
    ];
    for text in bad {
        assert!(text.parse::<ListenAddress>().is_err(), "{text:?} was taken");
    }
}

const EXAMPLE: &str = include_str!("../../../docs/tmtpd.example.toml");

#[test]
fn example_states_the_defaults() {
    let silent = resolve("").unwrap();
    assert_eq!(resolve(EXAMPLE).unwrap(), silent);
    assert_eq!(silent.limits, Limits::default());
}

#[test]
fn example_holds_every_key_with_its_default_and_range() {
    let mut rest = EXAMPLE;
    for key in DaemonConfig::keys() {
        let start = match &key.default {
            Some(default) => format!("\n# Allowed: {}.\n{} = {default}\n", key.allowed, key.name),
            // Without a default it is shown, but not said.
            None => format!("\n# Allowed: {}.\n#{} = \"", key.allowed, key.name),
        };
        let found = rest.find(&start).unwrap_or_else(|| panic!("missing or misplaced: {start}"));
        let (before, after) = rest.split_at(found + start.len());
        let header = format!("\n[{}]\n", key.section);
        let earlier = EXAMPLE.len() - after.len();
        assert!(EXAMPLE[..earlier].contains(&header), "{} stands before {header}", key.name);
        let described = before[..found].lines().next_back().unwrap_or_default();
        assert!(described.starts_with("# "), "nothing is said of {}", key.name);
        rest = after;
    }
}

#[test]
fn protocol_page_names_every_limit_that_apps_can_reach() {
    const PAGE: &str = include_str!("../../../docs/protocol.md");
    let is_met = |key: &str| {
        let of_apps =
            ["_per_member", "_per_hour", "_per_day", "_per_second", "_per_minute", "_max"];
        of_apps.iter().any(|end| key.ends_with(end))
    };
    for key in DaemonConfig::keys() {
        if key.section == "limits" && is_met(key.name) {
            let said = PAGE.contains(&format!("`{}`", key.name));
            assert!(said, "nothing is said of {}", key.name);
        }
    }
    let rows = PAGE.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    for (name, rest) in rows {
        let limit = DaemonConfig::keys().into_iter().find(|key| key.name == name);
        let Some(default) = limit.and_then(|key| key.default.clone()) else { continue };
        let said = rest.split(" |").next().unwrap_or_default().replace(',', "");
        assert_eq!(said, default, "{name}");
    }
}

#[test]
fn commented_example_values_are_valid() {
    let shown = |but_not: [&str; 2]| -> String {
        EXAMPLE
            .lines()
            .map(|line| match line.strip_prefix('#') {
                Some(shown) if but_not.iter().any(|key| shown.starts_with(key)) => "\n".to_owned(),
                Some(shown) if !shown.starts_with(' ') => format!("{shown}\n"),
                _ => format!("{line}\n"),
            })
            .collect()
    };
    let config = resolve(&shown(["hosts", "hosts"])).unwrap();
    assert_eq!(config.service.name, "Example Ltd");
    assert!(matches!(config.tls, Tls::Files { .. }));
    let config = resolve(&shown(["cert", "key"])).unwrap();
    assert!(matches!(config.tls, Tls::Acme(_)));
}
