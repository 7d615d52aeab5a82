//! Context of a command: its home, output format and account.

use mnm_engine::{
    command::Command as EngineCommand,
    view::{Account, AccountId},
};

use crate::{
    exit::{Exit, Failure},
    home::Home,
    print::{Look, inline},
    session::{Session, ask},
};

/// Passed to every command.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) home: Home,
    pub(super) account: Option<String>,
    pub(super) offline: bool,
    pub(super) json: bool,
    pub(super) look: Look,
    /// What describes the whole command line.
    pub(super) app: fn() -> clap::Command,
}

impl Context {
    /// The accounts, in the order they were joined.
    pub(super) async fn accounts(&self, session: &Session) -> Result<Vec<Account>, Failure> {
        Ok(ask!(session, EngineCommand::State, State).accounts)
    }

    /// The account named by `--account`, if one was named.
    pub(super) async fn chosen(&self, session: &Session) -> Result<Option<AccountId>, Failure> {
        match &self.account {
            Some(_) => Ok(Some(self.one(session).await?.id)),
            None => Ok(None),
        }
    }

    /// The account to act for: the one named, or the only one.
    pub(super) async fn one(&self, session: &Session) -> Result<Account, Failure> {
        let accounts = self.accounts(session).await?;
        let fitting = self.fits(&accounts);
        let Ok([account]) = <[Account; 1]>::try_from(fitting.clone()) else {
            return Err(self.not_one(&fitting, &accounts));
        };
        Ok(account)
    }

    /// The account that was named, or all.
    pub(super) async fn fitting(&self, session: &Session) -> Result<Vec<Account>, Failure> {
        match &self.account {
            Some(_) => Ok(vec![self.one(session).await?]),
            None => self.accounts(session).await,
        }
    }

    /// The accounts that match. A number or an address takes precedence over services' names.
    fn fits(&self, accounts: &[Account]) -> Vec<Account> {
        let Some(wanted) = &self.account else { return accounts.to_vec() };
        let which = |fits: &dyn Fn(&Account) -> bool| -> Vec<Account> {
            accounts.iter().filter(|account| fits(account)).cloned().collect()
        };
        if !wanted.is_empty() && wanted.bytes().all(|byte| byte.is_ascii_digit()) {
            return which(&|account| wanted.parse() == Ok(account.id));
        }
        if wanted.starts_with(['=', '+']) && wanted.contains(':') {
            return which(&|account| account.address.eq_ignore_ascii_case(wanted));
        }
        let labelled = which(&|account| account.service.eq_ignore_ascii_case(wanted));
        if !labelled.is_empty() {
            return labelled;
        }
        which(&|account| account.name.eq_ignore_ascii_case(wanted))
    }

    fn not_one(&self, fitting: &[Account], others: &[Account]) -> Failure {
        let list = |accounts: &[Account]| -> String {
            let line = |account: &Account| {
                let (service, alias) = (inline(&account.service), inline(&account.alias));
                format!("\n{}  {service}  {alias}", account.id)
            };
            accounts.iter().map(line).collect()
        };
        match (fitting, others) {
            ([], []) => Failure::new(
                Exit::NotFound,
                "not_found",
                "There is no account yet. Join a service: mnm join ADDRESS --alias NAME",
            ),
            ([], others) => Failure::new(
                Exit::NotFound,
                "not_found",
                format!("No account is called that. There are:{}", list(others)),
            ),
            (fitting, _) => Failure::new(
                Exit::NotFound,
                "ambiguous",
                format!("More than one account fits. Choose with --account:{}", list(fitting)),
            ),
        }
    }
}
