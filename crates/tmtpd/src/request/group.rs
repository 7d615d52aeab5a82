//! GroupInvite and GroupEdit: inviting, joining, renaming and leaving.

use tmtp::event::{MemberAct, MessageKind};
use tmtp::id::{Alias, Gid};
use tmtp::request::{Data, GroupAct};
use tmtp::text::check_name;

use crate::decision::{Decision, Facts, Tally};
use crate::directory::{
    Aliased, Directory, DirectoryChange, Group, GroupMember, MemberNumber, Standing,
};
use crate::outgoing::Outgoing;

use super::recipient::devices_of;
use super::{Refusal, ping};
use crate::directory::Sender;
use crate::metrics::Rule;

/// A GroupInvite.
#[derive(Debug)]
pub(super) struct Invitation {
    /// The group. It is created if it does not exist.
    pub(super) gid: Gid,
    /// Alias of the sender.
    pub(super) from: Alias,
    /// Alias of the invitee.
    pub(super) to: Alias,
    /// The text as announced.
    pub(super) data: Data,
    /// The text.
    pub(super) text: String,
}

/// The new standing of one member in a group.
type Change = (MemberNumber, GroupMember);

/// A GroupInvite: lets a member join, and tells them with a ping.
///
/// # Errors
/// [`Refusal`].
pub(super) fn invite(
    facts: &Facts<'_>,
    sender: &Sender,
    invitation: Invitation,
) -> Result<Decision, Refusal> {
    let Invitation { gid, from, to, data, text } = invitation;
    let mut gid = gid.into_string();
    let directory = facts.directory;
    let group = directory.group(&gid);
    if let Some(group) = group {
        group.name().clone_into(&mut gid);
    }
    check_inviter(facts, sender, &gid)?;
    let ping::Addressed { from, to } =
        ping::addressed(directory, sender, from.as_str(), to.as_str())?;
    let invitee = to.member;
    check_invitee(facts, sender, &gid, invitee)?;
    let mut changes = Vec::new();
    if group.is_none() {
        let founder = record(from, Standing::Joined);
        changes.push((sender.member, GroupMember { is_founder: true, ..founder }));
    }
    let before = group.and_then(|group| group.record(invitee));
    let after = invited_by(sender.member, to.alias, before);
    // Members who are invited already are not notified again.
    let joined = if before == Some(&after) {
        Vec::new()
    } else {
        changes.push((invitee, after));
        joined_after(directory, &gid, &changes)
    };
    // A member of the group uses one alias there, also towards those they invite.
    let known = group.and_then(|group| group.record(sender.member));
    let kind = MessageKind::Invite {
        gid: gid.as_str().into(),
        alias: known.map_or(from, |known| &known.alias).into(),
        to: to.alias.into(),
    };
    let invite = Outgoing::text(kind, data, text, devices_of(directory, sender, [invitee], false));
    let notice = member_notice(MemberAct::Invite, &gid, to.alias, None);
    let notice = Outgoing::notice(notice, devices_of(directory, sender, joined, true));
    Ok(Decision {
        messages: vec![invite, notice],
        is_message: true,
        changes: changes_of(&gid, changes),
        tallies: vec![ping::tally(facts, sender, invitee)?],
        ..Decision::default()
    })
}

/// A GroupEdit: joins, renames, or removes a member.
///
/// # Errors
/// [`Refusal`].
pub(super) fn edit(
    facts: &Facts<'_>,
    sender: &Sender,
    gid: &Gid,
    act: GroupAct,
) -> Result<Decision, Refusal> {
    let directory = facts.directory;
    let group = directory.group(gid.as_str()).ok_or_else(|| unknown(&act))?;
    let gid = group.name();
    let (change, notice) = match act {
        GroupAct::Join { newalias } => join(facts, group, sender, newalias)?,
        GroupAct::Alias { newalias } => rename(directory, group, sender, gid, newalias)?,
        GroupAct::Drop { to } => drop_member(directory, group, sender, gid, to.as_str())?,
    };
    let (concerned, mut after) = change;
    after.is_founder = group.record(concerned).is_some_and(|before| before.is_founder);
    let mut changes = Vec::new();
    let devices = if group.record(concerned) == Some(&after) {
        // Nothing changes, but the sender's other devices may not know yet.
        devices_of(directory, sender, [], true)
    } else {
        changes.push((concerned, after));
        let mut notified = joined_after(directory, gid, &changes);
        // The removed member is notified too.
        notified.push(concerned);
        let own_device_too = notified.contains(&sender.member);
        devices_of(directory, sender, notified, own_device_too)
    };
    Ok(Decision {
        tallies: vec![Tally::GroupNotices(sender.member, devices.len())],
        messages: vec![Outgoing::notice(notice, devices)],
        changes: changes_of(gid, changes),
        ..Decision::default()
    })
}

