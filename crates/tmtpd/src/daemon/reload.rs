//! Reload: applies a changed configuration without dropping links.
//!
//! The configuration is read again. A service is identified by its data folder: new ones are
//! started, missing ones are stopped in order, and the others apply what can change while they run.
//! An invalid configuration changes nothing.

use std::fmt::{self, Display, Formatter};
use std::sync::Arc;

use tokio::task::JoinSet;

use super::{Daemon, Instance, InstanceError, InstanceState, Now};
use crate::config::{Config, ConfigError, DaemonConfig, ServiceSettings};
use crate::log::chain;
use crate::notify;

/// The result of a reload. `Display` writes a line for each item.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reloaded {
    /// What has changed.
    pub done: Vec<String>,
    /// What failed, and why, or waits for a restart.
    pub left: Vec<String>,
}

impl Display for Reloaded {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.done.is_empty() && self.left.is_empty() {
            return f.write_str("nothing has changed");
        }
        let mut lines = self.done.iter().chain(&self.left);
        lines.next().map_or(Ok(()), |line| f.write_str(line))?;
        lines.try_for_each(|line| write!(f, "\n{line}"))
    }
}

/// Why nothing was reloaded. The services continue unchanged.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    /// The configuration is invalid.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The daemon is stopping.
    #[error("the daemon is stopping")]
    Stopping,
}

impl Daemon {
    /// Reads the configuration again and applies it. Links of remaining services stay open. The
    /// result is logged, whoever asked.
    ///
    /// # Errors
    /// [`ReloadError`]; nothing has changed then.
    pub async fn reload(&self) -> Result<Reloaded, ReloadError> {
        let mut now = self.shared.now.lock().await;
        if self.is_stopping() {
            return Err(ReloadError::Stopping);
        }
        notify::reloading();
        let reloaded = self.reload_now(&mut now).await;
        notify::ready();
        log(&reloaded);
        reloaded
    }

    async fn reload_now(&self, now: &mut Now) -> Result<Reloaded, ReloadError> {
        let config = self.shared.source.read()?;
        let mut report = Reloaded::default();
        let stopping = self.let_go(&config, now, &mut report).await;
        self.keep(&config, &mut report);
        self.take_on(&config, &mut report).await;
        now.take_over(config, &mut report);
        self.order(&now.config);
        self.connect(now, &mut report).await;
        self.say_ready(now);
        stopping.join_all().await;
        Ok(report)
    }

    /// Stops services that the configuration no longer names.
    async fn let_go(
        &self,
        config: &DaemonConfig,
        now: &mut Now,
        report: &mut Reloaded,
    ) -> JoinSet<()> {
        let is_named = |instance: &Arc<Instance>| of(config, instance).is_some();
        // A failed one is started again.
        let stays = |instance: &Arc<Instance>| {
            is_named(instance) && instance.state() == InstanceState::Running
        };
        let gone: Vec<_> =
            self.services().into_iter().filter(|instance| !stays(instance)).collect();
        self.change(|instances| instances.retain(stays));
        // Frees its addresses and ends its links before anything new starts.
        now.sockets.connect(&self.services()).await;
        let mut stopping = JoinSet::new();
        for instance in gone {
            if !is_named(&instance) {
                report.done.push(format!("{}: stopped", instance.name()));
            }
            if let Some(error) = instance.take_failure() {
                now.failure.get_or_insert(error);
            }
            stopping.spawn(async move { instance.stop().await });
        }
        stopping
    }

    /// Applies what can change to the remaining services.
    fn keep(&self, config: &DaemonConfig, report: &mut Reloaded) {
        for instance in self.services() {
            if let Some(new) = of(config, &instance) {
                instance.take_over(new.clone(), report);
            }
        }
    }

    /// Starts new services.
    async fn take_on(&self, config: &DaemonConfig, report: &mut Reloaded) {
        let running = self.services();
        let is_new = |one: &&Config| !running.iter().any(|instance| instance.is(one));
        for one in config.services.iter().filter(is_new) {
            let name = &one.service.name;
            match self.start_one(one, config.services.len() > 1).await {
                Ok(()) => report.done.push(format!("{name}: started")),
                Err(error) => {
                    report.left.push(format!("{name}: does not start: {}", chain(&error)))
                }
            }
        }
    }

