//! Several services in one file: what each inherits, and what they must not have in common.

use std::path::Path;

use tmtpd::config::{Acme, DaemonConfig, Overrides, PostPolicy, Tls};

use crate::resolve_with;

const EXAMPLE: &str = include_str!("../../../../docs/tmtpd.services.example.toml");

fn several(text: &str) -> Result<DaemonConfig, String> {
    resolve_with(Overrides::default(), text)
}

/// Two services at these addresses; the further lines go to the first and the second.
fn two(listen: [&str; 2], more: [&str; 2]) -> String {
    let one = |name: &str, listen: &str, more: &str| {
        format!(
            "[[service]]\nname = \"{name}\"\ndata = \"{name}\"\nlisten = \"{listen}\"\n{more}\n"
        )
    };
    one("a", listen[0], more[0]) + &one("b", listen[1], more[1])
}

#[test]
fn example_of_several_services_is_valid() {
    let config = several(EXAMPLE).unwrap();
    let [rowing, chess, choir] = config.services.as_slice() else { panic!("{config:?}") };
    assert_eq!(rowing.service.data, Path::new("/var/lib/tmtpd/rowing"));
    assert!(rowing.service.default && !chess.service.default);
    assert_eq!(chess.service.server_names, ["chess.example.org", "www.chess.example.org"]);
    assert_eq!(chess.service.post_policy, Some(PostPolicy::Acquainted));
    assert_eq!(rowing.service.post_policy, None);
    let links = [rowing, chess, choir].map(|one| one.limits.links_total);
    assert_eq!(links, [2_000, 500, 2_000]);
    assert_eq!(config.unrouted.links_total, 2_000);
    assert_eq!(rowing.tls, Tls::SelfSigned);
    let Tls::Acme(Acme { hosts, contact, .. }) = &chess.tls else { panic!("{:?}", chess.tls) };
    assert_eq!((hosts.len(), contact.as_deref()), (1, Some("admin@example.org")));
    assert!(matches!(choir.tls, Tls::Files { .. }));
    assert_eq!(choir.service.public.as_ref().unwrap().to_string(), "choir.example.org:5051");
}

#[test]
fn shared_certificate_does_not_apply_to_a_service_with_its_own_tls() {
    let config = several(
        &(two(["h:1", "h:2"], ["", "[service.tls]\n[service.tls.acme]\nhosts = \"H.example\""])
            + "[tls]\ncert = \"c\"\nkey = \"k\"\n"),
    )
    .unwrap();
    assert!(matches!(config.services[0].tls, Tls::Files { .. }));
    let Tls::Acme(acme) = &config.services[1].tls else { panic!("{:?}", config.services[1].tls) };
    assert_eq!(acme.hosts, ["h.example"]);
}

#[test]
fn conflict_of_two_services_names_both_lines() {
    let names = ["server_names = \"a.example\"", "server_names = \"b.example\""];
    let cases = [
        (
            two(["h:1", "h:2"], ["", ""]).replace("\"b\"\ndata = \"b\"", "\"b\"\ndata = \"./a\""),
            "8: service.data: is the data folder of another service too (line 3): each needs its own",
        ),
        (
            two(["h:1", "h:2"], ["", ""]).replace("data = \"b\"\n", ""),
            "6: service.data: is missing: each of several services needs a data folder of its own",
        ),
        (
            two(["h:1", "h:2"], ["", ""]).replace("name = \"b\"", "name = \"a\""),
            "7: service.name: is the name of another service too (line 2)",
        ),
        (
            two(["h:1", "H:1"], [names[0], ""]),
            "9: service.listen: H:1 is shared with another service, so this one needs server_names, \
             by which apps ask for it; or give it a port of its own",
        ),
        (
            two(["[::1]:1", "[0::1]:1"], [names[0], names[0]]),
            "10: service.server_names: \"a.example\" is a name of another service on [0::1]:1 too \
             (line 5)",
        ),
        (
            two(["h:1", "h:1"], ["default = true", "default = true"]),
            "10: service.default: another service is the default on h:1 already (line 5)",
        ),
        (
            two(["0.0.0.0:1", "127.0.0.1:1"], names),
            "9: service.listen: 127.0.0.1:1 and 0.0.0.0:1 of another service (line 4) are the same \
             port of one machine: write the same address in both to share it by server names, or \
             choose another port",
        ),
        (
            two(["h:1", "h:2"], ["", "listen2 = 1"]),
            "10: service.listen2: there is no such key; did you mean \"listen\"? Allowed in \
             [service]: name, data, listen, server_names, default, public, post_policy",
        ),
        (
            two(["h:1", "h:2"], ["[service.limit]", ""]),
            "5: service.limit: there is no such section; did you mean [service.limits]? Allowed: \
             [service.tls], [service.limits], [service.store]",
        ),
        (
            two(["h:1", "h:2"], ["[service.limits]\nlinks_total = 0", ""]),
            "6: service.limits.links_total: expected a whole number from 1 to 1000000, got 0",
        ),
        (
            two(["h:1", "h:2"], ["[service.tls]\ncert = \"c\"", ""]),
            "6: service.tls.cert: needs tls.key, its private key, too",
        ),
        (
            two(["h:1", "h:2"], ["server_names = [\"a.example\", \"10.0.0.1\"]", ""]),
            "5: service.server_names: expected a host name, such as \"chat.example.org\", or a list \
             of them, got \"10.0.0.1\"",
        ),
        (
            "[service]\nlisten = [\"h:1\", \"h:2\", \"H:1\"]".to_owned(),
            "2: service.listen: names H:1 twice",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(several(&text).expect_err(&text), expected, "for {text}");
    }
}

#[test]
fn allowed_overlaps_of_services_are_accepted() {
    let names = ["server_names = \"a.example\"", "server_names = \"b.example\""];
    for (listen, more) in [
        (["h:1", "h:1"], names),
        (["h:1", "h:1"], [names[0], "default = true"]),
        (["h:0", "h:0"], ["", ""]),
        (["0.0.0.0:1", "[::]:1"], ["", ""]),
        (["0.0.0.0:1", "[::1]:1"], ["", ""]),
        (["127.0.0.1:1", "127.0.0.2:1"], ["", ""]),
    ] {
        let config = several(&two(listen, more)).unwrap();
        assert_eq!(config.services.len(), 2, "{listen:?} {more:?}");
    }
}

#[test]
fn command_line_cannot_describe_one_of_several_services() {
    let over = Overrides { name: Some("one".to_owned()), ..Overrides::default() };
    let told = resolve_with(over, &two(["h:1", "h:2"], ["", ""])).unwrap_err();
    assert!(told.starts_with("the configuration file describes 2 services, so it is"), "{told}");
    // One in a list is still one.
    let over = Overrides { name: Some("one".to_owned()), ..Overrides::default() };
    let config = resolve_with(over, "[[service]]\ndata = \"a\"").unwrap();
    assert_eq!(config.only().unwrap().service.name, "one");
}
