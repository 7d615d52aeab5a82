//! Notices on a desktop: a real session bus, with a notification service that notes what it is told.

use std::collections::HashMap;
use std::fs;
use std::io::BufRead as _;
use std::time::Duration;

use tmtp_testkit::process::{AppProcess, ServiceProcess};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use zbus::{Connection, connection, interface, zvariant::OwnedValue};

use crate::desktop::{Bus, browser};
use crate::letters::{ADA, BJORN, introduce, join, thread, until};
use crate::raw::Server;

const PATH: &str = "/org/freedesktop/Notifications";
const NAME: &str = "org.freedesktop.Notifications";

/// What the desktop was told to show.
#[derive(Debug)]
struct Shown {
    id: u32,
    title: String,
    body: String,
    actions: Vec<String>,
    hints: HashMap<String, OwnedValue>,
}

struct Desktop {
    shown: UnboundedSender<Shown>,
    count: u32,
}

#[interface(name = "org.freedesktop.Notifications")]
impl Desktop {
    fn get_capabilities(&self) -> Vec<String> {
        vec!["body".into(), "body-markup".into(), "actions".into()]
    }

    #[expect(clippy::too_many_arguments, reason = "the specification's")]
    fn notify(
        &mut self,
        _app: String,
        _replaces: u32,
        _icon: String,
        title: String,
        body: String,
        actions: Vec<String>,
        hints: HashMap<String, OwnedValue>,
        _timeout_ms: i32,
    ) -> u32 {
        self.count += 1;
        self.shown.send(Shown { id: self.count, title, body, actions, hints }).unwrap();
        self.count
    }
}

async fn desktop(bus: &Bus) -> (Connection, UnboundedReceiver<Shown>) {
    let (shown, notices) = unbounded_channel();
    let desktop = Desktop { shown, count: 0 };
    let service = connection::Builder::address(bus.address.as_str()).unwrap();
    let service = service.serve_at(PATH, desktop).unwrap().name(NAME).unwrap();
    (service.build().await.unwrap(), notices)
}

async fn next(notices: &mut UnboundedReceiver<Shown>) -> Shown {
    tokio::time::timeout(Duration::from_secs(30), notices.recv()).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_is_shown_by_the_desktop_or_by_an_open_page() {
    let service = ServiceProcess::start_plain().unwrap();
    let (ada, mut bjorn) = (AppProcess::new().unwrap(), AppProcess::new().unwrap());
    let bus = Bus::start(bjorn.desk());
    let (desktop, mut notices) = desktop(&bus).await;
    bjorn.set_env("DBUS_SESSION_BUS_ADDRESS", &bus.address);
    bjorn.set_env("PATH", &browser(bjorn.desk()));
    join(&ada, &service, ADA);
    join(&bjorn, &service, BJORN);
    introduce(&ada, &bjorn);
    let url = bjorn.start().unwrap().to_owned();
    let send = |subject: &str, text: &str| {
        ada.ok(&["send", "--to", BJORN, "--subject", subject, text]).unwrap();
    };

    send("Regatta", "on Sunday");
    let told = next(&mut notices).await;
    assert_eq!(told.title, ADA);
    assert!(told.body.starts_with("New letter · ") && !told.body.contains("Regatta"), "{told:?}");
    assert_eq!(told.actions, ["default", "Open"]);
    assert!(told.hints.contains_key("sound-name"), "{told:?}");
    let id = thread(&bjorn, "Regatta");
    let click = (told.id, "default");
    desktop.emit_signal(None::<&str>, PATH, NAME, "ActionInvoked", &click).await.unwrap();
    let opened = until("the browser", || fs::read_to_string(bjorn.desk().join("opened")).ok());
    assert!(opened.trim().ends_with(&format!("#/1/letters/{id}")), "{opened}");

    // Silent for one thread; elsewhere with content, none of which is markup, and without a sound.
    bjorn.ok(&["notify", "none", "--thread", &id]).unwrap();
    let set = bjorn.ok(&["notify", "--content", "on", "--sound", "off"]).unwrap();
    assert!(set.contains(&format!("thread {id}: nothing")), "{set}");
    ada.ok(&["reply", &thread(&ada, "Regatta"), "unheard"]).unwrap();
    send("<b>Oars</b>", "a & b");
    let told = next(&mut notices).await;
    assert!(told.body.ends_with("\n&lt;b&gt;Oars&lt;/b&gt;\na &amp; b"), "{told:?}");
    assert!(told.hints.contains_key("suppress-sound"), "{told:?}");

    // An open page that shows notices gets them, and the desktop none.
    let port = url.split(['/', ':']).nth(4).unwrap().parse().unwrap();
    let server = Server { app: bjorn, port };
    let (_, mut lines) = server.stream("/api/notices", &server.page());
    send("For the page", "one");
    let mut line = String::new();
    while !line.starts_with("data:") {
        line.clear();
        lines.read_line(&mut line).unwrap();
    }
    assert!(line.contains("For the page"), "{line}");
    drop(lines);
    send("For the desktop", "two");
    assert!(next(&mut notices).await.body.contains("For the desktop"));
}

#[test]
fn quiet_hours_are_shown_and_checked() {
    let service = ServiceProcess::start_plain().unwrap();
    let ada = AppProcess::new().unwrap();
    join(&ada, &service, ADA);
    let set = ada.ok(&["notify", "mentions", "--quiet", "22:00-07:05"]).unwrap();
    assert!(set.contains("Quiet hours: 22:00-07:05"), "{set}");
    assert!(set.contains("letters that have your alias in them"), "{set}");
    let json = ada.json(&["notify", "--quiet", "off"]).unwrap();
    assert_eq!((&json["quiet"], &json["levels"][0]["level"]), (&().into(), &"mentions".into()));
    for wrong in ["22-7", "24:00-07:00", "07:00-07:00"] {
        let refused = ada.run(&["notify", "--quiet", wrong]).unwrap();
        assert_ne!(refused.status.code(), Some(0), "{wrong}: {refused:?}");
    }
}
