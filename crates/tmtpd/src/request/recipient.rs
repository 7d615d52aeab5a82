//! Recipients of a message by their devices.

use crate::directory::{Directory, MemberNumber, Sender};
use tmtp_store::DeviceNumber;

/// Devices of `members`, and the sender's other devices; the sender's own device only if included.
pub(super) fn devices_of(
    directory: &Directory,
    sender: &Sender,
    members: impl IntoIterator<Item = MemberNumber>,
    own_device_too: bool,
) -> Vec<DeviceNumber> {
    let mut devices: Vec<_> =
        members.into_iter().flat_map(|member| directory.devices(member)).collect();
    devices.extend(directory.devices(sender.member));
    if !own_device_too {
        devices.retain(|device| *device != sender.device);
    }
    devices
}
