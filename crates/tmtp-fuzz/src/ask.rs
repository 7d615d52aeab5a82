//! Requests as the fuzzer makes them: mostly of the right form, among few people, so that they meet.

use arbitrary::Arbitrary;
use serde_json::{Value, json};
use tmtp_testkit::wire;

/// Names that aliases and groups are called by; some are none.
const NAMES: [&str; 8] = [
    "first alias",
    "second alias",
    "third alias",
    "group of all",
    "group of few",
    "<&>\u{2028}\"\\\u{10ffff}",
    "short",
    "_",
];

/// Who can be named.
#[derive(Debug, Default)]
pub(crate) struct Cast {
    /// Uid and device secret of those who were registered.
    pub(crate) members: Vec<(String, String)>,
    /// Ids of messages that came.
    pub(crate) messages: Vec<String>,
}

/// One thing that a peer sends.
#[derive(Debug, Clone, Arbitrary)]
pub(crate) enum Ask {
    Greet,
    Register {
        alias: u8,
    },
    Login {
        who: u8,
    },
    NewDevice {
        label: Box<str>,
    },
    NewAlias {
        alias: u8,
    },
    Ohi {
        act: u8,
        whom: Vec<u8>,
    },
    Invite {
        id: u8,
        gid: u8,
        from: u8,
        to: u8,
        text: Box<str>,
    },
    Group {
        id: u8,
        act: u8,
        gid: u8,
        alias: u8,
    },
    Post {
        id: u8,
        to: Vec<(u8, u8)>,
        not_alone: bool,
        data: Data,
    },
    PostNotify {
        id: u8,
        to: Vec<(u8, u8)>,
        note_to: Vec<(u8, u8)>,
        not_self: bool,
        data: Data,
    },
    Ping {
        id: u8,
        from: u8,
        to: u8,
        text: Box<str>,
    },
    Ack {
        which: u8,
    },
    Pulse,
    Quit,
    /// A header of right length and any content.
    Head(Box<[u8]>),
    /// Anything.
    Bytes(Box<[u8]>),
}

/// Data of a length that is often more than what is sent.
#[derive(Debug, Clone, Arbitrary)]
pub(crate) struct Data {
    bytes: Box<[u8]>,
    /// Sent so often.
    times: u8,
    head: u8,
    /// Announced, and not sent.
    missing: u8,
}

impl Data {
    fn bytes(&self) -> Vec<u8> {
        self.bytes.repeat(usize::from(self.times).max(1))
    }

    fn announced(&self) -> usize {
        // Rarely: what is missing makes data of everything that follows.
        let missing = if self.missing > 250 { usize::from(self.missing) } else { 0 };
        self.bytes().len() + missing
    }
}

impl Ask {
    /// Whether nothing can be asked after it, so that whoever asks more must open a new link.
    pub(crate) fn is_last(&self) -> bool {
        matches!(self, Self::Quit)
    }

    /// The bytes on the wire.
    pub(crate) fn bytes(&self, cast: &Cast) -> Vec<u8> {
        let (head, data) = match self {
            Self::Head(head) => (String::from_utf8_lossy(head).into_owned(), Vec::new()),
            Self::Bytes(bytes) => return bytes.to_vec(),
            Self::Greet
            | Self::Register { .. }
            | Self::Login { .. }
            | Self::NewDevice { .. }
            | Self::NewAlias { .. }
            | Self::Ohi { .. }
            | Self::Invite { .. }
            | Self::Group { .. }
            | Self::Post { .. }
            | Self::PostNotify { .. }
            | Self::Ping { .. }
            | Self::Ack { .. }
            | Self::Pulse
            | Self::Quit => self.head_and_data(cast),
        };
        // A header that is too long for its digits is not sent.
        wire::frame(&head, &data).unwrap_or_default()
    }

    fn head_and_data(&self, cast: &Cast) -> (String, Vec<u8>) {
        let mut data = Vec::new();
        let head = match self {
            Self::Greet => json!({"op": 0, "id": "1"}),
            Self::Register { alias } => json!({"op": 1, "newnode": "f", "newalias": name(*alias)}),
            Self::Login { who } => {
                let (uid, node) = cast.member(*who);
                json!({"op": 2, "uid": uid, "node": node})
            }
            Self::NewDevice { label } => json!({"op": 3, "id": "n", "newnode": label}),
            Self::NewAlias { alias } => json!({"op": 3, "id": "n", "newalias": name(*alias)}),
            Self::Ohi { act, whom } => {
                let act = ["add", "drop", "init"][usize::from(*act) % 3];
                let whom: Vec<_> =
                    whom.iter().map(|who| json!({"id": cast.member(*who).0})).collect();
                json!({"op": 4, "id": "o", "type": act, "for": whom})
            }
            Self::Invite { id, gid, from, to, text } => {
                data = text.as_bytes().to_vec();
                json!({"op": 5, "id": id.to_string(), "gid": name(*gid), "from": name(*from),
                       "to": name(*to), "datalen": data.len()})
            }
            Self::Group { id, act, gid, alias } => {
                let act = ["join", "alias", "drop"][usize::from(*act) % 3];
                json!({"op": 6, "id": id.to_string(), "act": act, "gid": name(*gid),
                       "newalias": name(*alias), "to": name(*alias)})
            }
            Self::Post { id, to, not_alone, data: sent } => {
                data = sent.bytes();
                json!({"op": 7, "id": id.to_string(), "for": cast.recipients(to),
                       "notalone": not_alone,
                       "datalen": sent.announced(), "datahead": sent.head})
            }
            Self::PostNotify { id, to, note_to, not_self, data: sent } => {
                data = sent.bytes();
                json!({"op": 8, "id": id.to_string(), "for": cast.recipients(to),
                       "notefor": cast.recipients(note_to), "fornotself": not_self,
                       "notelen": sent.head, "datalen": sent.announced()})
            }
            Self::Ping { id, from, to, text } => {
                data = text.as_bytes().to_vec();
                json!({"op": 9, "id": id.to_string(), "from": name(*from), "to": name(*to),
                       "datalen": data.len()})
            }
            Self::Ack { which } => json!({"op": 10, "id": cast.message(*which), "type": "ok"}),
            Self::Pulse => json!({"op": 11}),
            Self::Quit => json!({"op": 12}),
            Self::Head(_) | Self::Bytes(_) => Value::Null,
        };
        (head.to_string(), data)
    }
}

impl Cast {
    fn member(&self, who: u8) -> (&str, &str) {
        let nobody = ("%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%", "LB27ML46");
        let found = self.members.get(usize::from(who) % (self.members.len() + 1));
        found.map_or(nobody, |(uid, node)| (uid, node))
    }

    fn message(&self, which: u8) -> &str {
        let found = self.messages.get(usize::from(which) % (self.messages.len() + 1));
        found.map_or("0000000000000001", String::as_str)
    }

    fn recipients(&self, to: &[(u8, u8)]) -> Value {
        let one = |(kind, who): &(u8, u8)| match kind % 4 {
            0 => json!({"id": self.member(*who).0, "type": 1}),
            kind => json!({"id": name(*who), "type": kind}),
        };
        to.iter().take(64).map(one).collect()
    }
}

fn name(which: u8) -> &'static str {
    NAMES[usize::from(which) % NAMES.len()]
}
