//! Cast of the expiry tests: members with raw apps, and a service for which days pass.

use serde_json::{Value, json};
use tmtp_store::{Batch, StoreLimits};
use tmtp_testkit::peer::RawPeer;
use tmtp_testkit::process::ServiceProcess;
use tmtp_testkit::store::BlockingStore;

/// The account that the service writes from.
pub(super) const SERVICE: &str = "%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%";

/// What the log says when the expiry has given something up.
const GIVEN_UP: &str = "messages that were not fetched in time are given up";

/// Stops the service, lets `days` pass, starts it.
pub(super) async fn pass(service: &mut ServiceProcess, days: u32) {
    assert!(service.sigterm().unwrap().success());
    age(service, days).await;
    service.restart().unwrap();
}

/// As [`pass`], with messages that are overdue then: until they are given up, and `body` is erased.
pub(super) async fn pass_and_give_up(service: &mut ServiceProcess, days: u32, body: &str) {
    let runs = |service: &ServiceProcess| {
        std::fs::read_to_string(service.log_file()).unwrap().matches(GIVEN_UP).count()
    };
    let before = runs(service);
    pass(service, days).await;
    let start = std::time::Instant::now();
    while runs(service) == before || !service.grep_data_dir(body).unwrap().is_empty() {
        assert!(start.elapsed().as_secs() < 60, "nothing was given up");
        std::thread::yield_now();
    }
}

/// Makes everything that a stopped service keeps older: the rows `x/now` and `x/d/`, as they are
/// written in `src/expiry/calendar.rs`.
pub(super) async fn age(service: &ServiceProcess, days: u32) {
    let store = BlockingStore::open(&service.data_dir(), StoreLimits::default()).unwrap();
    let today = store
        .get(b"x/now")
        .unwrap()
        .map_or(0, |row| u32::from_be_bytes(row[..4].try_into().unwrap()));
    let mut rows = Batch::new();
    for day in today..today + days {
        let key = [b"x/d/".as_slice(), &day.to_be_bytes()].concat();
        rows.put(key, store.last_id().to_be_bytes());
    }
    let now = [(today + days).to_be_bytes(), 0_u32.to_be_bytes()].concat();
    rows.put(b"x/now".as_slice(), now);
    store.submit(rows).await.unwrap();
    store.close().unwrap();
}

/// What an app puts into a post.
pub(super) fn letter(thread: &str, to: &[&Member], text: &str) -> Vec<u8> {
    let cc: Vec<_> = to
        .iter()
        .map(|member| json!({"Who": member.alias, "WhoUid": member.uid, "Subscribe": true}))
        .collect();
    let head = json!({"ThreadId": thread, "Alias": "whoever", "Subject": "", "Cc": cc});
    format!("{head}{text}").into_bytes()
}

/// A word of the service itself.
#[derive(Debug)]
pub(super) struct Word {
    pub(super) thread: String,
    pub(super) subject: String,
    pub(super) text: String,
}

/// A member with a raw app.
pub(super) struct Member {
    peer: Option<RawPeer>,
    pub(super) alias: &'static str,
    pub(super) uid: String,
    pub(super) node: String,
}

impl Member {
    pub(super) async fn join(service: &ServiceProcess, alias: &'static str) -> Self {
        let (peer, uid, node) = RawPeer::join(service.address(), alias).await.unwrap();
        Self { peer: Some(peer), alias, uid, node }
    }

    pub(super) fn peer(&mut self) -> &mut RawPeer {
        self.peer.as_mut().unwrap()
    }

    pub(super) async fn enter(&mut self, service: &ServiceProcess) {
        self.peer = Some(RawPeer::enter(service.address(), &self.uid, &self.node).await.unwrap());
    }

    pub(super) async fn leave(&mut self) {
        self.peer.take().unwrap().quit().await.unwrap();
    }

    /// The secret of one device more.
    pub(super) async fn add_device(&mut self) -> String {
        self.peer().add_device("tablet").await.unwrap()
    }

    /// Posts bytes, the JSON at their beginning announced as `datahead`; gives the message's id.
    pub(super) async fn posts(&mut self, to: &[&Member], data: &[u8]) -> String {
        let to: Vec<_> = to.iter().map(|member| json!({"id": member.uid, "type": 1})).collect();
        self.posts_for(&json!(to), data).await
    }

    pub(super) async fn posts_to_group(&mut self, gid: &str, data: &[u8]) -> String {
        self.posts_for(&json!([{"id": gid, "type": 3}]), data).await
    }

    async fn posts_for(&mut self, to: &Value, data: &[u8]) -> String {
        let mut heads = serde_json::Deserializer::from_slice(data).into_iter::<Value>();
        let is_letter = heads.next().is_some_and(|head| head.is_ok());
        let head_len = if is_letter { heads.byte_offset() } else { 0 };
        let peer = self.peer();
        let id = peer.request_id();
        let head = json!({"op": 7, "id": id, "for": to, "datalen": data.len(),
            "datahead": head_len});
        peer.send(&head.to_string(), data).await.unwrap();
        peer.expect_done(&id).await.unwrap().text("msgid").to_owned()
    }

    /// Invites another, who joins.
    pub(super) async fn lets_in(&mut self, other: &mut Member, gid: &str) {
        let (from, id) = (self.alias, self.peer().request_id());
        let invite = json!({"op": 5, "id": id, "gid": gid, "from": from, "to": other.alias});
        self.peer().request(invite).await.unwrap();
        self.peer().expect_done(&id).await.unwrap();
        let id = other.peer().request_id();
        let join = json!({"op": 6, "id": id, "gid": gid, "act": "join"});
        other.peer().request(join).await.unwrap();
        other.peer().expect_done(&id).await.unwrap();
    }

    /// The next delivery, which must be from the service itself.
    pub(super) async fn receive_word(&mut self) -> Word {
        let frame = self.peer().receive("delivery").await.unwrap();
        assert_eq!(frame.text("from"), SERVICE, "{}", frame.raw_head);
        let head_len = usize::try_from(frame.head["datahead"].as_u64().unwrap()).unwrap();
        let (head, text) = frame.data.split_at(head_len);
        let head: Value = serde_json::from_slice(head).unwrap();
        assert_eq!(head["Alias"], tmtp_testkit::process::SITE);
        // An app of revision 1 that is given a thread without a subscriber ends when it is answered.
        let opens = head["ThreadId"] == "";
        assert_eq!(head["Cc"].as_array().map_or(0, Vec::len), usize::from(opens), "{head}");
        if opens {
            let reader = &head["Cc"][0];
            let (alias, uid) = (json!(self.alias), json!(self.uid));
            let named = ["Who", "WhoUid", "By", "ByUid"].map(|key| reader[key].clone());
            assert_eq!(named, [alias.clone(), uid.clone(), alias, uid], "{head}");
            assert_eq!(reader["Subscribe"], true);
        }
        Word {
            thread: head["ThreadId"].as_str().unwrap().to_owned(),
            subject: head["Subject"].as_str().unwrap().to_owned(),
            text: String::from_utf8(text.to_vec()).unwrap(),
        }
    }
}
