//! Tests of the rule about ids in the log.

use super::ShortId;

#[test]
fn short_id_shows_at_most_eight_characters() {
    let uid = "B3C4D5F6G7H8J9K1L2M3N4P5Q6R7S8T9";
    let short = ShortId::new(uid);
    assert_eq!(format!("{short} {short:?} {short:#?}"), "B3C4D5F6 B3C4D5F6 B3C4D5F6");
    assert_eq!(ShortId::new("short").to_string(), "short");
    assert_eq!(ShortId::new("Gr\u{fc}\u{df}e an alle").to_string(), "Gr\u{fc}\u{df}e an");
}
