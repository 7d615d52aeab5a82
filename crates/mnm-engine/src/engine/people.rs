//! Commands about pings, aliases and groups that need the service's answer or several transactions.

use std::future::Future;
use tmtp::id::Gid;

use tmtp::request::{GroupAct, Request, UserEdit};

use crate::engine::Engine;
use crate::error::Error;
use crate::link::writer::request_id;
use crate::vault::check_new_alias;
use crate::view::{Account, AccountId, Ping, Standing};

impl Engine {
    /// Wakes the account of a ping, once it is queued.
    pub(super) async fn woken(
        &self,
        queue: impl Future<Output = Result<Ping, Error>>,
    ) -> Result<Ping, Error> {
        let ping = queue.await?;
        self.wake(ping.account);
        Ok(ping)
    }

    /// Ignores pings in slices, so that other commands run in between. Returns their number.
    pub(super) async fn ignore_all(
        &self,
        account: Option<AccountId>,
        before_ms: Option<i64>,
    ) -> Result<u64, Error> {
        let mut count = 0;
        loop {
            let some = self.store().write(move |vault| vault.ignore_some(account, before_ms));
            match some.await? {
                0 => return Ok(count),
                some => count += some,
            }
        }
    }

    /// Requests a further alias and waits for the answer.
    pub(super) async fn add_alias(
        &self,
        account: AccountId,
        alias: String,
    ) -> Result<Account, Error> {
        check_new_alias(&alias)?;
        let edit = UserEdit::NewAlias(alias.as_str().into());
        self.ask(account, Request::UserEdit { id: request_id(self.store().platform()), edit })
            .await?;
        self.store().write(move |vault| vault.add_own_alias(account, &alias)).await
    }

    /// Removes a member from a group, or leaves it, and waits for the answer.
    pub(super) async fn drop_member(
        &self,
        account: AccountId,
        group: Gid,
        alias: String,
    ) -> Result<(), Error> {
        let named = self.store().read(move |vault| {
            let gid = vault.group_called(account, group.as_str())?;
            Ok((vault.alias_of_member(account, &gid, &alias)?, gid))
        });
        let (alias, gid) = named.await?;
        self.edit_group(account, gid.clone(), GroupAct::Drop { to: alias.as_str().into() }).await?;
        let aliases = self.store().read(move |vault| vault.account(account)).await?.aliases;
        if aliases.contains(&alias) {
            self.set_standing(account, gid, Standing::Left).await?;
        }
        Ok(())
    }

    /// Rejoins a group, and waits for the answer.
    pub(super) async fn join_group(&self, account: AccountId, group: Gid) -> Result<(), Error> {
        let gid =
            self.store().read(move |vault| vault.group_called(account, group.as_str())).await?;
        self.edit_group(account, gid.clone(), GroupAct::Join { newalias: None }).await?;
        self.set_standing(account, gid, Standing::Joined).await
    }

    async fn edit_group(&self, account: AccountId, gid: Gid, act: GroupAct) -> Result<(), Error> {
        let id = request_id(self.store().platform());
        self.ask(account, Request::GroupEdit { id, gid, act }).await
    }

    async fn set_standing(
        &self,
        account: AccountId,
        gid: Gid,
        standing: Standing,
    ) -> Result<(), Error> {
        self.store().write(move |vault| vault.set_standing(account, &gid, None, standing)).await
    }
}
