//! Writer of many members and groups straight into the store of a service that does not run.
//!
//! `cargo run --release -p tmtp-load --example people -- DATA MEMBERS GROUPS GROUP_SIZE CAST` makes so
//! many members with one device each, and so many groups, all of whose members have joined: one a
//! member after the other, through the members again and again. CAST gets the members of the first
//! group, as `tmtp-load --cast` reads them. Through the wire a group of 10,000 would take fifty
//! million notices of who has joined; what is measured is the service that has it.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tmtp::id::{NodeSecret, Uid};
use tmtp_store::Batch;
use tmtp_store::StoreLimits;
use tmtp_testkit::store::BlockingStore;
use tmtpd::directory::{Device, GroupMember, Member, MemberNumber, SecretHash, Standing, rows};

/// Rows of one commit.
const BATCH: u32 = 10_000;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [data, members, groups, size, cast] = arguments.as_slice() else {
        anyhow::bail!("people DATA MEMBERS GROUPS GROUP_SIZE CAST");
    };
    let (members, groups, size): (u32, u32, u32) =
        (members.parse()?, groups.parse()?, size.parse()?);
    ensure!(size <= members, "a group has more members than there are");
    std::fs::create_dir_all(data)?;
    let store = BlockingStore::open(Path::new(data), StoreLimits::default())?;
    let mut saved = Vec::new();
    for first in (0..members).step_by(BATCH as usize) {
        let mut batch = Batch::new();
        for number in first..members.min(first + BATCH) {
            let (member, secret) = member(number);
            if groups > 0 && number < size {
                saved.push(json!({"alias": alias(number), "devices": [
                    {"uid": member.uid.as_str(), "node": secret.expose()}]}));
            }
            rows::write_member(&mut batch, MemberNumber(number), &member);
        }
        store.submit(batch).wait()?;
    }
    for group in 0..groups {
        let mut batch = Batch::new();
        for nth in 0..size {
            let number = (group * size + nth) % members;
            let (alias, standing) = (alias(number), Standing::Joined);
            let record = GroupMember { alias, standing, inviter: None, is_founder: false };
            rows::write_group_member(&mut batch, &gid(group), MemberNumber(number), &record);
        }
        // Order of submission is order of commit, so the last one speaks for all.
        drop(store.submit(batch));
    }
    store.flush().wait()?;
    store.close()?;
    let cast_of_all: Value = json!({"run": 1, "members": saved});
    std::fs::write(cast, cast_of_all.to_string()).with_context(|| cast.clone())?;
    println!("{members} members, {groups} groups of {size}; the first is {}", gid(0));
    Ok(())
}

fn alias(number: u32) -> String {
    format!("people-{number:07}")
}

fn gid(group: u32) -> String {
    format!("group-of-people-{group:06}")
}

/// Secrets that anybody can guess, so no service with them may be reached by anybody else.
fn member(number: u32) -> (Member, NodeSecret) {
    let mut bytes = [7; NodeSecret::LEN_BYTES];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    let secret = NodeSecret::from_bytes(&bytes);
    let mut uid = [9; 20];
    uid[..4].copy_from_slice(&number.to_be_bytes());
    let device =
        Device { number, secret: SecretHash::of(&bytes), label: "load".into(), added_ms: 0 };
    let aliases = vec![alias(number).into_boxed_str()];
    (Member { uid: Uid::from_bytes(&uid), devices: vec![device], aliases }, secret)
}
