//! Options and arguments that commands share.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use mnm_engine::command::ThreadSort;
use mnm_engine::view::{MessageRowId, ThreadId};

/// How long to wait for a service.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct Wait {
    /// Wait so long for the service to acknowledge it
    #[arg(long = "wait", value_name = "SECONDS", default_value_t = 15,
          value_parser = clap::value_parser!(u64).range(0..=600))]
    pub(super) seconds: u64,
}

/// What a letter consists of.
#[derive(Debug, Args)]
pub(super) struct Content {
    /// Attach a file (may be repeated)
    #[arg(long, value_name = "FILE")]
    pub(super) attach: Vec<PathBuf>,
    /// The text, Markdown; `-` reads it from standard input
    #[arg(allow_hyphen_values = true)]
    pub(super) text: Option<String>,
    #[command(flatten)]
    pub(super) wait: Wait,
}

/// Threads to mark, or to take the mark from.
#[derive(Debug, Args)]
pub(super) struct Marked {
    /// Their numbers in `mnm inbox`
    #[arg(required = true, value_parser = number)]
    pub(super) threads: Vec<ThreadId>,
    /// Take it back
    #[arg(long)]
    pub(super) undo: bool,
}

/// Messages to mark, or to take the mark from.
#[derive(Debug, Args)]
pub(super) struct MarkedMessages {
    /// Their numbers in `mnm read` or `mnm search`
    #[arg(required = true, value_name = "MESSAGE", value_parser = number)]
    pub(super) messages: Vec<MessageRowId>,
    /// Take it back
    #[arg(long)]
    pub(super) undo: bool,
}

/// Which list of threads.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(super) struct Listed {
    /// Those with files
    #[arg(long)]
    pub(super) files: bool,
    /// Those that are archived
    #[arg(long)]
    pub(super) archive: bool,
    /// Those with a star, archived or not
    #[arg(long)]
    pub(super) starred: bool,
    /// Those in the trash
    #[arg(long)]
    pub(super) trash: bool,
}

/// The order of a list of threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Order {
    /// By the newest message, the newest first
    Newest,
    /// By the newest message, the oldest first
    Oldest,
    /// Of the inbox: those with unread messages first
    Unread,
    /// By the name of the first group or reader
    Person,
    /// By the subject
    Subject,
}

impl Order {
    pub(super) fn sort(self) -> ThreadSort {
        match self {
            Self::Newest => ThreadSort::Newest,
            Self::Oldest => ThreadSort::Oldest,
            Self::Unread => ThreadSort::Unread,
            Self::Person => ThreadSort::Person,
            Self::Subject => ThreadSort::Subject,
        }
    }

    /// The option again, for a command to be typed.
    pub(super) fn option(self) -> &'static str {
        match self {
            Self::Newest => "",
            Self::Oldest => " --sort oldest",
            Self::Unread => " --sort unread",
            Self::Person => " --sort person",
            Self::Subject => " --sort subject",
        }
    }
}

/// The number of a row in a list.
pub(super) fn number(text: &str) -> Result<i64, &'static str> {
    text.parse().map_err(|_| "a number is expected, as the list shows it")
}
