//! Views of notices, by which the member is told of what came, and of what they have chosen for them.

use serde::{Deserialize, Serialize};

use super::id::{AccountId, PingId, ThreadId};

/// Minutes of a day.
pub const DAY_MINUTES: u16 = 24 * 60;

/// Something that came, worded for the member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Notice {
    /// The account it came to; the first one, for a summary.
    pub account: AccountId,
    /// The thread it leads to. Absent for a ping, and for a summary of several threads.
    pub thread: Option<ThreadId>,
    /// The ping it leads to.
    pub ping: Option<PingId>,
    /// Who, or how many. Plain text of one line.
    pub title: String,
    /// Where; and what, if the member has chosen that content is shown. Plain text.
    pub body: String,
    /// Whether to make a sound.
    pub sound: bool,
}

/// Of which letters the member is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum NoticeLevel {
    /// Of all, and of pings.
    All,
    /// Of those that have one of the member's aliases in their text, and of pings.
    Mentions,
    /// Of none.
    None,
}

/// Time of day during which nothing is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct QuietHours {
    /// First minute, counted from midnight in local time.
    pub from_minute: u16,
    /// The minute behind the last; before `from_minute` if midnight lies between.
    pub until_minute: u16,
}

impl QuietHours {
    /// Whether a minute of the day is one of them.
    pub fn has(self, minute: u16) -> bool {
        if self.from_minute <= self.until_minute {
            (self.from_minute..self.until_minute).contains(&minute)
        } else {
            minute >= self.from_minute || minute < self.until_minute
        }
    }
}

/// What the member has chosen for notices on this device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct NoticeSettings {
    /// When nothing is told.
    pub quiet: Option<QuietHours>,
    /// Whether subject and text are shown, also where others can see the screen.
    pub content: bool,
    /// Whether there is a sound.
    pub sound: bool,
    /// What is chosen for accounts and threads; [`NoticeLevel::All`] for the others.
    pub levels: Vec<ChosenLevel>,
}

/// A level that the member has chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ChosenLevel {
    /// The account.
    pub account: AccountId,
    /// For this thread of it only.
    pub thread: Option<ThreadId>,
    /// The level.
    pub level: NoticeLevel,
}

/// One change of [`NoticeSettings`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "set", rename_all = "snake_case")]
pub enum NoticeChange {
    /// Quiet hours; none ends them.
    Quiet {
        /// When.
        hours: Option<QuietHours>,
    },
    /// Whether content is shown.
    Content {
        /// Whether.
        shown: bool,
    },
    /// Whether there is a sound.
    Sound {
        /// Whether.
        on: bool,
    },
    /// The level of an account.
    Account {
        /// Which.
        account: AccountId,
        /// The level.
        level: NoticeLevel,
    },
    /// The level of a thread; none: as its account.
    Thread {
        /// Which.
        thread: ThreadId,
        /// The level.
        level: Option<NoticeLevel>,
    },
}
