//! Reading what an app asks: the form of a header, checked.

use super::{Data, GroupAct, OhiKind, OhiMember, Recipient, Request, UserEdit, op};
use crate::head::{RawRecipient, RawRequest};
use crate::id::{Alias, MessageId, TokenResponse};
use crate::quit::Quit;

/// Whether an op may or must come with data.
#[derive(Clone, Copy, PartialEq, Eq)]
enum DataRule {
    None,
    Optional,
    Required,
}

impl Request {
    /// Reads a header (without `hhhh`) and checks its form.
    ///
    /// # Errors
    /// [`Quit::InvalidHeader`] for everything that is wrong with it, except
    /// [`Quit::DataTooShort`] for a PostNotify that announces no message behind the notification.
    pub fn read(head: &[u8]) -> Result<Self, Quit> {
        let mut raw: RawRequest = serde_json::from_slice(head).map_err(|_| Quit::InvalidHeader)?;
        let op = raw.op.ok_or(Quit::InvalidHeader)?;
        let rule = match op {
            op::POST | op::POST_NOTIFY => DataRule::Required,
            op::PING | op::GROUP_INVITE => DataRule::Optional,
            _ => DataRule::None,
        };
        let data = raw.data(rule)?;
        let note = raw.note(op == op::POST_NOTIFY)?;
        // A list of the wrong form spoils a request of any op, as at the deployed services.
        let (to, members, note_to) = raw.lists(op)?;
        Ok(match op {
            op::TMTPREV => Self::TmtpRev { revision: required(raw.id)? },
            op::REGISTER => Self::Register {
                newnode: required(raw.newnode)?,
                newalias: Some(required(raw.newalias)?)
                    .filter(|alias: &Alias| alias.as_str() != "_"),
                oidc: raw.oidc.map(TokenResponse::from),
            },
            op::LOGIN => Self::Login { uid: required(raw.uid)?, node: required(raw.node)? },
            op::USER_EDIT => {
                Self::UserEdit { id: required(raw.id.take())?, edit: raw.user_edit()? }
            }
            op::OHI_EDIT => Self::OhiEdit {
                id: required(raw.id)?,
                kind: OhiKind::from_wire(&required::<String>(raw.kind)?)
                    .ok_or(Quit::InvalidHeader)?,
                members: Some(members)
                    .filter(|list| !list.is_empty())
                    .ok_or(Quit::InvalidHeader)?,
            },
            op::GROUP_INVITE => Self::GroupInvite {
                id: required(raw.id)?,
                gid: required(raw.gid)?,
                from: required(raw.from)?,
                to: required(raw.to)?,
                data,
            },
            op::GROUP_EDIT => Self::GroupEdit {
                id: required(raw.id.take())?,
                gid: required(raw.gid.take())?,
                act: raw.group_act()?,
            },
            op::POST => Self::Post {
                id: required(raw.id)?,
                to: to.ok_or(Quit::InvalidHeader)?,
                not_alone: is_true(raw.not_alone.as_ref()),
                data,
            },
            op::POST_NOTIFY => {
                let len = data.len.checked_sub(note.len).filter(|len| *len > 0);
                let data = Data { len: len.ok_or(Quit::DataTooShort)?, ..data };
                if data.head > data.len {
                    return Err(Quit::InvalidHeader);
                }
                Self::PostNotify {
                    id: required(raw.id)?,
                    to: to.ok_or(Quit::InvalidHeader)?,
                    note_to,
                    not_self: raw.not_self.unwrap_or(false),
                    not_alone: is_true(raw.not_alone.as_ref()),
                    note,
                    data,
                }
            }
            op::PING => Self::Ping {
                id: required(raw.id)?,
                from: required(raw.from)?,
                to: required(raw.to)?,
                data,
            },
            op::ACK => Self::Ack {
                id: MessageId::from_wire(&required::<String>(raw.id)?),
                kind: required(raw.kind)?,
            },
            op::PULSE => Self::Pulse,
            op::QUIT => Self::Quit,
            _ => return Err(Quit::InvalidHeader),
        })
    }
}

