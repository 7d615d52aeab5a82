//! The three members with their four apps, joined and introduced to each other.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::app::App;
use super::member::Member;
use super::poll::until;
use super::service::Service;
use super::workdir::Workdir;
use crate::step::Steps;

/// A ping takes milliseconds; a machine that builds something else besides, longer.
const SOON: Duration = Duration::from_secs(30);

/// The service and everybody's apps. Dropping it ends all of them.
#[derive(Debug)]
pub(crate) struct Cast {
    /// Ada's first device.
    pub(crate) ada: App,
    /// Ada's second device.
    pub(crate) phone: App,
    /// Björn's only device.
    pub(crate) bjorn: App,
    /// Carmen's only device.
    pub(crate) carmen: App,
    /// What they all joined.
    pub(crate) service: Service,
}

impl Cast {
    /// Starts the service and the apps, and has everybody join.
    pub(crate) fn assemble(steps: &mut Steps, workdir: &Workdir) -> Result<Self> {
        let service = steps.take("the service starts", || Service::start(workdir))?;
        let cast = steps.take("four apps start", || {
            Ok(Self {
                ada: App::start(workdir, "ada-laptop", "Ada's laptop", Member::Ada)?,
                phone: App::start(workdir, "ada-phone", "Ada's phone", Member::Ada)?,
                bjorn: App::start(workdir, "bjorn", "Björn", Member::Bjorn)?,
                carmen: App::start(workdir, "carmen", "Carmen", Member::Carmen)?,
                service,
            })
        })?;
        steps.take("Ada, Björn and Carmen join", || cast.join())?;
        steps.take("Ada's phone becomes her second device", || cast.add_phone())?;
        Ok(cast)
    }

    /// Everybody pings everybody, and answers.
    pub(crate) fn introduce(&self, steps: &mut Steps) -> Result<()> {
        steps.take("pings go out and are answered", || {
            self.ada.ask(["ping", Member::Bjorn.alias(), "Hello Björn, Ada here, from boat 4."])?;
            self.ada.ask([
                "ping",
                Member::Carmen.alias(),
                "Hello Carmen, are you rowing again?",
            ])?;
            self.bjorn.ask(["ping", Member::Carmen.alias(), "Hi, I am the new cox."])?;
            accept(&self.bjorn, 1)?;
            accept(&self.carmen, 2)?;
            until("all pings are answered", SOON, || {
                let all = [&self.ada, &self.bjorn, &self.carmen].map(|app| app.list(["pings"]));
                let mut open = 0;
                for pings in all {
                    open += pings?.iter().filter(|ping| !is_accepted(ping)).count();
                }
                Ok((open == 0).then_some(()))
            })
        })
    }

    /// All four apps.
    pub(crate) fn all(&self) -> [&App; 4] {
        [&self.ada, &self.phone, &self.bjorn, &self.carmen]
    }

    /// Ends everything in order; each has to end with success.
    pub(crate) fn stop(mut self) -> Result<()> {
        for app in [&mut self.ada, &mut self.phone, &mut self.bjorn, &mut self.carmen] {
            app.stop()?;
        }
        self.service.stop()
    }

    fn join(&self) -> Result<()> {
        for app in [&self.ada, &self.bjorn, &self.carmen] {
            let address = self.service.address();
            let alias = app.member.alias();
            let account = app.ask(["join", address, "--alias", alias, "--device", app.label])?;
            ensure!(account["alias"] == alias, "{} got no alias: {account}", app.label);
        }
        Ok(())
    }

    fn add_phone(&self) -> Result<()> {
        let answer = self.ada.ask(["devices", "add", self.phone.label])?;
        let code = answer.as_str().or_else(|| answer["code"].as_str());
        let code = code.context("`mnm devices add` gave no code")?;
        let account = self.phone.ask(["join", "--device-code", code])?;
        let mine = self.ada.ask(["status"])?;
        ensure!(
            account["uid"].is_string() && mine.to_string().contains(&account["uid"].to_string()),
            "the phone belongs to somebody else: {account}"
        );
        Ok(())
    }
}

/// Accepts pings and invitations as they come in, until there were so many.
pub(crate) fn accept(app: &App, count: usize) -> Result<()> {
    let mut accepted = 0;
    until(&format!("{} gets {count} to accept", app.label), SOON, || {
        accepted += app.accept_all()?;
        Ok((accepted >= count).then_some(()))
    })
}

fn is_accepted(ping: &Value) -> bool {
    ping["state"]["state"] == "accepted"
}
