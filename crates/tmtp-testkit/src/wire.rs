//! The framing and the headsum, written a second time from the protocol's description.
//!
//! Nothing here uses `tmtp`: a header is JSON text that the test wrote, a received one is parsed
//! into a generic value.

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

/// `hhhh` + header + data.
///
/// # Errors
/// When the header is longer than four hex digits can say.
pub fn frame(head: &str, data: &[u8]) -> Result<Vec<u8>> {
    ensure!(head.len() <= 0xffff, "a header of {} bytes cannot be framed", head.len());
    let mut bytes = format!("{:04x}{head}", head.len()).into_bytes();
    bytes.extend_from_slice(data);
    Ok(bytes)
}

/// A whole message as it was received.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// The header, parsed.
    pub head: Value,
    /// The header's text as it came.
    pub raw_head: String,
    /// The data.
    pub data: Vec<u8>,
}

impl Frame {
    /// The op, or nothing.
    pub fn op(&self) -> &str {
        self.text("op")
    }

    /// A text of the header; empty if there is none.
    pub fn text(&self, key: &str) -> &str {
        self.head[key].as_str().unwrap_or_default()
    }

    /// The message's id, or the id that an ack repeats.
    pub fn id(&self) -> &str {
        self.text("id")
    }

    /// Whether the service keeps the message until it is acknowledged.
    pub fn is_stored(&self) -> bool {
        !self.head["headsum"].is_null()
    }
}

/// Parses a received header and checks all that holds for every one of them: it is a header, it is
/// compact, its keys are sorted, and its headsum is right if it must have one.
///
/// # Errors
/// What is wrong with it.
pub fn check_head(raw_head: &str) -> Result<Value> {
    let head: Value =
        serde_json::from_str(raw_head).with_context(|| format!("no JSON: {raw_head}"))?;
    let op = head["op"].as_str().with_context(|| format!("no op: {raw_head}"))?;
    let canonical = canonical(&head);
    ensure!(canonical == raw_head, "not canonical: {raw_head}\n       should be: {canonical}");
    let stored = ["login", "user", "ohiedit", "invite", "member", "delivery", "notify", "ping"];
    match head["headsum"].as_u64() {
        Some(sum) => {
            let want = headsum(&head);
            ensure!(sum == u64::from(want), "headsum is {sum}, should be {want}: {raw_head}");
        }
        None if stored.contains(&op) => bail!("headsum is missing: {raw_head}"),
        None => {}
    }
    Ok(head)
}

/// The headsum that belongs to a header: CRC-32C over `hhhh` + canonical JSON without `headsum`.
pub fn headsum(head: &Value) -> u32 {
    let mut head = head.clone();
    if let Some(members) = head.as_object_mut() {
        members.remove("headsum");
    }
    let text = canonical(&head);
    crc32c(format!("{:04x}{text}", text.len()).as_bytes())
}

/// JSON as the deployed services write it: keys in byte order, no white space, `<`, `>`, `&` and
/// the two Unicode line separators escaped.
pub fn canonical(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(key, _)| key.as_bytes());
            let members = members
                .into_iter()
                .map(|(key, value)| format!("{}:{}", quoted(key), canonical(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(","))
        }
        Value::String(text) => quoted(text),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// CRC-32C (Castagnoli), bit by bit.
pub fn crc32c(bytes: &[u8]) -> u32 {
    let crc = bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 { (crc >> 1) ^ 0x82f6_3b78 } else { crc >> 1 }
        })
    });
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crc_of_the_standard_check_string() {
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
    }

    #[test]
    fn a_header_out_of_order_or_with_a_wrong_sum_is_found() {
        let good = r#"{"datalen":0,"from":"u","id":"0000000000000001","op":"login"}"#;
        let sum = headsum(&serde_json::from_str(good).unwrap());
        let with =
            |sum: u32| good.replace(r#""from":"u","#, &format!(r#""from":"u","headsum":{sum},"#));
        assert!(check_head(&with(sum)).is_ok());
        assert!(check_head(&with(sum ^ 1)).is_err());
        assert!(check_head(good).is_err(), "a stored message without headsum");
        assert!(check_head(r#"{"op":"ack","id":"1"}"#).is_err(), "keys out of order");
        assert!(check_head(r#"{"id":"1", "op":"ack"}"#).is_err(), "white space");
        assert!(check_head(r#"{"id":"a\u0026b<","op":"ack"}"#).is_err(), "not escaped");
    }
}
