//! Directory of members, their devices and aliases, groups, and who may write to whom.
//!
//! It is held in memory, read at start from the store's rows ([`rows`]) and changed only after the
//! corresponding rows are durable. Every change replaces a whole record, so this file is lookups
//! and indexes; `request.rs` decides what may change.

mod change;
mod group;
mod member;
mod names;
mod opening;
mod openings;
pub mod rows;

use std::collections::{HashMap, HashSet};

use tmtp::id::Uid;

pub(crate) use change::DirectoryChange;
pub(crate) use group::Group;
pub use group::{GroupMember, Standing};
pub use member::{Device, Member, MemberNumber, SecretHash};
use names::Names;
pub(crate) use opening::OpeningPeriod;
use opening::Openings;

use tmtp_store::DeviceNumber;

/// The member and device that a link is logged in as.
#[derive(Debug, Clone)]
pub(crate) struct Sender {
    /// The member.
    pub member: MemberNumber,
    /// The device.
    pub device: DeviceNumber,
    /// The member's uid.
    pub uid: Uid,
}

/// Number of a group, for as long as the process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct GroupNumber(u32);

/// What a name belongs to: aliases and groups share one name space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Named {
    Member(MemberNumber),
    Group(GroupNumber),
}

/// A member found by alias, and the alias as it was granted, however the search spelled it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Aliased<'a> {
    /// The member.
    pub member: MemberNumber,
    /// The alias.
    pub alias: &'a str,
}

/// Members and groups.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    members: Vec<Member>,
    uids: HashMap<Uid, MemberNumber>,
    names: Names<Named>,
    groups: Vec<Group>,
    /// By member: the groups they have joined, in ascending order. Lookups for a member use this
    /// instead of all groups.
    memberships: Vec<Vec<GroupNumber>>,
    /// By member: the groups they are invited to, and by whom. Earlier versions did not store the
    /// inviter; such invitations are missing here.
    invitations: HashMap<MemberNumber, HashMap<GroupNumber, MemberNumber>>,
    /// (who, whom): the second has let the first in. Kept under either policy.
    acquaintances: HashSet<(MemberNumber, MemberNumber)>,
    /// By device: its member.
    owners: Vec<Option<MemberNumber>>,
    /// By member: devices that are being added. They get new messages, but cannot log in yet.
    coming: HashMap<MemberNumber, Vec<DeviceNumber>>,
    openings: Openings,
}

impl Directory {
    /// The number for the next member.
    pub(crate) fn next_member(&self) -> MemberNumber {
        MemberNumber(u32::try_from(self.members.len()).unwrap_or(u32::MAX))
    }

    /// The number for the next device. Numbers are not reused.
    pub(crate) fn next_device(&self) -> DeviceNumber {
        u32::try_from(self.owners.len()).unwrap_or(u32::MAX)
    }

    /// The member of a device.
    pub(crate) fn owner(&self, device: DeviceNumber) -> Option<MemberNumber> {
        self.owners.get(device as usize).copied().flatten()
    }

    /// Members in all.
    pub(crate) fn member_count(&self) -> usize {
        self.members.len()
    }

    /// The record of a member; numbers come only from this directory.
    pub(crate) fn member(&self, number: MemberNumber) -> Option<&Member> {
        self.members.get(number.0 as usize)
    }

    /// The member with this uid.
    pub(crate) fn by_uid(&self, uid: &Uid) -> Option<MemberNumber> {
        self.uids.get(uid).copied()
    }

