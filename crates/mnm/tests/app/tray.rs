//! Tray icon: a real session bus, with a tray that keeps the names of its icons.

use std::collections::HashMap;
use std::fs;
use std::time::Duration;

use futures_util::StreamExt as _;
use tmtp_testkit::process::{AppProcess, ServiceProcess};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use zbus::proxy::{self, CacheProperties};
use zbus::zvariant::{OwnedValue, Value};
use zbus::{Connection, Proxy, connection, interface};

use crate::desktop::{Bus, browser};
use crate::letters::{ADA, BJORN, introduce, join, until};

/// The desktop's tray.
struct Tray {
    icons: UnboundedSender<String>,
}

#[interface(name = "org.kde.StatusNotifierWatcher")]
impl Tray {
    fn register_status_notifier_item(&self, name: String) {
        self.icons.send(name).unwrap();
    }

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }
}

async fn tray(bus: &Bus) -> (Connection, UnboundedReceiver<String>) {
    let (icons, names) = unbounded_channel();
    let tray = connection::Builder::address(bus.address.as_str()).unwrap();
    let tray = tray.serve_at("/StatusNotifierWatcher", Tray { icons }).unwrap();
    let tray = tray.name("org.kde.StatusNotifierWatcher").unwrap();
    (tray.build().await.unwrap(), names)
}

/// An object of the app. Its properties are asked for each time: this specification tells of their changes by
/// signals of its own.
async fn proxy<'a>(bus: &Connection, name: &'a str, path: &'a str, object: &'a str) -> Proxy<'a> {
    let proxy = proxy::Builder::new(bus).destination(name).unwrap().path(path).unwrap();
    let proxy = proxy.interface(object).unwrap().cache_properties(CacheProperties::No);
    proxy.build().await.unwrap()
}

/// The words of the tool tip.
async fn words(item: &Proxy<'_>) -> String {
    type Pixmap = Vec<(i32, i32, Vec<u8>)>;
    let tip: OwnedValue = item.get_property("ToolTip").await.unwrap();
    let (_, _, title, words): (String, Pixmap, String, String) = tip.try_into().unwrap();
    assert_eq!(title, "mnm");
    words
}

async fn until_words(item: &Proxy<'_>, wanted: &str) {
    let mut changes = item.receive_signal("NewToolTip").await.unwrap();
    let reached = async {
        while words(item).await != wanted {
            changes.next().await.unwrap();
        }
    };
    let reached = tokio::time::timeout(Duration::from_secs(30), reached).await;
    assert!(reached.is_ok(), "{}", words(item).await);
}

/// The icon's largest picture.
async fn picture(item: &Proxy<'_>) -> Vec<u8> {
    let pictures: Vec<(i32, i32, Vec<u8>)> = item.get_property("IconPixmap").await.unwrap();
    pictures.into_iter().max_by_key(|(width, ..)| *width).unwrap().2
}

type Properties = HashMap<String, OwnedValue>;

/// The entries of the menu: their numbers and labels.
async fn entries(menu: &Proxy<'_>) -> Vec<(i32, String)> {
    type Layout = (u32, (i32, Properties, Vec<OwnedValue>));
    let layout: Layout =
        menu.call("GetLayout", &(0_i32, -1_i32, Vec::<&str>::new())).await.unwrap();
    let entry = |entry: OwnedValue| {
        let (id, properties, _): (i32, Properties, Vec<OwnedValue>) = entry.try_into().unwrap();
        let label = properties.get("label").and_then(|label| label.downcast_ref::<String>().ok());
        Some((id, label?))
    };
    layout.1.2.into_iter().filter_map(entry).collect()
}

async fn click(menu: &Proxy<'_>, label: &str) {
    let entries = entries(menu).await;
    let (id, _) = entries.iter().find(|(_, text)| text == label).unwrap();
    menu.call::<_, _, ()>("Event", &(*id, "clicked", Value::from(0), 0_u32)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn tray_icon_shows_what_is_unread_opens_the_pages_and_quits() {
    let service = ServiceProcess::start_plain().unwrap();
    let (ada, mut bjorn) = (AppProcess::new().unwrap(), AppProcess::new().unwrap());
    let bus = Bus::start(bjorn.desk());
    bjorn.set_env("DBUS_SESSION_BUS_ADDRESS", &bus.address);
    bjorn.set_env("PATH", &browser(bjorn.desk()));
    join(&ada, &service, ADA);
    join(&bjorn, &service, BJORN);
    introduce(&ada, &bjorn);
    bjorn.start().unwrap();

    // A tray that comes after the app gets the icon too.
    let (bus, mut names) = tray(&bus).await;
    let name = tokio::time::timeout(Duration::from_secs(30), names.recv()).await.unwrap().unwrap();
    let item = proxy(&bus, &name, "/StatusNotifierItem", "org.kde.StatusNotifierItem").await;
    let menu = proxy(&bus, &name, "/MenuBar", "com.canonical.dbusmenu").await;
    until_words(&item, "Nothing unread").await;
    let quiet = picture(&item).await;
    ada.ok(&["send", "--to", BJORN, "--subject", "Regatta", "on Sunday"]).unwrap();
    until_words(&item, "1 unread message").await;
    assert_ne!(picture(&item).await, quiet);
    let labels: Vec<_> = entries(&menu).await.into_iter().map(|(_, label)| label).collect();
    assert_eq!(labels, ["1 unread message", "Open mnm", "Quit mnm"]);

    item.call::<_, _, ()>("Activate", &(0_i32, 0_i32)).await.unwrap();
    let opened = bjorn.desk().join("opened");
    until("the browser", || fs::read_to_string(&opened).ok());
    fs::remove_file(&opened).unwrap();
    click(&menu, "Open mnm").await;
    let address = until("the browser again", || fs::read_to_string(&opened).ok());
    assert!(address.starts_with("http://127.0.0.1:"), "{address}");

    click(&menu, "Quit mnm").await;
    let running = bjorn.home().join("app.json");
    until("the end of the app", || (!running.exists()).then_some(()));
}
