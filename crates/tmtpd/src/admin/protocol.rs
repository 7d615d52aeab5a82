//! Wire format of the administrator's socket: one request, then lines of answer.
//!
//! Request and answers are JSON objects, each on a line of its own:
//!
//! ```text
//! > {"v":1,"cmd":"links"}
//! < {"row":{"number":1,"address":"192.0.2.7:40112",…}}
//! < {"row":{"number":4,"address":"192.0.2.9:51200",…}}
//! < {"done":{"rows":2}}
//! ```
//!
//! The last line is `done`, or `failed` with a kind and a message for people. A socket that closes
//! without either means that the service ended. Fields may be added within a version; readers
//! ignore fields that they do not know.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The version of this protocol.
pub const VERSION: u32 = 1;

/// The longest line that is accepted as a request, in bytes.
pub const REQUEST_BYTES_MAX: usize = 8 * 1_024;

/// One request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The version of the protocol that the command speaks.
    pub v: u32,
    /// What is asked.
    #[serde(flatten)]
    pub command: Command,
}

/// What can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "cmd", rename_all = "snake_case")]
pub enum Command {
    /// One [`Status`].
    Status,
    /// A [`LinkView`] for each open link.
    Links,
    /// A [`MemberView`] for each account.
    Members {
        /// Whether aliases and labels of devices are included.
        #[serde(default)]
        names: bool,
    },
    /// A [`GroupView`] for each group.
    Groups {
        /// Whether their names are included.
        #[serde(default)]
        names: bool,
    },
    /// A [`QueueView`] for each device with undelivered messages.
    Queues,
    /// A [`ServiceView`] for each service of the daemon.
    Services,
    /// One [`Backup`], when a copy is made.
    Backup {
        /// Where it is made: an absolute path, seen by the service.
        to: PathBuf,
    },
    /// One [`Reload`], when the daemon has read its configuration again.
    Reload,
    /// Stop in order. The socket closes when the process ends.
    Shutdown,
}

/// One line of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line<R> {
    /// One thing that was asked for.
    Row(R),
    /// The answer is complete.
    Done {
        /// Rows that came before.
        rows: u64,
    },
    /// The answer is not complete, and nothing more comes.
    Failed(Failure),
}

/// Why a command failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// The kind of failure.
    pub kind: FailureKind,
    /// What happened, what it means, what to do.
    pub message: String,
}

/// The kind of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The request is wrong.
    Wrong,
    /// The user of the command has no permission.
    Forbidden,
    /// The system failed.
    Failed,
}

/// A service as a whole. Times are Unix milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The version of the running program.
    pub version: String,
    /// Its process.
    pub pid: u32,
    /// The name members see.
    pub name: String,
    /// The data folder.
    pub data: PathBuf,
    /// Whether it serves or is stopping.
    pub state: State,
    /// When it began to serve.
    pub started_ms: i64,
    /// What to hand out: `=host:port#fingerprint` or `+host:port`.
    pub addresses: Vec<String>,
    /// Who may post to whom, for people to read.
    #[serde(default)]
    pub post_policy: String,
    /// Until when its certificate is valid.
    #[serde(default)]
    pub certificate_until_ms: Option<i64>,
    /// Members in all.
    pub members: u64,
    /// Groups in all.
    #[serde(default)]
    pub groups: u64,
    /// Devices that are logged in.
    pub devices_online: u64,
    /// Links that have shaken hands.
    pub links: u64,
    /// Messages queued for at least one device.
    pub messages: u64,
    /// Queue entries: one for each message and device.
    #[serde(rename = "owed")]
    pub queued: u64,
    /// Bytes of the messages on disk.
    pub body_bytes: u64,
    /// Room that is left on the disk of the data folder.
    pub disk_free_bytes: Option<u64>,
    /// Memory the process uses.
    pub memory_bytes: Option<u64>,
}

/// What a service is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Links are welcome.
    Serving,
    /// Links are being closed.
    Stopping,
}

/// One open link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkView {
    /// Its number within this run.
    pub number: u64,
    /// Where it comes from.
    pub address: String,
    /// The beginning of the member's uid, once logged in.
    pub member: Option<String>,
    /// The number of the member's device, once logged in.
    pub device: Option<u32>,
    /// When its TLS handshake was done, Unix milliseconds.
    pub since_ms: i64,
    /// SHA-256 of the certificate that it was shown, in hex. None from a service of an earlier version.
    #[serde(default)]
    pub certificate_sha256: Option<String>,
    /// Messages sent and not acknowledged.
    pub in_flight: u64,
    /// Bytes of their data.
    pub in_flight_bytes: u64,
    /// Bytes read from it.
    pub bytes_in: u64,
    /// Bytes written to it.
    pub bytes_out: u64,
}

/// An account. Times are Unix milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberView {
    /// The beginning of the uid.
    pub member: String,
    /// When the account was made.
    pub since_ms: Option<i64>,
    /// Groups the member is invited to or in.
    pub groups: u64,
    /// The member's devices, oldest first.
    pub devices: Vec<DeviceView>,
    /// Aliases, oldest first, if requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aliases: Option<Vec<String>>,
}

/// A device of a member. Times are Unix milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceView {
    /// Its number within this service.
    pub device: u32,
    /// When it was added.
    pub added_ms: i64,
    /// Whether it is logged in.
    pub online: bool,
    /// When its last link ended, if one did since the service started.
    pub seen_ms: Option<i64>,
    /// Messages that were given up for it and that it was not notified of: it needs its siblings'
    /// history.
    #[serde(default)]
    pub missing: u64,
    /// The member's name for it, if requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

/// A group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupView {
    /// The beginning of the SHA-256 of its name.
    pub group: String,
    /// Members who have joined.
    pub joined: u64,
    /// Members who are invited and have not joined.
    pub invited: u64,
    /// Its whole name, if requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// The queue of a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueView {
    /// The beginning of the member's uid; none while the account is being made.
    pub member: Option<String>,
    /// The number of the device.
    pub device: u32,
    /// Whether it is logged in.
    pub online: bool,
    /// Messages it has not acknowledged.
    pub messages: u64,
    /// Bytes of their heads and data.
    pub bytes: u64,
    /// When the first of them, in order of delivery, was posted, Unix milliseconds.
    pub oldest_ms: Option<i64>,
}

/// A service of the daemon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceView {
    /// Its name.
    pub name: String,
    /// Its data folder, which identifies it in commands.
    pub data: PathBuf,
    /// `running`, `failed` or `stopped`.
    pub state: String,
    /// What members join by.
    pub addresses: Vec<String>,
    /// SHA-256 of its certificate, in hex.
    pub certificate_sha256: String,
    /// Members in all.
    pub members: u64,
    /// Open links.
    pub links: u64,
    /// Queue entries: one for each message and device.
    #[serde(rename = "owed")]
    pub queued: u64,
}

/// A copy that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backup {
    /// Where it is.
    pub to: PathBuf,
    /// Rows of every kind.
    pub rows: u64,
    /// Messages that are queued for somebody.
    pub messages: u64,
    /// Bytes of them.
    pub body_bytes: u64,
    /// Messages that are damaged, in the service and so in the copy.
    pub damaged: u64,
}

/// The result of a reload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reload {
    /// What has changed.
    pub done: Vec<String>,
    /// What failed, or waits for a restart.
    pub left: Vec<String>,
}