/// What is no flag is not set.
fn is_true(flag: Option<&serde_json::Value>) -> bool {
    flag == Some(&serde_json::Value::Bool(true))
}

/// An empty text is as good as none.
fn required<T: From<String>>(text: Option<String>) -> Result<T, Quit> {
    text.filter(|text| !text.is_empty()).map(T::from).ok_or(Quit::InvalidHeader)
}

impl RawRequest {
    /// The data as announced, if the op may have such.
    fn data(&self, rule: DataRule) -> Result<Data, Quit> {
        let data = announced(self.datalen, self.datahead, self.datasum)?;
        match rule {
            DataRule::None if data.len > 0 => Err(Quit::InvalidHeader),
            DataRule::Required if data.len == 0 => Err(Quit::InvalidHeader),
            _ => Ok(data),
        }
    }

    fn note(&self, required: bool) -> Result<Data, Quit> {
        let note = announced(self.notelen, self.notehead, self.notesum)?;
        if required == (note.len == 0) { Err(Quit::InvalidHeader) } else { Ok(note) }
    }

    /// `for` read for a post, `for` read for an OhiEdit, `notefor`.
    #[expect(clippy::type_complexity, reason = "one use, right above")]
    fn lists(
        &mut self,
        op: u8,
    ) -> Result<(Option<Vec<Recipient>>, Vec<OhiMember>, Vec<Recipient>), Quit> {
        let to_list = self.to_list.take();
        let note_to = self.note_to_list.take().unwrap_or_default();
        let note_to = note_to.into_iter().map(recipient).collect::<Result<_, _>>()?;
        if op == op::OHI_EDIT {
            let members = to_list.unwrap_or_default().into_iter().map(ohi_member);
            return Ok((None, members.collect::<Result<_, _>>()?, note_to));
        }
        let to = to_list.map(|list| list.into_iter().map(recipient).collect()).transpose()?;
        Ok((to, Vec::new(), note_to))
    }

    fn user_edit(self) -> Result<UserEdit, Quit> {
        let full = |text: Option<String>| text.filter(|text| !text.is_empty());
        match (full(self.newnode), full(self.newalias)) {
            (Some(label), None) => Ok(UserEdit::NewNode(label)),
            (None, Some(alias)) => Ok(UserEdit::NewAlias(alias.into())),
            _ => Err(Quit::InvalidHeader),
        }
    }

    fn group_act(self) -> Result<GroupAct, Quit> {
        match required::<String>(self.act)?.as_str() {
            "join" => {
                let newalias = self.newalias.filter(|alias| !alias.is_empty());
                Ok(GroupAct::Join { newalias: newalias.map(Alias::from) })
            }
            "alias" => Ok(GroupAct::Alias { newalias: required(self.newalias)? }),
            "drop" => Ok(GroupAct::Drop { to: required(self.to)? }),
            _ => Err(Quit::InvalidHeader),
        }
    }
}

fn announced(len: Option<i64>, head: Option<i64>, sum: Option<u64>) -> Result<Data, Quit> {
    let whole = |number: Option<i64>| u64::try_from(number.unwrap_or(0));
    match (whole(len), whole(head)) {
        (Ok(len), Ok(head)) if head <= len => Ok(Data { len, head, sum: sum.unwrap_or(0) }),
        _ => Err(Quit::InvalidHeader),
    }
}

fn recipient(raw: RawRecipient) -> Result<Recipient, Quit> {
    match raw.kind {
        Some(1) => Ok(Recipient::Member(required(raw.id)?)),
        Some(2) => Ok(Recipient::GroupWithSender(required(raw.id)?)),
        Some(3) => Ok(Recipient::Group(required(raw.id)?)),
        _ => Err(Quit::InvalidHeader),
    }
}

fn ohi_member(raw: RawRecipient) -> Result<OhiMember, Quit> {
    Ok(OhiMember { uid: required(raw.id)?, kind: raw.kind.unwrap_or(0) })
}
