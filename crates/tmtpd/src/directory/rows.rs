//! The directory's rows in the store.
//!
//! | key | value |
//! |---|---|
//! | `d/m/` member number (4 bytes, big-endian) | JSON: uid, devices, aliases |
//! | `d/g/` length of gid (2 bytes), gid, member number | JSON: alias, standing, number of the inviter while invited, whether it is the founder |
//! | `n/` device number | nothing: the device is being added, and has a part of a queue |
//! | `d/a/` member number who may post, member number to whom | nothing |
//!
//! Values are JSON so that a later version can add to them and an administrator can read them.

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use tmtp::id::Uid;

use super::{Device, Directory, GroupMember, Member, MemberNumber, SecretHash, Standing};
use tmtp_store::Batch;
use tmtp_store::{DeviceNumber, Store, StoreError, each_row};

const MEMBER: &[u8] = b"d/m/";
const GROUP: &[u8] = b"d/g/";
const ACQUAINTANCE: &[u8] = b"d/a/";
/// Not read with the others: the next start undoes what they describe.
const COMING: &[u8] = b"n/";
/// Prefix of all rows of the directory, without those of devices being added.
pub(crate) const PREFIX: &[u8] = b"d/";

#[derive(Serialize, Deserialize)]
struct MemberRow {
    uid: String,
    devices: Vec<DeviceRow>,
    aliases: Vec<Box<str>>,
}

#[derive(Serialize, Deserialize)]
struct DeviceRow {
    number: u32,
    secret_sha256: String,
    label: String,
    added_ms: i64,
}

#[derive(Serialize, Deserialize)]
struct GroupMemberRow {
    alias: String,
    standing: Standing,
    /// None in rows of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    inviter: Option<u32>,
    /// Not there in rows of earlier versions.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    founder: bool,
}

/// Adds a member's row to a batch.
pub fn write_member(batch: &mut Batch, number: MemberNumber, member: &Member) {
    let devices = member.devices.iter().map(|device| DeviceRow {
        number: device.number,
        secret_sha256: HEXLOWER.encode(device.secret.as_bytes()),
        label: device.label.clone(),
        added_ms: device.added_ms,
    });
    let row = MemberRow {
        uid: member.uid.to_string(),
        devices: devices.collect(),
        aliases: member.aliases.clone(),
    };
    batch.put([MEMBER, &number.0.to_be_bytes()].concat(), json(&row));
}

/// Adds the row of a member in a group to a batch.
pub fn write_group_member(
    batch: &mut Batch,
    gid: &str,
    number: MemberNumber,
    record: &GroupMember,
) {
    let inviter = record.inviter.map(|inviter| inviter.0);
    let row = GroupMemberRow {
        alias: record.alias.clone(),
        standing: record.standing,
        inviter,
        founder: record.is_founder,
    };
    // A gid fits: the protocol's header is shorter than 64 KiB.
    let len = u16::try_from(gid.len()).unwrap_or(u16::MAX).to_be_bytes();
    let key = [GROUP, &len, gid.as_bytes(), &number.0.to_be_bytes()].concat();
    batch.put(key, json(&row));
}

/// Adds the row of a device that is being added.
pub(crate) fn write_coming(batch: &mut Batch, device: DeviceNumber) {
    batch.put(coming_key(device), Vec::new());
}

/// Deletes a device that could not be added, and its queue. If that fails, the next start does it.
pub(crate) fn undo_coming(store: &dyn Store, number: DeviceNumber) {
    let mut rows = Batch::new();
    delete_coming(&mut rows, number);
    // Not waited for: later commits come after it anyway.
    drop(store.drop_queue(number, rows));
}

/// Deletes the row of a device that is added now, or will not be.
pub(crate) fn delete_coming(batch: &mut Batch, device: DeviceNumber) {
    batch.delete(coming_key(device));
}

fn coming_key(device: DeviceNumber) -> Vec<u8> {
    [COMING, &device.to_be_bytes()].concat()
}

/// Devices that were being added when the service ended.
///
/// # Errors
/// The rows cannot be read.
pub(crate) async fn read_coming(store: &dyn Store) -> Result<Vec<DeviceNumber>, StoreError> {
    let mut coming = Vec::new();
    each_row(store, COMING, |key, _| {
        let number = key.strip_prefix(COMING).and_then(|number| number.try_into().ok());
        coming.extend(number.map(u32::from_be_bytes));
        Ok(())
    })
    .await?;
    Ok(coming)
}

/// Adds the row that lets `from` post to `to`.
pub(crate) fn write_acquaintance(batch: &mut Batch, from: MemberNumber, to: MemberNumber) {
    let key = [ACQUAINTANCE, &from.0.to_be_bytes(), &to.0.to_be_bytes()].concat();
    batch.put(key, Vec::new());
}

fn json<T: Serialize>(row: &T) -> Vec<u8> {
    // Strings and numbers only: cannot fail.
    serde_json::to_vec(row).unwrap_or_default()
}

/// Reads one row; the order does not matter except between members.
///
/// # Errors
/// [`StoreError::Corrupt`] for a malformed row.
pub(crate) fn read_row(
    directory: &mut Directory,
    key: &[u8],
    value: &[u8],
) -> Result<(), StoreError> {
    read_known(directory, key, value)
        .ok_or_else(|| StoreError::Corrupt { what: "a row of the directory".into() })
}

fn read_known(directory: &mut Directory, key: &[u8], value: &[u8]) -> Option<()> {
    if let Some(key) = key.strip_prefix(MEMBER) {
        let row: MemberRow = serde_json::from_slice(value).ok()?;
        let number = member_number(key)?;
        // Numbers are given in order and rows are read in order of number.
        if number != directory.next_member() {
            return None;
        }
        let devices = row.devices.into_iter().map(|device| {
            Some(Device {
                number: device.number,
                secret: SecretHash::from_bytes(
                    HEXLOWER.decode(device.secret_sha256.as_bytes()).ok()?.try_into().ok()?,
                ),
                label: device.label,
                added_ms: device.added_ms,
            })
        });
        let member = Member {
            uid: Uid::from(row.uid),
            devices: devices.collect::<Option<_>>()?,
            aliases: row.aliases,
        };
        directory.put_member(number, member);
    } else if let Some(key) = key.strip_prefix(GROUP) {
        let row: GroupMemberRow = serde_json::from_slice(value).ok()?;
        let (len, rest) = key.split_at_checked(2)?;
        let (gid, number) =
            rest.split_at_checked(u16::from_be_bytes(len.try_into().ok()?).into())?;
        let inviter = row.inviter.map(MemberNumber);
        let (standing, is_founder) = (row.standing, row.founder);
        let record = GroupMember { alias: row.alias, standing, inviter, is_founder };
        directory.put_group_member(std::str::from_utf8(gid).ok()?, member_number(number)?, record);
    } else {
        let (from, to) = key.strip_prefix(ACQUAINTANCE)?.split_at_checked(4)?;
        directory.put_acquaintance(member_number(from)?, member_number(to)?);
    }
    Some(())
}

fn member_number(bytes: &[u8]) -> Option<MemberNumber> {
    Some(MemberNumber(u32::from_be_bytes(bytes.try_into().ok()?)))
}
