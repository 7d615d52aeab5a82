//! Test vectors: one dialog per operation, per effect and per reason to quit, byte for byte, against the
//! real service over TLS.
//!
//! The files are in `vectors/`; `tmtp_testkit::vector` describes their form. To replay only some,
//! name a part of their names: `VECTOR=ohi cargo test -p tmtpd --test vectors`.

#![allow(clippy::unwrap_used, reason = "tests, their helpers included")]

use std::path::Path;

use tmtp_testkit::vector;

#[test]
fn every_vector() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let only = std::env::var("VECTOR").unwrap_or_default();
    let (count, failures) = vector::replay_all(&dir, &only).unwrap();
    assert!(failures.is_empty(), "{} of {count}:\n\n{}\n", failures.len(), failures.join("\n\n"));
}
