//! Devices that were away for so long that messages for them were given up. Such a device needs its
//! siblings' history; it keeps that mark until it is said to have it.
//!
//! | key | value |
//! |---|---|
//! | `x/a/` device number (4 bytes, big-endian) | messages given up (8 bytes), how many of them the device was told of (8) |

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::store::engine::Batch;
use crate::store::{DeviceNumber, Store, StoreError};

const AWAY: &[u8] = b"x/a/";

/// What a device is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Missing {
    /// Messages that were given up for it.
    pub messages: u64,
    /// How many of them it was told of.
    told: u64,
}

/// Devices that need history from their siblings.
#[derive(Debug, Default)]
pub struct Away {
    devices: Mutex<BTreeMap<DeviceNumber, Missing>>,
}

impl Away {
    /// As it was noted.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn read(store: &Store) -> Result<Self, StoreError> {
        let mut devices = BTreeMap::new();
        let mut is_whole = true;
        store.scan(AWAY, |key, row| {
            let found = key.strip_prefix(AWAY).and_then(|device| read(device, row));
            is_whole = found.is_some();
            devices.extend(found);
            is_whole
        })?;
        if !is_whole {
            return Err(StoreError::Corrupt { what: "a row of devices that were away".into() });
        }
        Ok(Self { devices: Mutex::new(devices) })
    }

    fn devices(&self) -> MutexGuard<'_, BTreeMap<DeviceNumber, Missing>> {
        self.devices.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every device that needs history, and what it is missing.
    pub fn list(&self) -> Vec<(DeviceNumber, Missing)> {
        self.devices().iter().map(|(device, missing)| (*device, *missing)).collect()
    }

    /// What a device is missing, if it is.
    pub fn missing(&self, device: DeviceNumber) -> Option<Missing> {
        self.devices().get(&device).copied()
    }

    /// The device has its history: forgets what it was missing. Gives the rows to commit.
    #[must_use]
    pub fn has_history(&self, device: DeviceNumber) -> Batch {
        let mut rows = Batch::new();
        if self.devices().remove(&device).is_some() {
            rows.delete(key(device));
        }
        rows
    }

    /// Messages that `device` was not told of.
    pub(super) fn untold(&self, device: DeviceNumber) -> Option<u64> {
        let missing = self.missing(device)?;
        missing.messages.checked_sub(missing.told).filter(|untold| *untold > 0)
    }

    /// So many messages more are given up for these devices: adds the rows that say so. If they are
    /// not committed, [`Self::take_back`]. Of two at one moment the rows may count one only.
    pub(crate) fn add(&self, given_up: &BTreeMap<DeviceNumber, u64>, rows: &mut Batch) {
        if given_up.is_empty() {
            return;
        }
        let mut devices = self.devices();
        for (device, count) in given_up {
            let missing = devices.entry(*device).or_default();
            missing.messages = missing.messages.saturating_add(*count);
            rows.put(key(*device), missing.to_bytes());
        }
    }

    /// What was added could not be committed.
    pub(crate) fn take_back(&self, given_up: &BTreeMap<DeviceNumber, u64>) {
        let mut devices = self.devices();
        for (device, count) in given_up {
            if let Some(missing) = devices.get_mut(device) {
                missing.messages = missing.messages.saturating_sub(*count);
                if missing.messages == 0 {
                    devices.remove(device);
                }
            }
        }
    }

    /// `device` is told of all that it is missing; adds the row that says so.
    pub(super) fn tell(&self, device: DeviceNumber, rows: &mut Batch) {
        if let Some(missing) = self.devices().get_mut(&device) {
            missing.told = missing.messages;
            rows.put(key(device), missing.to_bytes());
        }
    }
}

impl Missing {
    fn to_bytes(self) -> [u8; 16] {
        let mut row = [0; 16];
        row[..8].copy_from_slice(&self.messages.to_be_bytes());
        row[8..].copy_from_slice(&self.told.to_be_bytes());
        row
    }
}

fn key(device: DeviceNumber) -> Vec<u8> {
    [AWAY, &device.to_be_bytes()].concat()
}

fn read(device: &[u8], row: &[u8]) -> Option<(DeviceNumber, Missing)> {
    let (messages, told) = row.split_first_chunk()?;
    let missing = Missing {
        messages: u64::from_be_bytes(*messages),
        told: u64::from_be_bytes(told.try_into().ok()?),
    };
    Some((u32::from_be_bytes(device.try_into().ok()?), missing))
}