    /// Puts the services into the order of the configuration.
    fn order(&self, config: &DaemonConfig) {
        self.change(|instances| {
            instances
                .sort_by_key(|instance| config.services.iter().position(|one| instance.is(one)));
        });
    }

    async fn connect(&self, now: &mut Now, report: &mut Reloaded) {
        let mut again = false;
        for (instance, error) in now.sockets.connect(&self.services()).await {
            report.left.push(format!("{}: {}", instance.name(), chain(&error)));
            // A service that nobody can reach anywhere is stopped.
            if now.sockets.of(&instance).is_empty() {
                again = true;
                self.withdraw(&instance).await;
                now.failure.get_or_insert(InstanceError::Listen(error));
            }
        }
        if again {
            now.sockets.connect(&self.services()).await;
        }
    }
}

impl Now {
    fn take_over(&mut self, config: DaemonConfig, report: &mut Reloaded) {
        let (log, metrics) = (self.config.log, self.config.metrics);
        for (section, differs) in
            [("log", config.log != log), ("metrics", config.metrics != metrics)]
        {
            if differs {
                report.left.push(format!("{section}: changes with the next start of the daemon"));
            }
        }
        self.sockets.set_unrouted(&config.unrouted);
        self.config = DaemonConfig { log, metrics, ..config };
    }
}

impl Instance {
    /// Whether `config` describes this service.
    fn is(&self, config: &Config) -> bool {
        self.data() == config.service.data
    }

    fn take_over(self: &Arc<Self>, mut new: Config, report: &mut Reloaded) {
        let old = self.config();
        let name = new.service.name.clone();
        if new.store != old.store {
            report.left.push(format!("{name}: store: changes with the next start of the daemon"));
            new.store = old.store.clone();
        }
        let changes = changes(&old, &new);
        if new.tls != old.tls {
            self.cert_watcher().restart(&new);
        }
        let refreshed = self.cert_watcher().refresh(&new);
        self.apply(new);
        if !changes.is_empty() {
            report.done.push(format!("{name}: {} changed", changes.join(", ")));
        }
        match refreshed {
            Ok(true) => report.done.push(format!("{name}: new links see a new certificate")),
            Ok(false) => {}
            Err(why) => {
                report.left.push(format!("{name}: keeps the certificate it has: {why}"));
            }
        }
    }
}

fn log(reloaded: &Result<Reloaded, ReloadError>) {
    match reloaded {
        Ok(reloaded) => {
            reloaded.left.iter().for_each(|line| tracing::warn!("reload: {line}"));
            reloaded.done.iter().for_each(|line| tracing::info!("reload: {line}"));
            tracing::info!("reloaded");
        }
        Err(error) => {
            tracing::error!("not reloaded, nothing has changed: {}", chain(error));
        }
    }
}

/// The names of the sections and keys that differ.
fn changes(old: &Config, new: &Config) -> Vec<&'static str> {
    // Destructured, so that a new field is considered here. A service is identified by its data
    // folder, and its store changes with the next start.
    let Config { service, tls, limits, store: _ } = new;
    let ServiceSettings { name, data: _, listen, server_names, default, public, post_policy } =
        service;
    let was = &old.service;
    let changes = [
        ("name", was.name != *name),
        ("listen", was.listen != *listen),
        ("server_names", was.server_names != *server_names),
        ("default", was.default != *default),
        ("public", was.public != *public),
        ("post_policy", was.post_policy != *post_policy),
        ("tls", old.tls != *tls),
        ("limits", old.limits != *limits),
    ];
    changes.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
}

/// The configuration of a service in `config`.
fn of<'a>(config: &'a DaemonConfig, instance: &Instance) -> Option<&'a Config> {
    config.services.iter().find(|one| instance.is(one))
}
