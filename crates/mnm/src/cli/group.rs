//! Groups: who is in them, inviting, joining again, leaving.

use mnm_engine::{
    command::Command as Ask,
    view::{GroupMember, Standing},
};

use super::people::{done, outcome, queue};
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
    let (ping, settled) = queue(session, Ask::Invite { account, group, to, text }, wait).await?;
    Ok(outcome(&ping, settled, done))
}

pub(super) async fn groups(context: &Context, session: &Session) -> Result<Answer, Failure> {
    let account = context.chosen(session).await?;
    let groups = ask!(session, Ask::Groups { account }, Groups);
    let mut table = Table::new(&context.look, ["ACCOUNT", "GROUP", "YOU", "MEMBERS"]);
    for group in &groups {
        let member = |member: &GroupMember| match member.standing {
            Standing::Joined => inline(&member.alias),
            other => format!("{} ({})", inline(&member.alias), word(other)),
        };
        let mut members: Vec<String> = group.members.iter().map(member).collect();
        if !group.whole {
            // Nobody is told who was in a group before them.
            members.push("perhaps others".to_owned());
        }
        table.row([
            group.account.to_string(),
            inline(&group.gid),
            word(group.standing).to_owned(),
            members.join(", "),
        ]);
    }
    Ok(Answer::new(&groups, table.text("No groups. Make one: mnm invite GROUP ALIAS")))
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
    done(session, Ask::Drop { account: account.id, group, alias: account.alias }, text).await
}

pub(super) async fn join_group(
    context: &Context,
    session: &Session,
    group: String,
) -> Result<Answer, Failure> {
    let account = context.one(session).await?.id;
    let text = format!("Joined {}.", inline(&group));
    done(session, Ask::JoinGroup { account, group }, text).await
}

pub(super) async fn remove(
    context: &Context,
    session: &Session,
    group: String,
    alias: String,
) -> Result<Answer, Failure> {
    let account = context.one(session).await?.id;
    let text = format!("Removed {} from {}.", inline(&alias), inline(&group));
    done(session, Ask::Drop { account, group, alias }, text).await
}
