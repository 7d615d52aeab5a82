//! `tmtprev`: the answer to TmtpRev, which greets the app.

use super::Event;
use super::form::{BadEvent, required};
use crate::head::{HeadWriter, RawEvent};

pub(super) const OP: &str = "tmtprev";

pub(super) fn read(raw: RawEvent) -> Result<Event, BadEvent> {
    Ok(Event::TmtpRev {
        revision: required(raw.id)?,
        name: raw.name,
        authby: raw.authby.filter(|_| raw.auth.unwrap_or(0) != 0),
        groups: raw.groups == Some(serde_json::Value::Bool(true)),
    })
}

pub(super) fn write(
    head: &mut HeadWriter,
    revision: &str,
    name: Option<&str>,
    authby: Option<&serde_json::Value>,
    groups: bool,
) {
    if let Some(authby) = authby {
        head.number("auth", 1).value("authby", authby);
    }
    head.flag_if("groups", groups).text("id", revision).text_if("name", name).text("op", OP);
}
