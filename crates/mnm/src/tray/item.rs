//! The tray icon as a StatusNotifierItem, on the user's session bus.

use std::collections::BTreeMap;
use std::sync::Arc;

use ksni::menu::StandardItem;
use ksni::{Icon, MenuItem, OfflineReason, ToolTip, Tray, TrayMethods as _};
use mnm_engine::Engine;
use mnm_engine::command::{Command, Reply};
use mnm_engine::event::Event;
use mnm_engine::view::{Account, AccountId};
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use super::icon;
use super::request::Request;

/// What waits for the member in one account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Waiting {
    letters: u64,
    pings: u64,
}

impl Waiting {
    fn of(account: &Account) -> Self {
        Self { letters: account.unread, pings: account.pings }
    }
}

struct Item {
    waiting: BTreeMap<AccountId, Waiting>,
    ask: Arc<dyn Fn(Request) + Send + Sync>,
}

impl Item {
    fn all(&self) -> Waiting {
        self.waiting.values().fold(Waiting::default(), |all, one| Waiting {
            letters: all.letters + one.letters,
            pings: all.pings + one.pings,
        })
    }

    fn set(&mut self, account: AccountId, waiting: Option<Waiting>) {
        match waiting {
            Some(waiting) => self.waiting.insert(account, waiting),
            None => self.waiting.remove(&account),
        };
    }

    /// In words, without anything of the content: it stands on a screen that others may see.
    fn words(&self) -> String {
        let Waiting { letters, pings } = self.all();
        let count = |count, one, more| match count {
            0 => None,
            1 => Some(format!("1 {one}")),
            many => Some(format!("{many} {more}")),
        };
        let parts =
            [count(letters, "unread message", "unread messages"), count(pings, "ping", "pings")];
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        if parts.is_empty() { "Nothing unread".to_owned() } else { parts.join(", ") }
    }

    fn entry(label: &str, request: Request) -> MenuItem<Self> {
        StandardItem {
            label: label.to_owned(),
            activate: Box::new(move |item: &mut Self| (item.ask)(request)),
            ..StandardItem::default()
        }
        .into()
    }
}

impl Tray for Item {
    fn id(&self) -> String {
        "mnm".to_owned()
    }

    fn category(&self) -> ksni::Category {
        ksni::Category::Communications
    }

    fn title(&self) -> String {
        "mnm".to_owned()
    }

    fn icon_pixmap(&self) -> Vec<Icon> {
        icon::icons(self.all() != Waiting::default())
    }

    fn tool_tip(&self) -> ToolTip {
        ToolTip { title: "mnm".to_owned(), description: self.words(), ..ToolTip::default() }
    }

    fn activate(&mut self, _x: i32, _y: i32) {
        (self.ask)(Request::Open);
    }

    fn menu(&self) -> Vec<MenuItem<Self>> {
        let words = StandardItem { label: self.words(), enabled: false, ..StandardItem::default() };
        vec![
            words.into(),
            MenuItem::Separator,
            Self::entry("Open mnm", Request::Open),
            Self::entry("Quit mnm", Request::Quit),
        ]
    }

    fn watcher_offline(&self, _reason: OfflineReason) -> bool {
        // A tray that starts after the app, or anew, gets the icon then.
        true
    }
}

/// Shows the icon until `stop`.
pub(super) async fn run(
    engine: Engine,
    stop: CancellationToken,
    ask: impl Fn(Request) + Send + Sync + 'static,
) {
    let mut events = engine.events();
    let item = Item { waiting: all(&engine).await, ask: Arc::new(ask) };
    let handle = match item.assume_sni_available(true).spawn().await {
        Ok(handle) => handle,
        Err(error) => {
            tracing::info!(%error, "the desktop shows no tray icon");
            return;
        }
    };
    while let Some(event) = stop.run_until_cancelled(events.recv()).await {
        let is_shown = match event {
            Ok(Event::Account { account }) => {
                handle.update(|item| item.set(account.id, Some(Waiting::of(&account)))).await
            }
            Ok(Event::AccountGone { account }) => {
                handle.update(|item| item.set(account, None)).await
            }
            Ok(Event::Lagged) | Err(RecvError::Lagged(_)) => {
                let waiting = all(&engine).await;
                handle.update(|item| item.waiting = waiting).await
            }
            Ok(
                Event::Thread { .. }
                | Event::Message { .. }
                | Event::MessageGone { .. }
                | Event::ThreadGone { .. }
                | Event::Progress { .. }
                | Event::Ping { .. }
                | Event::Contact { .. }
                | Event::ContactGone { .. }
                | Event::Group { .. }
                | Event::Draft { .. }
                | Event::DraftGone { .. },
            ) => continue,
            Err(RecvError::Closed) => break,
        };
        if is_shown.is_none() {
            tracing::info!("the tray icon has gone with the session bus");
            return;
        }
    }
    handle.shutdown().await;
}

/// What waits in all accounts.
async fn all(engine: &Engine) -> BTreeMap<AccountId, Waiting> {
    match engine.command(Command::State).await {
        Ok(Reply::State(state)) => {
            state.accounts.iter().map(|account| (account.id, Waiting::of(account))).collect()
        }
        // The next event of an account tells.
        Ok(_) | Err(_) => BTreeMap::new(),
    }
}
