//! Attack: data that is announced and never comes.

use serde_json::json;

use crate::cast::{Bystanders, Member, disk_bytes, large_files, open_files, service, until};

/// Opens links that each announce `bytes` and send only `sent` of them.
async fn announce(
    service: &tmtp_testkit::process::ServiceProcess,
    links: usize,
    bytes: u64,
    sent: &[u8],
) -> Vec<Member> {
    let mut attackers = Vec::new();
    for _ in 0..links {
        let mut attacker = Member::join(service, "_").await;
        let head = json!({"op": 7, "id": "1", "for": [], "datalen": bytes});
        attacker.peer.request(head).await.unwrap();
        attacker.peer.send_raw(sent).await.unwrap();
        attackers.push(attacker);
    }
    attackers
}

#[tokio::test]
async fn announced_data_that_never_arrives_costs_nothing() {
    let service = service("");
    let mut bystanders = Bystanders::join(&service).await;
    let (files, disk) = (open_files(&service), disk_bytes(&service.data_dir()));
    let rss = service.rss_kib().unwrap();
    let attackers = announce(&service, 50, 4 << 30, b"a first byte").await;
    until("each has its file", || large_files(&service) == 50).await;
    bystanders.are_served().await;
    let grown = disk_bytes(&service.data_dir()).saturating_sub(disk);
    assert!(grown < 4 << 20, "200 GiB that were announced take {grown} bytes of the disk");
    let grown = service.rss_kib().unwrap().saturating_sub(rss);
    assert!(grown < 32 << 10, "200 GiB that were announced take {grown} KiB of memory");
    drop(attackers);
    until("the beginnings are erased", || large_files(&service) == 0).await;
    until("the files are closed", || open_files(&service) <= files).await;
    bystanders.are_served().await;
}

#[tokio::test]
async fn unsent_announced_data_delays_nobody() {
    let service = service("");
    let mut bystanders = Bystanders::join(&service).await;
    // More than the store lets wait for the disk.
    let attackers = announce(&service, 200, 64 << 10, b"").await;
    bystanders.are_served().await;
    drop(attackers);
}

#[tokio::test]
async fn bodies_go_to_disk_when_receive_memory_is_used_up() {
    let service = service("receiving_bytes = \"64 KiB\"");
    let mut bystanders = Bystanders::join(&service).await;
    let body = vec![b'x'; 60_000];
    let mut attackers = announce(&service, 20, 60_000, &body[1..]).await;
    until("all but one are received on the disk", || large_files(&service) == 19).await;
    bystanders.are_served().await;
    // They turn out to be honest, only slow.
    for attacker in &mut attackers {
        attacker.peer.send_raw(b"x").await.unwrap();
        attacker.peer.expect_done("1").await.unwrap();
    }
    until("nobody was owed it, so nothing stays", || large_files(&service) == 0).await;
}
