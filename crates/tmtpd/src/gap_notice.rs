//! Gap notices: the number of messages given up for a device that was away too long, until it is
//! notified.
//!
//! Such a device needs its siblings' history. The notice is queued for it like any message, and its row
//! here is deleted in the same commit.
//!
//! | key | value |
//! |---|---|
//! | `x/a/` device number (4 bytes, big-endian) | messages given up that the device was not notified of (8 bytes) |

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tmtp_store::{Batch, DeviceNumber, Store, StoreError, each_row};

const PREFIX: &[u8] = b"x/a/";

/// Devices that need history from their siblings, and how many messages each is missing.
#[derive(Debug, Default)]
pub(crate) struct GapNotices {
    devices: Mutex<BTreeMap<DeviceNumber, u64>>,
}

impl GapNotices {
    /// Reads the stored counts.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn read(store: &dyn Store) -> Result<Self, StoreError> {
        let mut devices = BTreeMap::new();
        each_row(store, PREFIX, |key, row| {
            let found = key.strip_prefix(PREFIX).and_then(|device| read(device, row));
            let corrupt = || StoreError::Corrupt { what: "a row of devices that were away".into() };
            let (device, missing) = found.ok_or_else(corrupt)?;
            if missing > 0 {
                devices.insert(device, missing);
            }
            Ok(())
        })
        .await?;
        Ok(Self { devices: Mutex::new(devices) })
    }

    fn devices(&self) -> MutexGuard<'_, BTreeMap<DeviceNumber, u64>> {
        self.devices.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Messages that `device` is missing and was not notified of.
    pub(crate) fn missing(&self, device: DeviceNumber) -> u64 {
        self.devices().get(&device).copied().unwrap_or(0)
    }

    /// Adds to the counts of these devices, and the rows to `rows`. If they are not committed, call
    /// [`Self::take_back`]. Of two concurrent calls the rows may count one only.
    pub(crate) fn add(&self, given_up: &BTreeMap<DeviceNumber, u64>, rows: &mut Batch) {
        if given_up.is_empty() {
            return;
        }
        let mut devices = self.devices();
        for (device, count) in given_up {
            let missing = devices.entry(*device).or_default();
            *missing = missing.saturating_add(*count);
            rows.put(key(*device), missing.to_be_bytes());
        }
    }

    /// Undoes an addition that could not be committed.
    pub(crate) fn take_back(&self, given_up: &BTreeMap<DeviceNumber, u64>) {
        let mut devices = self.devices();
        for (device, count) in given_up {
            subtract(&mut devices, *device, *count);
        }
    }

    /// A notice of this many messages is sent to `device`: adds the row that says so. If it is not
    /// committed, call [`Self::add`] with them again.
    pub(crate) fn sent(&self, device: DeviceNumber, count: u64, rows: &mut Batch) {
        match subtract(&mut self.devices(), device, count) {
            0 => rows.delete(key(device)),
            more => rows.put(key(device), more.to_be_bytes()),
        };
    }
}

/// Subtracts `count` from what a device is missing; returns the rest.
fn subtract(devices: &mut BTreeMap<DeviceNumber, u64>, device: DeviceNumber, count: u64) -> u64 {
    let left = devices.remove(&device).unwrap_or(0).saturating_sub(count);
    if left > 0 {
        devices.insert(device, left);
    }
    left
}

fn key(device: DeviceNumber) -> Vec<u8> {
    [PREFIX, &device.to_be_bytes()].concat()
}

fn read(device: &[u8], row: &[u8]) -> Option<(DeviceNumber, u64)> {
    let (messages, notified) = row.split_first_chunk()?;
    // Earlier versions kept rows for good, followed by the count already notified.
    let notified =
        if notified.is_empty() { 0 } else { u64::from_be_bytes(notified.try_into().ok()?) };
    let missing = u64::from_be_bytes(*messages).saturating_sub(notified);
    Some((u32::from_be_bytes(device.try_into().ok()?), missing))
}
