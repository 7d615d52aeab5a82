//! Validation of request headers that all operations share, before each operation's own.

use super::data::Data;
use super::op::Op;
use super::recipient::Recipient;
use crate::head::RawRequest;
use crate::quit::Quit;

/// A header whose lengths and lists are of the right form.
pub(super) struct Form {
    /// Everything else, of which nothing is required yet.
    pub(super) raw: RawRequest,
    /// The data.
    pub(super) data: Data,
    /// Of the data, the notification.
    pub(super) note: Data,
    /// `for`, but for an OhiEdit, which names its members otherwise and reads them itself.
    pub(super) to: Option<Vec<Recipient>>,
    /// `notefor`.
    pub(super) note_to: Vec<Recipient>,
}

impl Form {
    pub(super) fn read(mut raw: RawRequest, op: Op) -> Result<Self, Quit> {
        let data = Data::read(&raw, op.data_rule())?;
        let note = Data::read_note(&raw)?;
        if (op == Op::PostNotify) == (note.len == 0) {
            return Err(Quit::InvalidHeader);
        }
        // A list of the wrong form spoils a request of any op, as at the deployed services.
        let note_to = Recipient::read_all(raw.note_to_list.take().unwrap_or_default())?;
        let to_list = if op == Op::OhiEdit { None } else { raw.to_list.take() };
        let to = to_list.map(Recipient::read_all).transpose()?;
        Ok(Self { raw, data, note, to, note_to })
    }
}