    /// The member with this alias, in any spelling of it.
    pub(crate) fn by_alias(&self, alias: &str) -> Option<Aliased<'_>> {
        match self.names.find(alias)? {
            (alias, Named::Member(member)) => Some(Aliased { member: *member, alias }),
            (_, Named::Group(_)) => None,
        }
    }

    /// Whether an alias or group has this name, in any spelling of it.
    pub(crate) fn name_is_taken(&self, name: &str) -> bool {
        self.names.find(name).is_some()
    }

    /// The group with this name, in any spelling of it.
    pub(crate) fn group(&self, gid: &str) -> Option<&Group> {
        match self.names.find(gid)? {
            (_, Named::Member(_)) => None,
            (_, Named::Group(number)) => self.groups.get(number.0 as usize),
        }
    }

    /// Groups in the order in which they were made, without the first `skip`.
    pub(crate) fn groups(&self, skip: usize) -> impl Iterator<Item = &Group> {
        self.groups.iter().skip(skip)
    }

    /// Groups in all.
    pub(crate) fn group_count_total(&self) -> usize {
        self.groups.len()
    }

    /// How many groups a member is in.
    pub(crate) fn group_count(&self, member: MemberNumber) -> usize {
        self.memberships_of(member).len()
    }

    /// Who sent a member the invitations that they have not answered.
    pub(crate) fn inviters(&self, member: MemberNumber) -> impl Iterator<Item = MemberNumber> + '_ {
        self.invitations.get(&member).into_iter().flat_map(HashMap::values).copied()
    }

    /// The member with this alias in the group, also if they left it.
    pub(crate) fn by_group_alias(&self, group: &Group, alias: &str) -> Option<Aliased<'_>> {
        // An alias belongs to one member everywhere.
        let found = self.by_alias(alias)?;
        let record = group.record(found.member)?;
        (record.alias == found.alias).then_some(found)
    }

    /// Groups that both have joined.
    pub(crate) fn groups_of_both(
        &self,
        one: MemberNumber,
        other: MemberNumber,
    ) -> impl Iterator<Item = &Group> {
        let (fewer, more) = (self.memberships_of(one), self.memberships_of(other));
        let fewer = if fewer.len() <= more.len() { fewer } else { more };
        let groups = fewer.iter().filter_map(|number| self.groups.get(number.0 as usize));
        groups.filter(move |group| group.has_joined(one) && group.has_joined(other))
    }

    /// Devices of a member, with those that are being added.
    pub(crate) fn devices(&self, member: MemberNumber) -> impl Iterator<Item = DeviceNumber> + '_ {
        let there = self.member(member).into_iter().flat_map(|member| &member.devices);
        let coming = self.coming.get(&member).into_iter().flatten();
        there.map(|device| device.number).chain(coming.copied())
    }

    /// Whether `to` has accepted `from`: a ping or a post went from `to` to `from`, somebody whom
    /// both had accepted wrote to both, or both have joined one group.
    pub(crate) fn acquainted(&self, from: MemberNumber, to: MemberNumber) -> bool {
        from == to || self.has_accepted(to, from) || self.groups_of_both(from, to).next().is_some()
    }

    /// Whether `to` has accepted `from` by name, which outlasts groups.
    pub(crate) fn has_accepted(&self, to: MemberNumber, from: MemberNumber) -> bool {
        self.acquaintances.contains(&(from, to))
    }

    /// Adds or replaces a member. Aliases are only ever added.
    pub(crate) fn put_member(&mut self, number: MemberNumber, member: Member) {
        for alias in &member.aliases {
            self.names.put(alias, Named::Member(number));
        }
        for device in &member.devices {
            self.set_owner(device.number, Some(number));
            self.stop_expecting(number, device.number);
        }
        self.uids.insert(member.uid.clone(), number);
        match self.members.get_mut(number.0 as usize) {
            Some(old) => *old = member,
            None => self.members.push(member),
        }
    }

    /// From now on `device`, which is being added to a member, gets messages for them.
    pub(crate) fn expect_device(&mut self, member: MemberNumber, device: DeviceNumber) {
        self.set_owner(device, Some(member));
        self.coming.entry(member).or_default().push(device);
    }

    /// An expected device is not added. Its number is not reused.
    pub(crate) fn forget_device(&mut self, member: MemberNumber, device: DeviceNumber) {
        self.set_owner(device, None);
        self.stop_expecting(member, device);
    }

    /// Skips the number of a device that an earlier run failed to add.
    pub(crate) fn pass_over_device(&mut self, device: DeviceNumber) {
        if self.owner(device).is_none() {
            self.set_owner(device, None);
        }
    }

    fn set_owner(&mut self, device: DeviceNumber, owner: Option<MemberNumber>) {
        let index = device as usize;
        if self.owners.len() <= index {
            self.owners.resize(index + 1, None);
        }
        if let Some(of_device) = self.owners.get_mut(index) {
            *of_device = owner;
        }
    }

    fn stop_expecting(&mut self, member: MemberNumber, device: DeviceNumber) {
        if let Some(coming) = self.coming.get_mut(&member) {
            coming.retain(|known| *known != device);
            if coming.is_empty() {
                self.coming.remove(&member);
            }
        }
    }

    /// Sets a member's record in a group, making the group if it is new.
    pub(crate) fn put_group_member(
        &mut self,
        gid: &str,
        member: MemberNumber,
        record: GroupMember,
    ) {
        let number = match self.names.get(gid) {
            Some(Named::Group(number)) => *number,
            // A name that is an alias is never given to a group.
            Some(Named::Member(_)) | None => self.add_group(gid),
        };
        let (has_joined, inviter) = (record.standing == Standing::Joined, record.inviter);
        if let Some(group) = self.groups.get_mut(number.0 as usize) {
            group.put(member, record);
        }
        self.note_membership(member, number, has_joined);
        self.note_invitation(member, number, inviter);
    }

    fn add_group(&mut self, gid: &str) -> GroupNumber {
        let number = GroupNumber(u32::try_from(self.groups.len()).unwrap_or(u32::MAX));
        self.groups.push(Group::new(gid));
        self.names.put(gid, Named::Group(number));
        number
    }

    fn note_invitation(
        &mut self,
        member: MemberNumber,
        group: GroupNumber,
        inviter: Option<MemberNumber>,
    ) {
        if let Some(inviter) = inviter {
            self.invitations.entry(member).or_default().insert(group, inviter);
        } else if let Some(invitations) = self.invitations.get_mut(&member) {
            invitations.remove(&group);
            if invitations.is_empty() {
                self.invitations.remove(&member);
            }
        }
    }

    fn note_membership(&mut self, member: MemberNumber, group: GroupNumber, has_joined: bool) {
        let index = member.0 as usize;
        if self.memberships.len() <= index {
            self.memberships.resize_with(index + 1, Vec::new); // rows of groups are read first
        }
        let Some(groups) = self.memberships.get_mut(index) else { return };
        match (groups.binary_search(&group), has_joined) {
            (Err(at), true) => groups.insert(at, group),
            (Ok(at), false) => drop(groups.remove(at)),
            _ => {}
        }
    }

    fn memberships_of(&self, member: MemberNumber) -> &[GroupNumber] {
        self.memberships.get(member.0 as usize).map_or(&[], Vec::as_slice)
    }

    /// `to` lets `from` in, from now on.
    pub(crate) fn put_acquaintance(&mut self, from: MemberNumber, to: MemberNumber) {
        self.acquaintances.insert((from, to));
    }
}
