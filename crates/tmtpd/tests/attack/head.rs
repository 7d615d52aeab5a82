//! Attack: headers made to be expensive, or to be misread.

use serde_json::json;

use crate::cast::{Bystanders, Member, service};

#[tokio::test]
async fn invalid_headers_end_the_link_with_a_reason() {
    let service = service("");
    let nested = format!("{{\"op\":11,\"x\":{}", "[".repeat(60_000));
    let keys = format!("{{\"op\":11,{}", "\"a\":{".repeat(10_000));
    let hostile: [&[u8]; 10] = [
        nested.as_bytes(),
        keys.as_bytes(),
        b"{\"op\":1e999}",
        b"{\"op\":11000000000000000000000000000000}",
        b"{\"op\":-11, \"id\":\"1\"}",
        b"{\"op\":10,\"id\":\"\\ud800\",\"type\":\"ok\"}",
        b"{\"op\":10,\"id\":\"\xff\xfe\",\"type\":\"ok\"}",
        b"{\"op\":11}\0",
        b"{\"op\":7,\"id\":\"1\",\"for\":[],\"datalen\":-1}",
        b"{\"op\":7,\"id\":\"1\",\"for\":[],\"datalen\":9223372036854775808}",
    ];
    for head in hostile {
        let mut attacker = Member::join(&service, "_").await;
        let frame = [format!("{:04x}", head.len()).as_bytes(), head].concat();
        attacker.peer.send_raw(&frame).await.unwrap();
        attacker.peer.expect_quit("invalid header").await.unwrap();
    }
    Bystanders::join(&service).await.are_served().await;
}

#[tokio::test]
async fn unusual_valid_headers_are_accepted() {
    let service = service("");
    let mut member = Member::join(&service, "strange member").await;
    let filler = "y".repeat(60_000);
    // Keys twice, of any case, that nobody knows, as long as a header may be.
    for head in [
        "{\"op\":7,\"OP\":11,\"op\":11}".to_owned(),
        format!("{{\"{filler}\":{{\"\":[[1e400,null,\"\\u0000\"]]}},\"op\":11}}"),
        format!("{{\"op\":11,\"x\":{}{}}}", "[".repeat(100), "]".repeat(100)),
        format!("{{\"op\":11{}}}", ",\"op\":11".repeat(5_000)),
        format!("{{\"x\":{},\"op\":11}}", "9".repeat(60_000)),
    ] {
        member.peer.send(&head, b"").await.unwrap();
    }
    // Texts may hold what they like, also NUL; the ack repeats it.
    let id = "\0\u{1f}\u{7f}\u{fffd}\u{10ffff}";
    let head = json!({"op": 7, "id": id, "for": [], "datalen": 1});
    member.peer.send(&head.to_string(), b"\0").await.unwrap();
    member.peer.expect_done(id).await.unwrap();
}

#[tokio::test]
async fn request_id_must_fit_into_its_ack() {
    let service = service("");
    let mut member = Member::join(&service, "long asker").await;
    let id = "<".repeat(8_000);
    let head = json!({"op": 7, "id": id, "for": [], "datalen": 1});
    member.peer.send(&head.to_string(), b"x").await.unwrap();
    member.peer.expect_done(&id).await.unwrap();
    let head = json!({"op": 7, "id": "<".repeat(60_000), "for": [], "datalen": 1});
    member.peer.send(&head.to_string(), b"x").await.unwrap();
    member.peer.expect_quit("invalid header").await.unwrap();
}

#[tokio::test]
async fn longest_recipient_list_is_parsed_once_and_refused() {
    let service = service("");
    let mut bystanders = Bystanders::join(&service).await;
    let mut attacker = Member::join(&service, "long lister").await;
    let escaped: String = attacker.uid.chars().map(|c| format!("\\u{:04x}", c as u32)).collect();
    let element = format!("{{\"id\":\"{escaped}\",\"type\":1}}");
    let count = (0xffff - 60) / (element.len() + 1);
    let list = vec![element; count].join(",");
    let head = format!("{{\"datalen\":1,\"id\":\"1\",\"op\":7,\"for\":[{list}]}}");
    attacker.peer.send(&head, b"x").await.unwrap();
    attacker.peer.expect_done("1").await.unwrap();
    // Named so often, it comes once.
    attacker.peer.receive("delivery").await.unwrap();
    // As many as there are, in few bytes each: more than a message may name.
    let list = vec!["{\"id\":\"U\",\"type\":1}"; 3_000].join(",");
    let head = format!("{{\"datalen\":1,\"id\":\"2\",\"op\":7,\"for\":[{list}]}}");
    attacker.peer.send(&head, b"x").await.unwrap();
    let ack = attacker.peer.expect_ack("2").await.unwrap();
    assert_eq!(ack.text("error"), "for names too many recipients");
    bystanders.are_served().await;
}
