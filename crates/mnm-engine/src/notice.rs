//! Decision about notices: which new messages are announced, and in which words.
//!
//! Pure: what came, what the member has chosen and the time of day go in. Several that come within
//! moments are one summary.

use std::collections::BTreeSet;

use crate::view::{AccountId, Notice, NoticeLevel, NoticeSettings, PingId, ThreadId};

/// Notices shown one by one; more messages are one summary.
const SINGLE_MAX: usize = 3;
/// Services that a summary names.
const SERVICES_MAX: usize = 3;
/// Longest content in a notice, characters.
const CONTENT_MAX: usize = 140;

/// A message or ping that came.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    pub(crate) account: AccountId,
    /// Label of its service.
    pub(crate) service: String,
    /// The sender's alias; may be empty.
    pub(crate) from: String,
    /// The level chosen for its thread, or else for its account.
    pub(crate) level: NoticeLevel,
    pub(crate) what: What,
}

/// What came.
#[derive(Debug, Clone)]
pub(crate) enum What {
    Letter {
        thread: ThreadId,
        subject: String,
        /// The beginning of its text.
        snippet: String,
        /// Whether it names the member.
        mentions: bool,
        /// The member has seen it, or has muted or put away its thread.
        settled: bool,
    },
    Ping {
        ping: PingId,
        text: String,
        /// It invites to a group.
        invites: bool,
    },
}

impl Arrival {
    fn is_shown(&self) -> bool {
        match (&self.what, self.level) {
            (_, NoticeLevel::None) | (What::Letter { settled: true, .. }, _) => false,
            (What::Letter { mentions, .. }, NoticeLevel::Mentions) => *mentions,
            (What::Letter { .. }, NoticeLevel::All)
            | (What::Ping { .. }, NoticeLevel::All | NoticeLevel::Mentions) => true,
        }
    }

    fn notice(&self, settings: &NoticeSettings) -> Notice {
        let (thread, ping, news, content) = match &self.what {
            What::Letter { thread, subject, snippet, .. } => {
                (Some(*thread), None, "New letter", [subject, snippet])
            }
            What::Ping { ping, text, invites } => {
                let news = if *invites { "Invitation to a group" } else { "New ping" };
                (None, Some(*ping), news, [text, text])
            }
        };
        let mut body = format!("{news} · {}", line(&self.service));
        if settings.content {
            let mut content = content.map(|text| line(text)).to_vec();
            content.dedup();
            content.retain(|text| !text.is_empty());
            content.insert(0, body);
            body = content.join("\n");
        }
        let title = if self.from.is_empty() { "A member".to_owned() } else { line(&self.from) };
        Notice { account: self.account, thread, ping, title, body, sound: settings.sound }
    }
}

/// The notices to show at this minute of the day, in local time.
pub(crate) fn decide(arrivals: &[Arrival], settings: &NoticeSettings, minute: u16) -> Vec<Notice> {
    if settings.quiet.is_some_and(|quiet| quiet.has(minute)) {
        return Vec::new();
    }
    let shown: Vec<_> = arrivals.iter().filter(|arrival| arrival.is_shown()).collect();
    if shown.len() <= SINGLE_MAX {
        return shown.iter().map(|arrival| arrival.notice(settings)).collect();
    }
    summary(&shown, settings).into_iter().collect()
}

fn summary(shown: &[&Arrival], settings: &NoticeSettings) -> Option<Notice> {
    let first = shown.first()?;
    let pings = shown.iter().filter(|arrival| matches!(arrival.what, What::Ping { .. })).count();
    let count = |count: usize, one: &str| match count {
        0 => None,
        1 => Some(format!("1 new {one}")),
        count => Some(format!("{count} new {one}s")),
    };
    let counts = [count(shown.len() - pings, "letter"), count(pings, "ping")];
    let threads: BTreeSet<_> = shown
        .iter()
        .map(|arrival| match arrival.what {
            What::Letter { thread, .. } => Some(thread),
            What::Ping { .. } => None,
        })
        .collect();
    let only = if threads.len() == 1 { threads.first().copied().flatten() } else { None };
    let mut services: Vec<_> = shown.iter().map(|arrival| line(&arrival.service)).collect();
    services.sort();
    services.dedup();
    if services.len() > SERVICES_MAX {
        services.truncate(SERVICES_MAX);
        services.push("…".to_owned());
    }
    Some(Notice {
        account: first.account,
        thread: only,
        ping: None,
        title: counts.into_iter().flatten().collect::<Vec<_>>().join(", "),
        body: services.join(", "),
        sound: settings.sound,
    })
}

/// Others' text for one line: no control characters, and not too long.
fn line(text: &str) -> String {
    let text = tmtp::text::without_heaps(text);
    let mut line: String =
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(CONTENT_MAX + 1).collect();
    if let Some((end, _)) = line.char_indices().nth(CONTENT_MAX) {
        line.truncate(end);
        line.push('…');
    }
    line.trim().to_owned()
}

