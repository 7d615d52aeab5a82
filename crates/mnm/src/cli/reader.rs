//! `mnm people` and `mnm take-in`: the readers of a thread.

use mnm_engine::{
    command::Command as EngineCommand,
    view::{MayReply, PartyKind, Reach, Reader, ThreadId},
};
use tmtp::id::{Gid, Uid, UidOrGid};

use super::{Context, run::done, word::quoted};
use crate::{
    exit::Failure,
    print::{Answer, Table, inline, plural},
    session::{Session, ask},
};

pub(super) async fn people(
    context: &Context,
    session: &Session,
    thread: ThreadId,
    strike: Option<String>,
    readmit: Option<String>,
) -> Result<Answer, Failure> {
    let known = ask!(session, EngineCommand::Readers { thread }, Readers);
    if let Some(name) = strike {
        let uid = meant(&known.readers, &name)?;
        let mut text = format!("Struck {} from thread {thread}.", inline(&name));
        let is_group = |reader: &&Reader| {
            reader.party.kind == PartyKind::Group && !reader.struck && reader.party.uid != uid
        };
        for group in known.readers.iter().filter(is_group) {
            text.push_str(&format!(
                " A reply goes to all members of {} still; to leave the group out, strike it too.",
                inline(group.party.uid.as_str())
            ));
        }
        return done(session, EngineCommand::Strike { thread, uid }, text).await;
    }
    if let Some(name) = readmit {
        let uid = meant(&known.readers, &name)?;
        let text = format!("{} reads thread {thread} again.", inline(&name));
        return done(session, EngineCommand::Readmit { thread, uid }, text).await;
    }
    let called = |uid: &Uid| {
        let reader = known.readers.iter().find(|reader| reader.party.uid == *uid);
        reader.map_or_else(|| inline(uid.as_str()), name_of)
    };
    let mut table = Table::new(&context.look, ["WHO", "ID", "ADDED BY", "WHEN"]);
    for reader in &known.readers {
        table.row([
            format!("{}{}", name_of(reader), stands(reader)),
            inline(reader.party.uid.as_str()),
            reader.by.as_ref().map(called).unwrap_or_default(),
            if reader.at_ms > 0 { context.look.time(reader.at_ms) } else { String::new() },
        ]);
    }
    let mut text = table.text("Nobody.");
    if known.unlisted > 0 {
        text.push_str(&format!(
            "{} named beyond what a thread can have: no letter of yours goes there.\n",
            plural(known.unlisted, "further reader")
        ));
    }
    Ok(Answer::new(&known, text))
}

pub(super) async fn take_in(session: &Session, thread: ThreadId) -> Result<Answer, Failure> {
    let letter = ask!(session, EngineCommand::Thread { thread, at: None, limit: Some(1) }, Thread);
    let thread = ask!(session, EngineCommand::TakeIn { thread }, Thread);
    let id = thread.row.id;
    let mut text = format!("It is in thread {id} now.");
    let author = letter.row.last_from.uid;
    let known = ask!(session, EngineCommand::Readers { thread: id }, Readers);
    let is_author = |reader: &&Reader| reader.struck && reader.party.uid == author;
    if let Some(reader) = known.readers.iter().find(is_author) {
        text.push_str(&format!(
            " You have struck {} there: their next letters stand apart, and yours go to them no more. \
             Let them read again: mnm people {id} --readmit {}",
            name_of(reader),
            quoted(author.as_str())
        ));
    }
    Ok(Answer::new(&thread.row, text))
}

/// The note below a thread in which a reply would reach nobody, or not all.
pub(super) fn closed(thread: ThreadId, may_reply: &MayReply) -> Option<String> {
    match may_reply {
        MayReply::Yes | MayReply::Oneself => None,
        MayReply::Others { groups } => {
            let names = listed(groups);
            Some(format!("You are not in {names}: a reply goes to the others, and not there."))
        }
        MayReply::LeftGroup { groups } => {
            let names: Vec<String> = groups.iter().map(|gid| inline(gid.as_str())).collect();
            let joins: Vec<String> =
                names.iter().map(|name| format!("mnm join-group {}", quoted(name))).collect();
            let (names, joins) = (names.join(", "), joins.join("; "));
            Some(format!("You have left {names}. Join again to write: {joins}"))
        }
        MayReply::RemovedFromGroup { groups } => {
            Some(format!("You were removed from {}; ask a member to invite you.", listed(groups)))
        }
        MayReply::EmptyGroup { groups } => {
            Some(format!("Nobody else is in {} now, so a reply reaches nobody.", listed(groups)))
        }
        MayReply::Nobody => Some("Who else reads this thread is not known here.".into()),
        MayReply::Struck => Some(format!(
            "You have struck everybody else, so a reply reaches nobody. Let somebody read again: \
             mnm people {thread} --readmit NAME"
        )),
        MayReply::Service => Some("The service itself reads no letters.".into()),
    }
}

/// Whether a group notice could make the reply possible.
pub(super) fn is_closed_by_groups(may_reply: &MayReply) -> bool {
    match may_reply {
        MayReply::LeftGroup { .. }
        | MayReply::RemovedFromGroup { .. }
        | MayReply::EmptyGroup { .. } => true,
        MayReply::Yes
        | MayReply::Others { .. }
        | MayReply::Oneself
        | MayReply::Nobody
        | MayReply::Struck
        | MayReply::Service => false,
    }
}

fn listed(groups: &[Gid]) -> String {
    groups.iter().map(|gid| inline(gid.as_str())).collect::<Vec<_>>().join(", ")
}

/// How a reply reaches somebody who is not simply a reader.
fn stands(reader: &Reader) -> &'static str {
    if reader.struck {
        return " (struck)";
    }
    match reader.reach {
        Reach::Named => "",
        Reach::Group => " (through a group)",
        Reach::None if reader.party.kind == PartyKind::Group => " (you are not in it: no reply)",
        Reach::None => " (only wrote: no reply)",
    }
}

fn name_of(reader: &Reader) -> String {
    let name =
        if reader.party.alias.is_empty() { reader.party.uid.as_str() } else { &reader.party.alias };
    let name = inline(name);
    match reader.party.kind {
        PartyKind::Me => "you".into(),
        PartyKind::Stranger => format!("{name} (not in your address book)"),
        PartyKind::Group => format!("{name} (group)"),
        PartyKind::Contact | PartyKind::Claimed | PartyKind::Service => name,
    }
}

/// The only reader that a name or an id matches.
fn meant(readers: &[Reader], name: &str) -> Result<UidOrGid, Failure> {
    let fits = |reader: &&Reader| reader.party.uid == name || reader.party.alias == name;
    let mut found = readers.iter().filter(fits);
    match (found.next(), found.next()) {
        (Some(reader), None) => Ok(reader.party.uid.clone()),
        (None, _) => Err(Failure::usage(
            "Nobody of that name is in the thread. `mnm people THREAD` lists them.",
        )),
        (Some(_), Some(_)) => Err(Failure::usage(
            "Several in the thread are called so. Give the id, which `mnm people THREAD` lists.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_to_copy_is_one_command_whatever_the_group_is_called() {
        let groups = vec!["x'; rm -rf ~; 'y".into()];
        let told = closed(1, &MayReply::LeftGroup { groups }).unwrap_or_default();
        assert!(told.ends_with(r"mnm join-group 'x'\''; rm -rf ~; '\''y'"), "{told}");
    }
}
