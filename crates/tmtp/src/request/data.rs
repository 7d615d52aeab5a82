//! Data behind a header: what is announced, and how much of it an operation takes.

use crate::head::{HeadWriter, RawRequest};
use crate::quit::Quit;
use crate::text::fits_ping;

/// The data that comes with a request or a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Data {
    /// Bytes.
    pub len: u64,
    /// How many of them, at the beginning, are a second JSON object; at most `len`.
    pub head: u64,
    /// The author's checksum over them; a service passes it on unread. Zero is absent.
    pub sum: u64,
}

/// How an operation takes data. Each operation states its own, in both directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataRule {
    /// It has none.
    None,
    /// It may have some, which the session collects in memory and hands out whole.
    Collected {
        /// The most there can be, in bytes.
        max_bytes: u64,
    },
    /// It is handed out as it comes; who takes it bounds it.
    Streamed,
}

/// Data that was collected, as its operation reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Collected {
    /// Of an operation that has none.
    Nothing,
    /// The text of a Ping or GroupInvite.
    Text(String),
}

impl Collected {
    /// The text of a ping.
    ///
    /// # Errors
    /// [`Quit::DataNotUtf8`], [`Quit::DataTooLong`].
    pub(super) fn ping(bytes: Vec<u8>) -> Result<Self, Quit> {
        let text = String::from_utf8(bytes).map_err(|_| Quit::DataNotUtf8)?;
        if fits_ping(&text) { Ok(Self::Text(text)) } else { Err(Quit::DataTooLong) }
    }

    /// As text; empty where there is none.
    pub fn into_text(self) -> String {
        match self {
            Self::Nothing => String::new(),
            Self::Text(text) => text,
        }
    }
}

impl Data {
    /// Data without a second header or checksum.
    pub fn of_len(len: u64) -> Self {
        Self { len, ..Self::default() }
    }

    /// The data that a request announces, if its operation takes such.
    pub(super) fn read(raw: &RawRequest, rule: DataRule) -> Result<Self, Quit> {
        let data = announced(raw.datalen, raw.datahead, raw.datasum)?;
        match rule {
            DataRule::None if data.len > 0 => Err(Quit::InvalidHeader),
            DataRule::Streamed if data.len == 0 => Err(Quit::InvalidHeader),
            DataRule::None | DataRule::Streamed | DataRule::Collected { .. } => Ok(data),
        }
    }

    /// The notification that a PostNotify announces before its message.
    pub(super) fn read_note(raw: &RawRequest) -> Result<Self, Quit> {
        announced(raw.notelen, raw.notehead, raw.notesum)
    }

    pub(super) fn write<'a>(&self, head: &'a mut HeadWriter) -> &'a mut HeadWriter {
        head.number_if("datahead", Some(self.head).filter(|head| *head > 0))
            .number("datalen", self.len)
            .number_if("datasum", Some(self.sum).filter(|sum| *sum > 0))
    }
}

fn announced(len: Option<i64>, head: Option<i64>, sum: Option<u64>) -> Result<Data, Quit> {
    let whole = |number: Option<i64>| u64::try_from(number.unwrap_or(0));
    match (whole(len), whole(head)) {
        (Ok(len), Ok(head)) if head <= len => Ok(Data { len, head, sum: sum.unwrap_or(0) }),
        (Ok(_) | Err(_), Ok(_) | Err(_)) => Err(Quit::InvalidHeader),
    }
}
