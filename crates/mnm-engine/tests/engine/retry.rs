//! Attempts of an app to connect again. They are counted at a relay in front of the real service,
//! or on a platform of the test's, where hours pass at once.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mnm_engine::command::{Command, Reply};
use mnm_engine::platform::{Carrier, Connecting, Peer, Platform, Proof};
use mnm_engine::vault::Vault;
use mnm_engine::view::{Link, Standing};
use mnm_engine::{Engine, OpenError, Options};
use mnm_native::Native;
use tmtp_testkit::process::ServiceProcess;
use tokio::io::{AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::cast::{Person, ask};

/// Stands in front of a service, and can cut all links.
struct Relay {
    address: SocketAddr,
    open: Arc<AtomicBool>,
    attempts: watch::Receiver<usize>,
    cut: watch::Sender<()>,
}

impl Relay {
    async fn before(service: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let open = Arc::new(AtomicBool::new(true));
        let (counted, attempts) = watch::channel(0);
        let (cut, cutting) = watch::channel(());
        let forward = Arc::clone(&open);
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let forwarded = forward.load(Ordering::SeqCst);
                counted.send_modify(|count| *count += 1);
                if !forwarded {
                    continue;
                }
                let mut cutting = cutting.clone();
                cutting.mark_unchanged();
                tokio::spawn(async move {
                    let mut far = TcpStream::connect(service).await.unwrap();
                    tokio::select! {
                        _ = copy_bidirectional(&mut near, &mut far) => {}
                        _ = cutting.changed() => {}
                    }
                });
            }
        });
        Self { address, open, attempts, cut }
    }

    /// Cuts all links, and refuses new ones until so many attempts have failed.
    async fn fail(&mut self, attempts: usize) {
        self.open.store(false, Ordering::SeqCst);
        let wanted = *self.attempts.borrow() + attempts;
        self.cut.send_replace(());
        self.attempts.wait_for(|count| *count >= wanted).await.unwrap();
        self.open.store(true, Ordering::SeqCst);
    }
}

/// How long until the next attempt, while offline.
fn pause_ms(link: &Link) -> i64 {
    let Link::Offline { retry_at_ms, .. } = link else { panic!("{link:?}") };
    retry_at_ms - Native.now_ms()
}

