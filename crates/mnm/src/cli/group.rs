//! Commands about groups: members, inviting, rejoining, leaving.

use mnm_engine::{
    command::Command as EngineCommand,
    view::{Group, GroupMember, PingState, Standing},
};

use super::run::{done, outcome, queue};
use super::word::{called, is_like_another, quoted};
use super::{Context, Wait};
use crate::{
    exit::Failure,
    print::{Answer, Table, inline},
    session::{Session, ask},
};

pub(super) async fn invite(
    context: &Context,
    session: &Session,
    group: String,
    to: String,
    text: Option<String>,
    wait: Wait,
) -> Result<Answer, Failure> {
    let account = context.one(session).await?.id;
    let text = text.unwrap_or_default();
    let done = format!("Invited {} to {}.", inline(&to), inline(&group));
    let invite = EngineCommand::Invite { account, group: group.clone().into(), to, text };
    let (ping, settled) = queue(session, invite, wait).await?;
    let answer = outcome(&ping, settled, done);
    if !matches!(ping.state, PingState::Failed { .. }) {
        return Ok(answer);
    }
    let known = ask!(session, EngineCommand::Groups { account: Some(account) }, Groups);
    let is_left = |known: &&Group| known.gid == *group && known.standing == Standing::Left;
    Ok(match known.iter().find(is_left) {
        Some(left) => {
            let name = inline(left.gid.as_str());
            answer.and(&format!(
                "You have left {name}. Join again to invite: mnm join-group {}",
                quoted(&name)
            ))
        }
        None => answer,
    })
}

pub(super) async fn groups(context: &Context, session: &Session) -> Result<Answer, Failure> {
    let account = context.chosen(session).await?;
    let mut groups = ask!(session, EngineCommand::Groups { account }, Groups);
    for group in &mut groups {
        if group.known > group.members.len() as u64 {
            group.members = all_members(session, group).await?;
        }
        group.members.sort_by_cached_key(|m| (m.alias.to_ascii_lowercase(), m.alias.clone()));
    }
    let mut table = Table::new(&context.look, ["ACCOUNT", "GROUP", "YOU", "MEMBERS"]);
    for group in &groups {
        let alike = is_like_another(&groups, group.account, group.gid.as_str());
        let member = |member: &GroupMember| match member.standing {
            Standing::Joined => inline(&member.alias),
            standing @ (Standing::Invited | Standing::Left | Standing::Removed) => {
                format!("{} ({})", inline(&member.alias), word(standing))
            }
        };
        let mut members: Vec<String> = group.members.iter().map(member).collect();
        if !group.whole {
            // Nobody learns who was in a group before them.
            members.push("perhaps others".to_owned());
        }
        table.row([
            group.account.to_string(),
            called(group.gid.as_str(), alike),
            word(group.standing).to_owned(),
            members.join(", "),
        ]);
    }
    Ok(Answer::new(&groups, table.text("No groups. Make one: mnm invite GROUP ALIAS")))
}

/// All known members of a group, page by page.
async fn all_members(session: &Session, group: &Group) -> Result<Vec<GroupMember>, Failure> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let (account, group) = (group.account, group.gid.clone());
        let page =
            ask!(session, EngineCommand::Members { account, group, after, limit: None }, Members);
        all.extend(page.members);
        after = page.next;
        if after.is_none() {
            return Ok(all);
        }
    }
}

fn word(standing: Standing) -> &'static str {
    match standing {
        Standing::Invited => "invited",
        Standing::Joined => "joined",
        Standing::Left => "left",
        Standing::Removed => "removed",
    }
}

pub(super) async fn leave(
    context: &Context,
    session: &Session,
    group: String,
) -> Result<Answer, Failure> {
    let account = context.one(session).await?;
    let text = format!("Left {}.", inline(&group));
    done(
        session,
        EngineCommand::Drop { account: account.id, group: group.into(), alias: account.alias },
        text,
    )
    .await
}

pub(super) async fn join_group(
    context: &Context,
    session: &Session,
    group: String,
) -> Result<Answer, Failure> {
    let account = context.one(session).await?.id;
    let text = format!("Joined {}.", inline(&group));
    done(session, EngineCommand::JoinGroup { account, group: group.into() }, text).await
}

pub(super) async fn remove(
    context: &Context,
    session: &Session,
    group: String,
    alias: String,
) -> Result<Answer, Failure> {
    let account = context.one(session).await?.id;
    let text = format!("Removed {} from {}.", inline(&alias), inline(&group));
    done(session, EngineCommand::Drop { account, group: group.into(), alias }, text).await
}
