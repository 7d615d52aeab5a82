//! Verdict on an overdue message: for which of a member's devices it is given up, and whether it reached the member.

use tmtp_store::DeviceNumber;

/// A member's device and its state, for an overdue message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Holder {
    pub(super) device: DeviceNumber,
    /// Whether the message still waits for it.
    pub(super) waits: bool,
    /// Whether it has a link, on which it may be fetching.
    pub(super) online: bool,
}

/// The decision about one message and one member.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Verdict {
    /// Devices for which it is given up.
    pub(super) give_up: Vec<DeviceNumber>,
    /// Whether no device of the member has got it.
    pub(super) unreached: bool,
}

impl Verdict {
    /// Decides for all present devices of one member.
    ///
    /// A device for which the message does not wait has it, or was added by one that has. From a device
    /// with a link nothing is taken; and where none of the member's devices has the message, nothing
    /// is decided before all of them are without a link, so that it is decided once.
    pub(super) fn of(devices: &[Holder]) -> Self {
        let unreached = devices.iter().all(|device| device.waits);
        if unreached && devices.iter().any(|device| device.online) {
            return Self::default();
        }
        let give_up = devices.iter().filter(|device| device.waits && !device.online);
        Self { give_up: give_up.map(|device| device.device).collect(), unreached }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Devices 0, 1, …: `w` waits for it, `f` has fetched it; upper case is online.
    fn verdict(devices: &str) -> (Vec<DeviceNumber>, bool) {
        let holder = |(device, state): (DeviceNumber, char)| Holder {
            device,
            waits: state.eq_ignore_ascii_case(&'w'),
            online: state.is_ascii_uppercase(),
        };
        let holders: Vec<_> = (0..).zip(devices.chars()).map(holder).collect();
        let Verdict { give_up, unreached } = Verdict::of(&holders);
        (give_up, unreached)
    }

    #[test]
    fn unfetched_message_is_given_up_for_all_devices() {
        assert_eq!(verdict("w"), (vec![0], true));
        assert_eq!(verdict("www"), (vec![0, 1, 2], true));
    }

    #[test]
    fn message_fetched_by_a_sibling_is_not_returned() {
        assert_eq!(verdict("wf"), (vec![0], false));
        assert_eq!(verdict("wFw"), (vec![0, 2], false));
    }

    #[test]
    fn nothing_is_given_up_for_an_online_device() {
        assert_eq!(verdict("W"), (vec![], false));
        assert_eq!(verdict("wW"), (vec![], false));
        assert_eq!(verdict("fWw"), (vec![2], false));
    }
}
