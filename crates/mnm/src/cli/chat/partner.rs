//! Partner of a chat: the person, and the newest thread with them alone.

use mnm_engine::command::{Command as EngineCommand, ThreadFilter};
use mnm_engine::view::{Account, AccountId, Contact, MayReply, PartyKind, ThreadId, ThreadRow};
use tmtp::{id::Uid, text::name_key};

use super::super::Context;
use crate::exit::{Exit, Failure};
use crate::print::inline;
use crate::session::{Session, ask};

/// Threads per request, the most that are allowed.
const PAGE_ROWS: usize = 100;

/// A person of the address book.
#[derive(Debug)]
pub(super) struct Partner {
    pub(super) account: AccountId,
    pub(super) uid: Uid,
    pub(super) alias: String,
}

/// The only person of that name in the address books, or in that of the account that was chosen.
pub(super) async fn find(
    context: &Context,
    session: &Session,
    name: &str,
) -> Result<Partner, Failure> {
    let accounts = match &context.account {
        Some(_) => vec![context.one(session).await?],
        None => context.accounts(session).await?,
    };
    let mut found = Vec::new();
    for account in &accounts {
        let people = ask!(session, EngineCommand::Contacts { account: Some(account.id) }, Contacts);
        found.extend(called(people, name).into_iter().map(|person| (account, person)));
    }
    let [(account, person)] = &found[..] else { return Err(not_one(name, &found)) };
    Ok(Partner { account: account.id, uid: person.uid.clone(), alias: person.alias.clone() })
}

/// Those with exactly that name; otherwise those whose name it spells in another way.
fn called(people: Vec<Contact>, name: &str) -> Vec<Contact> {
    let exactly: Vec<_> = people.iter().filter(|person| person.alias == name).cloned().collect();
    if !exactly.is_empty() {
        return exactly;
    }
    people.into_iter().filter(|person| name_key(&person.alias) == name_key(name)).collect()
}

fn not_one(name: &str, found: &[(&Account, Contact)]) -> Failure {
    if found.is_empty() {
        let why = format!(
            "Nobody in your address book is called {}. `mnm contacts` lists them; ask somebody to exchange \
             letters with `mnm ping`.",
            inline(name)
        );
        return Failure::new(Exit::NotFound, "not_found", why);
    }
    let line = |(account, person): &(&Account, Contact)| {
        format!("\n{}  {}  {}", account.id, inline(&account.service), inline(&person.alias))
    };
    let list: String = found.iter().map(line).collect();
    let why = format!("More than one person fits. Choose the service with --account:{list}");
    Failure::new(Exit::NotFound, "ambiguous", why)
}

/// The newest thread that the person and the member read, and nobody else.
pub(super) async fn thread_with(
    session: &Session,
    partner: &Partner,
) -> Result<Option<ThreadId>, Failure> {
    let (mut before_ms, mut before) = (None, None);
    loop {
        let command = EngineCommand::Threads {
            account: Some(partner.account),
            filter: ThreadFilter::default(),
            with: Some(partner.uid.clone().into()),
            before_ms,
            before,
            before_key: None,
            limit: u32::try_from(PAGE_ROWS).ok(),
        };
        let page = ask!(session, command, Threads);
        if let Some(thread) = page.iter().find(|row| is_with(row, partner)) {
            return Ok(Some(thread.id));
        }
        let Some(last) = page.last().filter(|_| page.len() >= PAGE_ROWS) else { return Ok(None) };
        (before_ms, before) = (Some(last.last_at_ms), Some(last.id));
    }
}

/// Whether the person and the member read a thread, and nobody else, and it can be answered.
pub(super) fn is_with(row: &ThreadRow, partner: &Partner) -> bool {
    let mut parties = row.parties.iter();
    row.readers == 2
        && row.may_reply == MayReply::Yes
        && row.belongs_to.is_none()
        && parties.all(|party| party.kind == PartyKind::Me || party.uid == partner.uid)
}