/// The refusal for a group that the sender is not in. It is the same whether the group exists or
/// not, as its name is not disclosed.
fn unknown(act: &GroupAct) -> Refusal {
    let words = match act {
        GroupAct::Join { .. } => "sender is not invited to the group",
        GroupAct::Alias { .. } => "sender is not a member of the group",
        GroupAct::Drop { .. } => "to is not a member of the group",
    };
    Refusal::new(Rule::NotInGroup, words)
}

fn check_inviter(facts: &Facts<'_>, sender: &Sender, gid: &str) -> Result<(), Refusal> {
    let directory = facts.directory;
    match directory.group(gid) {
        Some(group) if group.has_joined(sender.member) => Ok(()),
        Some(_) => Err(Refusal::new(Rule::NotInGroup, "sender is not a member of the group")),
        None => {
            check_name(gid).map_err(|error| {
                let words = error.to_string();
                Refusal::new(
                    Rule::NameForm,
                    words.replace("newalias", "gid").replace("AddAlias", "gid"),
                )
            })?;
            if directory.name_is_taken(gid) {
                return Err(Refusal::new(Rule::NameTaken, "gid is already taken by an alias"));
            }
            check_group_count(facts, sender.member)
        }
    }
}

/// Whether the member may be invited. Invitations do not count towards the limit of groups, so that
/// nobody can use up another's; they have a limit of their own.
fn check_invitee(
    facts: &Facts<'_>,
    sender: &Sender,
    gid: &str,
    invitee: MemberNumber,
) -> Result<(), Refusal> {
    let directory = facts.directory;
    if let Some(group) = directory.group(gid) {
        if group.has_joined(invitee) {
            return Err(Refusal::new(Rule::AlreadyInGroup, "to has already joined the group"));
        }
        if group.counts(invitee) {
            return Ok(());
        }
        check_room(facts, group)?;
    }
    let limits = &facts.terms.limits;
    let in_all = directory.inviters(invitee).count();
    let of_sender = directory.inviters(invitee).filter(|inviter| *inviter == sender.member).count();
    if of_sender >= limits.unanswered_invitations_max {
        return Err(Refusal::new(
            Rule::UnansweredInvitations,
            "to has not answered your last invitations to groups; you can send more after an answer",
        ));
    }
    if in_all >= limits.groups_per_member {
        return Err(Refusal::new(
            Rule::GroupsPerMember,
            "to is invited to many groups and has to answer some first",
        ));
    }
    Ok(())
}

fn check_room(facts: &Facts<'_>, group: &Group) -> Result<(), Refusal> {
    if group.size() >= facts.terms.limits.group_members_max {
        let words = "the group can have no more members here";
        return Err(Refusal::new(Rule::GroupMembersMax, words));
    }
    Ok(())
}

fn check_group_count(facts: &Facts<'_>, member: MemberNumber) -> Result<(), Refusal> {
    if facts.directory.group_count(member) >= facts.terms.limits.groups_per_member {
        return Err(Refusal::new(Rule::GroupsPerMember, "a member can be in no more groups here"));
    }
    Ok(())
}

fn join(
    facts: &Facts<'_>,
    group: &Group,
    sender: &Sender,
    newalias: Option<Alias>,
) -> Result<(Change, MessageKind), Refusal> {
    // A member who has joined may send the request again: the ack of the first may have been lost.
    let act = GroupAct::Join { newalias: None };
    let GroupMember { alias, standing, is_founder, .. } =
        group.record(sender.member).ok_or_else(|| unknown(&act))?;
    match standing {
        // Otherwise a member who removes the founder and leaves would end the group for good.
        Standing::Removed if !is_founder || group.joined().next().is_some() => {
            return Err(unknown(&act));
        }
        Standing::Invited => check_group_count(facts, sender.member)?,
        Standing::Left | Standing::Removed => {
            check_room(facts, group)?;
            check_group_count(facts, sender.member)?;
        }
        Standing::Joined => {}
    }
    let alias = own_alias(
        facts.directory,
        sender,
        newalias.as_ref().map_or(alias.as_str(), Alias::as_str),
    )?;
    let notice = member_notice(MemberAct::Join, group.name(), alias, None);
    Ok(((sender.member, record(alias, Standing::Joined)), notice))
}

