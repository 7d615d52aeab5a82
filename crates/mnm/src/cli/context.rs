//! The context of a command: its home, how it prints, and the account it acts for.

use mnm_engine::{
    command::{Command as Ask, Reply},
    view::{Account, AccountId},
};

use crate::{
    exit::{Exit, Failure},
    home::Home,
    print::{Look, inline},
    session::{Session, unexpected},
};

/// What every command is given.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) home: Home,
    pub(super) account: Option<String>,
    pub(super) offline: bool,
    pub(super) json: bool,
    pub(super) look: Look,
}

impl Context {
    /// The accounts, in the order they were joined.
    pub(super) async fn accounts(&self, session: &Session) -> Result<Vec<Account>, Failure> {
        match session.command(Ask::State).await? {
            Reply::State(state) => Ok(state.accounts),
            other => Err(unexpected(&other)),
        }
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
        let (fitting, others): (Vec<_>, Vec<_>) =
            accounts.into_iter().partition(|account| self.fits(account));
        let Ok([account]) = <[Account; 1]>::try_from(fitting.clone()) else {
            return Err(self.not_one(&fitting, &others));
        };
        Ok(account)
    }

    fn fits(&self, account: &Account) -> bool {
        let Some(wanted) = &self.account else { return true };
        let number = wanted.parse::<AccountId>();
        number.is_ok_and(|number| number == account.id)
            || account.service.eq_ignore_ascii_case(wanted)
            || account.address.eq_ignore_ascii_case(wanted)
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