/// Whether a text names one of these aliases, as whole words and in any case. `@alias` does too.
pub(crate) fn mentions(text: &str, aliases: &[String]) -> bool {
    let text = text.to_lowercase();
    aliases.iter().map(|alias| alias.to_lowercase()).filter(|alias| !alias.is_empty()).any(
        |alias| {
            text.match_indices(&alias).any(|(at, found)| {
                let before = text.get(..at).and_then(|text| text.chars().next_back());
                let after = text.get(at + found.len()..).and_then(|text| text.chars().next());
                ![before, after].into_iter().flatten().any(char::is_alphanumeric)
            })
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::QuietHours;

    const NOON: u16 = 12 * 60;

    fn settings() -> NoticeSettings {
        NoticeSettings { quiet: None, content: false, sound: true, levels: Vec::new() }
    }

    fn letter(thread: ThreadId, level: NoticeLevel, mentions: bool) -> Arrival {
        Arrival {
            account: 1,
            service: "Rowing Club".into(),
            from: "Björn Berg".into(),
            level,
            what: What::Letter {
                thread,
                subject: "The regatta".into(),
                snippet: "Who\u{7} rows?".into(),
                mentions,
                settled: false,
            },
        }
    }

    fn ping(level: NoticeLevel) -> Arrival {
        let what = What::Ping { ping: 9, text: "It is me".into(), invites: false };
        Arrival { what, ..letter(1, level, false) }
    }

    #[test]
    fn content_is_shown_only_if_chosen() {
        let arrivals = [letter(5, NoticeLevel::All, false)];
        let [notice] = &decide(&arrivals, &settings(), NOON)[..] else { panic!() };
        assert_eq!((&*notice.title, &*notice.body), ("Björn Berg", "New letter · Rowing Club"));
        assert_eq!((notice.account, notice.thread, notice.sound), (1, Some(5), true));
        let open = NoticeSettings { content: true, sound: false, ..settings() };
        let [notice] = &decide(&arrivals, &open, NOON)[..] else { panic!() };
        assert_eq!(notice.body, "New letter · Rowing Club\nThe regatta\nWho  rows?");
        assert!(!notice.sound);
        let [notice] = &decide(&[ping(NoticeLevel::All)], &open, NOON)[..] else { panic!() };
        assert_eq!((notice.ping, &*notice.body), (Some(9), "New ping · Rowing Club\nIt is me"));
    }

    #[test]
    fn levels_and_what_is_settled_decide() {
        use NoticeLevel::{All, Mentions, None};
        let mut settled = letter(1, All, true);
        if let What::Letter { settled, .. } = &mut settled.what {
            *settled = true;
        }
        for (arrival, is_shown) in [
            (letter(1, All, false), true),
            (letter(1, Mentions, false), false),
            (letter(1, Mentions, true), true),
            (letter(1, None, true), false),
            (settled, false),
            (ping(Mentions), true),
            (ping(None), false),
        ] {
            assert_eq!(
                !decide(std::slice::from_ref(&arrival), &settings(), NOON).is_empty(),
                is_shown,
                "{arrival:?}"
            );
        }
    }

    #[test]
    fn quiet_hours_may_pass_midnight() {
        let at = |from_minute, until_minute, minute| {
            let quiet = Some(QuietHours { from_minute, until_minute });
            let settings = NoticeSettings { quiet, ..settings() };
            decide(&[letter(1, NoticeLevel::All, true)], &settings, minute).is_empty()
        };
        assert_eq!(
            [1319, 1320, 0, 419, 420].map(|m| at(1320, 420, m)),
            [false, true, true, true, false]
        );
        assert_eq!([719, 720, 779, 780].map(|m| at(720, 780, m)), [false, true, true, false]);
    }

    #[test]
    fn many_at_once_are_one_summary() {
        let three: Vec<_> = (0..3).map(|n| letter(n, NoticeLevel::All, false)).collect();
        assert_eq!(decide(&three, &settings(), NOON).len(), 3);
        let mut many: Vec<_> = (0..4).map(|_| letter(7, NoticeLevel::All, false)).collect();
        let [one] = &decide(&many, &settings(), NOON)[..] else { panic!() };
        assert_eq!((&*one.title, one.thread), ("4 new letters", Some(7)));
        many.push(ping(NoticeLevel::All));
        many.push(letter(8, NoticeLevel::None, true));
        let [all] = &decide(&many, &settings(), NOON)[..] else { panic!() };
        assert_eq!((&*all.title, all.thread), ("4 new letters, 1 new ping", None));
        assert_eq!(all.body, "Rowing Club");
    }

    #[test]
    fn mentions_are_whole_words() {
        let aliases = ["Ada Lovelace".to_owned(), "ada".to_owned()];
        for text in ["ask ADA LOVELACE.", "@ada: now?", "(ada)", "ada"] {
            assert!(mentions(text, &aliases), "{text}");
        }
        for text in ["Canada", "adamant", "", "Ädada"] {
            assert!(!mentions(text, &aliases), "{text}");
        }
        assert!(!mentions("anything", &[String::new()]));
    }
}