fn rename(
    directory: &Directory,
    group: &Group,
    sender: &Sender,
    gid: &str,
    newalias: Alias,
) -> Result<(Change, MessageKind), Refusal> {
    let Some(GroupMember { alias, standing: Standing::Joined, .. }) = group.record(sender.member)
    else {
        return Err(unknown(&GroupAct::Alias { newalias }));
    };
    let newalias = own_alias(directory, sender, newalias.as_str())?;
    let change = (sender.member, record(newalias, Standing::Joined));
    Ok((change, member_notice(MemberAct::Alias, gid, alias, Some(newalias.into()))))
}

fn drop_member(
    directory: &Directory,
    group: &Group,
    sender: &Sender,
    gid: &str,
    to: &str,
) -> Result<(Change, MessageKind), Refusal> {
    // A sender who is not in the group does not learn who is or was.
    let found = directory.by_group_alias(group, to).filter(|_| group.counts(sender.member));
    let is_other = found.is_none_or(|found| found.member != sender.member);
    if is_other && group.counts(sender.member) && !group.has_joined(sender.member) {
        return Err(Refusal::new(Rule::NotInGroup, "sender is not a member of the group"));
    }
    // A member who left can be removed as well: then they cannot come back by themselves.
    let Aliased { member, alias } =
        found.ok_or_else(|| unknown(&GroupAct::Drop { to: Alias::default() }))?;
    let standing = if member == sender.member { Standing::Left } else { Standing::Removed };
    // The alias may be new to those who are told. Of a member who never joined they learn nothing
    // more.
    let known = directory.member(member).filter(|_| group.has_joined(member));
    let uid = known.map(|known| known.uid.clone());
    let (act, gid) = (MemberAct::Drop, gid.into());
    let notice = MessageKind::Member { act, gid, alias: alias.into(), newalias: None, uid };
    Ok(((member, record(alias, standing)), notice))
}

/// In a group too, a member uses one of their own aliases.
fn own_alias<'a>(
    directory: &'a Directory,
    sender: &Sender,
    alias: &str,
) -> Result<&'a str, Refusal> {
    ping::own_alias(directory, sender, alias)
        .ok_or_else(|| Refusal::new(Rule::NotOwnAlias, "newalias must identify sender"))
}

fn record(alias: &str, standing: Standing) -> GroupMember {
    GroupMember { alias: alias.to_owned(), standing, inviter: None, is_founder: false }
}

/// The record of a member whom `inviter` invites. If they are invited already, the first inviter
/// stays.
fn invited_by(inviter: MemberNumber, alias: &str, before: Option<&GroupMember>) -> GroupMember {
    let waiting = before.filter(|before| before.standing == Standing::Invited);
    let inviter = waiting.map_or(Some(inviter), |waiting| waiting.inviter);
    let is_founder = before.is_some_and(|before| before.is_founder);
    GroupMember { inviter, is_founder, ..record(alias, Standing::Invited) }
}

fn member_notice(act: MemberAct, gid: &str, alias: &str, newalias: Option<Alias>) -> MessageKind {
    let (gid, alias) = (gid.into(), alias.into());
    MessageKind::Member { act, gid, alias, newalias, uid: None }
}

/// The members who have joined once the changes are made.
fn joined_after(directory: &Directory, gid: &str, changes: &[Change]) -> Vec<MemberNumber> {
    let changed = |member: &MemberNumber| changes.iter().any(|(number, _)| number == member);
    let before = directory.group(gid).into_iter().flat_map(Group::joined);
    let mut joined: Vec<_> = before.filter(|member| !changed(member)).collect();
    let new = changes.iter().filter(|(_, record)| record.standing == Standing::Joined);
    joined.extend(new.map(|(number, _)| *number));
    joined
}

fn changes_of(gid: &str, changes: Vec<Change>) -> Vec<DirectoryChange> {
    let change =
        |(member, record)| DirectoryChange::GroupMember { gid: gid.to_owned(), member, record };
    changes.into_iter().map(change).collect()
}