async fn offline(person: &Person) -> Link {
    person.until_link("offline", |link| matches!(link, Link::Offline { .. })).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queued_letter_reconnects_at_once_and_a_login_resets_the_backoff() {
    let service = ServiceProcess::start_plain().unwrap();
    let mut relay = Relay::before(service.address()).await;
    let mut ada = Person::new().await;
    let join = Command::Join {
        address: format!("={}", relay.address),
        alias: "ada lovelace".into(),
        device: None,
        another: false,
    };
    ada.account = ask!(ada, join, Account).id;
    let bob = Person::join(&service, "bob babbage").await;
    ada.online().await;
    ada.befriend(&bob).await;

    relay.fail(4).await;
    let waiting = offline(&ada).await;
    assert!(pause_ms(&waiting) > 1_500, "after several failures: {waiting:?}");
    let before = *relay.attempts.borrow();
    let letter = ada.queue(&["bob babbage"], "at once", &[]).await;
    ada.sent(&letter).await;
    assert_eq!(*relay.attempts.borrow(), before + 1, "the first attempt was the one");

    // That link was good, however short: its end is not one more failure.
    relay.fail(0).await;
    let waiting = offline(&ada).await;
    assert!(pause_ms(&waiting) <= 1_000, "after a granted login: {waiting:?}");
    ada.online().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_to_an_unreachable_service_fail_at_once() {
    let mut service = ServiceProcess::start().unwrap();
    let ada = Person::join(&service, "ada lovelace").await;
    let bob = Person::join(&service, "bob babbage").await;
    ada.befriend(&bob).await;
    let (account, group) = (ada.account, "rowing club".to_owned());
    let text = String::new();
    let invite =
        Command::Invite { account, group: group.clone().into(), to: "bob babbage".into(), text };
    ask!(ada, invite, Ping);
    ada.until("the group", || async {
        let groups = ask!(ada, Command::Groups { account: None }, Groups);
        groups.iter().any(|group| group.standing == Standing::Joined).then_some(())
    })
    .await;
    service.kill9().unwrap();
    offline(&ada).await;
    let leave =
        Command::Drop { account, group: group.clone().into(), alias: "ada lovelace".into() };
    let join = Command::JoinGroup { account, group: group.into() };
    let alias = Command::AddAlias { account, alias: "another alias".into() };
    let device = Command::AddDevice { account, label: "laptop".into() };
    for asked in [leave, join, alias, device] {
        let soon = Duration::from_secs(8);
        let answer = tokio::time::timeout(soon, ada.engine.command(asked.clone())).await;
        let error = answer.unwrap_or_else(|_| panic!("{asked:?} waits")).unwrap_err();
        assert_eq!(error.code, mnm_engine::ErrorCode::Offline, "{asked:?}: {error}");
        assert!(error.message.contains("Nothing was done"), "{asked:?}: {error}");
        assert!(!error.message.contains("by itself"), "{asked:?}: {error}");
    }
}

/// Has the simulated time go on by so much; everything that is due meanwhile happens.
async fn pass(span: Duration) {
    let nothing = std::future::pending::<()>();
    assert!(tokio::time::timeout(span, nothing).await.is_err());
}

/// A platform on which nobody is let in.
#[derive(Debug, Default)]
struct Closed {
    attempts: Arc<AtomicUsize>,
    network: Arc<Mutex<Vec<IpAddr>>>,
}

impl Platform for Closed {
    fn now_ms(&self) -> i64 {
        0
    }

    fn random(&self, bytes: &mut [u8]) -> Result<(), getrandom::Error> {
        bytes.fill(0);
        Ok(())
    }

    fn open_vault(&self, home: &Path) -> Result<Vault, OpenError> {
        mnm_native::open_vault(home)
    }

    fn connect(&self, _host: &str, _port: u16, _proof: Proof) -> Connecting {
        self.attempts.fetch_add(1, Ordering::SeqCst);
        Box::pin(async {
            let (near, mut far) = tokio::io::duplex(4096);
            far.write_all(br#"0024{"error":"login failed","op":"quit"}"#).await.unwrap();
            tokio::spawn(async move {
                let mut heard = tokio::io::sink();
                let _ = tokio::io::copy(&mut far, &mut heard).await;
            });
            Ok(Carrier { stream: Box::new(near), peer: Peer::Itself })
        })
    }

    fn network(&self) -> Option<Vec<IpAddr>> {
        Some(self.network.lock().unwrap().clone())
    }
}

#[tokio::test]
async fn a_refused_device_retries_rarely_and_on_user_activity() {
    let service = ServiceProcess::start_plain().unwrap();
    let ada = Person::join(&service, "ada lovelace").await;
    ada.engine.close().await;
    let (home, account) = ada.into_home();
    drop(service);

    tokio::time::pause();
    let platform = Closed::default();
    let (attempts, network) = (Arc::clone(&platform.attempts), Arc::clone(&platform.network));
    let count = || attempts.load(Ordering::SeqCst);
    let options = Options { home: home.path().join("home"), connect: true };
    let engine = Engine::open(options, Arc::new(platform)).await.unwrap();
    pass(Duration::from_secs(10)).await;
    assert_eq!(count(), 1);
    let Reply::State(state) = engine.command(Command::State).await.unwrap() else { panic!() };
    let Link::Refused { retry_at_ms, .. } = state.accounts[0].link else { panic!("{state:?}") };
    assert!((60_000..=300_000).contains(&retry_at_ms), "{retry_at_ms}");
    pass(Duration::from_secs(3600)).await;
    assert!((10..=30).contains(&count()), "{} attempts in an hour", count());

    let before = count();
    engine.command(Command::Nudge).await.unwrap();
    pass(Duration::from_secs(2)).await;
    assert_eq!(count(), before + 1, "somebody looks");
    let ping = Command::Ping { account, to: "bob babbage".into(), text: "hello".into() };
    engine.command(ping).await.unwrap();
    pass(Duration::from_secs(2)).await;
    assert_eq!(count(), before + 2, "something is to be sent");

    network.lock().unwrap().push(IpAddr::from([192, 0, 2, 77]));
    pass(Duration::from_secs(10)).await;
    assert_eq!(count(), before + 3, "the network is back");
    network.lock().unwrap().clear();
    pass(Duration::from_secs(10)).await;
    assert_eq!(count(), before + 3, "the network is gone");
    engine.close().await;
}
