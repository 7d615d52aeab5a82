//! Cast of the crash test: three members with four apps, and one who speaks revision 1 by hand. All know
//! each other, and all are in one group.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tmtp_testkit::peer::RawPeer;
use tmtp_testkit::process::{AppProcess, ServiceProcess};

/// How long anything may take that is due.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);
/// The group of all.
pub(crate) const GROUP: &str = "Everyone of it";
/// Devices that are apps; the raw member's two follow.
pub(crate) const APPS: usize = 4;
/// All devices.
pub(crate) const DEVICES: usize = APPS + 2;

/// Who writes and reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Member {
    /// Has two apps.
    Ada,
    Bjorn,
    Carmen,
    /// Has two devices that are no apps of ours.
    Rolf,
}

impl Member {
    pub(crate) const ALL: [Self; 4] = [Self::Ada, Self::Bjorn, Self::Carmen, Self::Rolf];

    pub(crate) fn alias(self) -> &'static str {
        match self {
            Self::Ada => "Ada Lindqvist",
            Self::Bjorn => "Björn Ekdal",
            Self::Carmen => "Carmen Ortiz",
            Self::Rolf => "Rolf the Raw",
        }
    }

    /// Whose a device is, by its number.
    pub(crate) fn of(device: usize) -> Self {
        match device {
            0 | 1 => Self::Ada,
            2 => Self::Bjorn,
            3 => Self::Carmen,
            _ => Self::Rolf,
        }
    }
}

/// The command line of one app. Works while the app itself is being killed.
#[derive(Debug, Clone)]
pub(crate) struct Terminal {
    home: PathBuf,
    desk: PathBuf,
}

impl Terminal {
    pub(crate) fn of(app: &AppProcess) -> Self {
        Self { home: app.home(), desk: app.desk().to_owned() }
    }

    /// Where files lie.
    pub(crate) fn desk(&self) -> &Path {
        &self.desk
    }

    /// Runs one command with `--json` to its end, whatever that is.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        let program = std::env::var_os("MNM_BIN").unwrap_or(env!("CARGO_BIN_EXE_mnm").into());
        let mut command = Command::new(program);
        command.arg("--home").arg(&self.home).args(arguments).arg("--json");
        command.current_dir(&self.desk).stdin(Stdio::null()).output().unwrap()
    }

    /// What a command answered, if it succeeded.
    pub(crate) fn ask(&self, arguments: &[&str]) -> Option<Value> {
        let output = self.run(arguments);
        let answer = serde_json::from_slice(&output.stdout).ok()?;
        output.status.success().then_some(answer)
    }

    /// The elements of a list, if the command succeeded.
    pub(crate) fn list(&self, arguments: &[&str]) -> Option<Vec<Value>> {
        self.ask(arguments)?.as_array().cloned()
    }
}

/// The raw member's account.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) uid: String,
    pub(crate) devices: [String; 2],
}

/// Everybody, running.
#[derive(Debug)]
pub(crate) struct Cast {
    pub(crate) apps: Vec<AppProcess>,
    pub(crate) rolf: Account,
    /// By [`Member`].
    pub(crate) uids: [String; 4],
    pub(crate) service: ServiceProcess,
}

/// Starts everybody and introduces them.
pub(crate) fn assemble(runtime: &tokio::runtime::Runtime) -> Cast {
    let service = ServiceProcess::start().unwrap();
    let mut apps: Vec<_> = (0..APPS).map(|_| AppProcess::new().unwrap()).collect();
    for app in &mut apps {
        app.start().unwrap();
    }
    for device in [0, 2, 3] {
        let alias = Member::of(device).alias();
        apps[device].json(&["join", service.handed_out_address(), "--alias", alias]).unwrap();
    }
    let code = apps[0].json(&["devices", "add", "second"]).unwrap();
    let code = code.as_str().or_else(|| code["code"].as_str()).unwrap().to_owned();
    apps[1].json(&["join", "--device-code", &code]).unwrap();
    let uid = |app: &AppProcess| {
        let status = app.json(&["status"]).unwrap();
        let account = status.get("accounts").unwrap_or(&status)[0].clone();
        account["uid"].as_str().unwrap_or_else(|| panic!("{status}")).to_owned()
    };
    let uids = [uid(&apps[0]), uid(&apps[2]), uid(&apps[3])];
    let (rolf, mut link) = runtime.block_on(join_rolf(&service));
    introduce(&apps);
    runtime.block_on(async {
        for member in &Member::ALL[..3] {
            link.ping(Member::Rolf.alias(), member.alias(), "Rolf here").await.unwrap();
        }
    });
    accept(&apps, &[(0, 1), (2, 1), (3, 1)]);
    for member in &Member::ALL[1..] {
        apps[0].json(&["invite", GROUP, member.alias(), "All of us"]).unwrap();
    }
    accept(&apps, &[(2, 1), (3, 1)]);
    runtime.block_on(async {
        link.receive("invite").await.unwrap();
        let id = link.request_id();
        let join = json!({"op": 6, "id": id, "act": "join", "gid": GROUP});
        link.request(join).await.unwrap();
        link.expect_done(&id).await.unwrap();
        link.quit().await.unwrap();
    });
    for app in &apps {
        until("everybody knows everybody", || knows_all(&Terminal::of(app)).then_some(()));
    }
    let [ada, bjorn, carmen] = uids;
    let uids = [ada, bjorn, carmen, rolf.uid.clone()];
    Cast { apps, rolf, uids, service }
}

async fn join_rolf(service: &ServiceProcess) -> (Account, RawPeer) {
    let (mut link, uid, first) =
        RawPeer::join(service.address(), Member::Rolf.alias()).await.unwrap();
    let second = link.add_device("second").await.unwrap();
    (Account { uid, devices: [first, second] }, link)
}

fn introduce(apps: &[AppProcess]) {
    for (from, to) in [(0, Member::Bjorn), (0, Member::Carmen), (2, Member::Carmen)] {
        apps[from].json(&["ping", to.alias(), "Hello"]).unwrap();
    }
    accept(apps, &[(2, 1), (3, 2)]);
}

/// Has apps accept what comes in, until it was so many.
fn accept(apps: &[AppProcess], counts: &[(usize, usize)]) {
    for (device, count) in counts {
        let mut accepted = 0;
        until("something to accept", || {
            for ping in apps[*device].json(&["pings"]).unwrap().as_array().unwrap() {
                if ping["incoming"] == true && ping["state"]["state"] == "waiting" {
                    apps[*device].json(&["accept", &ping["id"].to_string()]).unwrap();
                    accepted += 1;
                }
            }
            (accepted >= *count).then_some(())
        });
    }
}

fn knows_all(app: &Terminal) -> bool {
    let (Some(contacts), Some(groups)) = (app.ask(&["contacts"]), app.ask(&["groups"])) else {
        return false;
    };
    let contacts = contacts.to_string();
    let known = Member::ALL.iter().filter(|member| contacts.contains(member.alias())).count();
    known >= Member::ALL.len() - 1 && groups[0]["gid"] == GROUP && groups[0]["standing"] == "joined"
}

/// Asks until there is an answer.
pub(crate) fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if let Some(answer) = ask() {
            return answer;
        }
    }
    panic!("waited in vain for this: {what}");
}
