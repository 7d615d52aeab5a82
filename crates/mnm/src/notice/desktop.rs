//! Client of the Desktop Notifications Specification, over the user's session bus.

use std::collections::{BTreeMap, HashMap};

use futures_util::StreamExt as _;
use mnm_engine::view::Notice;
use tokio::sync::mpsc;
use zbus::{Connection, Proxy, proxy::SignalStream, zvariant::Value};

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";
/// Notices whose clicks are awaited; of older ones they open nothing.
const SHOWN_MAX: usize = 64;

/// The notification service, and what is shown by it.
struct Desktop {
    proxy: Proxy<'static>,
    clicks: SignalStream<'static>,
    /// Whether text is read as markup.
    reads_markup: bool,
    places: BTreeMap<u32, String>,
}

impl Desktop {
    async fn connect() -> zbus::Result<Self> {
        let connection = Connection::session().await?;
        let proxy = Proxy::new(&connection, NAME, PATH, NAME).await?;
        let clicks = proxy.receive_signal("ActionInvoked").await?;
        let abilities: Vec<String> = proxy.call("GetCapabilities", &()).await?;
        let reads_markup = abilities.iter().any(|ability| ability == "body-markup");
        Ok(Self { proxy, clicks, reads_markup, places: BTreeMap::new() })
    }

    async fn show(&mut self, notice: &Notice) -> zbus::Result<()> {
        let body = if self.reads_markup { escaped(&notice.body) } else { notice.body.clone() };
        let mut hints: HashMap<&str, Value<'_>> = HashMap::from([
            ("desktop-entry", Value::from("mnm")),
            ("category", Value::from("im.received")),
        ]);
        if notice.sound {
            hints.insert("sound-name", Value::from("message-new-instant"));
        } else {
            hints.insert("suppress-sound", Value::from(true));
        }
        let actions = ["default", "Open"].as_slice();
        let words = ("mnm", 0_u32, "mnm", &*notice.title, &*body, actions, hints, -1_i32);
        let id: u32 = self.proxy.call("Notify", &words).await?;
        self.places.insert(id, place(notice));
        while self.places.len() > SHOWN_MAX {
            self.places.pop_first();
        }
        Ok(())
    }

    /// The place that was clicked.
    fn clicked(&mut self, click: &zbus::Message) -> Option<String> {
        let (id, _action): (u32, String) = click.body().deserialize().ok()?;
        self.places.remove(&id)
    }
}

/// Shows what comes, until nobody sends any more. A bus that is missing or lost is tried again with
/// the next notice.
pub(super) async fn run(mut notices: mpsc::Receiver<Notice>, open: impl Fn(&str) + Send + Sync) {
    let mut desktop: Option<Desktop> = None;
    loop {
        let notice = match &mut desktop {
            None => notices.recv().await,
            Some(there) => tokio::select! {
                notice = notices.recv() => notice,
                click = there.clicks.next() => {
                    match click {
                        Some(click) => {
                            if let Some(place) = there.clicked(&click) {
                                open(&place);
                            }
                        }
                        None => desktop = None,
                    }
                    continue;
                }
            },
        };
        let Some(notice) = notice else { return };
        if let Err(error) = show(&mut desktop, &notice).await {
            tracing::info!(%error, "the desktop shows no notices");
            desktop = None;
        }
    }
}

async fn show(desktop: &mut Option<Desktop>, notice: &Notice) -> zbus::Result<()> {
    if desktop.is_none() {
        *desktop = Some(Desktop::connect().await?);
    }
    match desktop {
        Some(desktop) => desktop.show(notice).await,
        None => Ok(()),
    }
}

/// Others' text, so that no part of it is markup.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// What a click on a notice opens: the place in the pages where it leads.
fn place(notice: &Notice) -> String {
    match (notice.thread, notice.ping) {
        (Some(thread), _) => format!("#/{}/letters/{thread}", notice.account),
        (None, Some(ping)) => format!("#/{}/pings/{ping}", notice.account),
        (None, None) => format!("#/{}", notice.account),
    }
}
