//! A service's reasons for refusals, translated for people.
//!
//! Services give reasons in the protocol's terms. Known ones are replaced by what they mean for the
//! member; any other is shown unchanged, on one line of bounded length.

use tmtp::event::NOBODY_ELSE;

/// Characters of a service's reason that are shown.
const REASON_MAX_CHARS: usize = 200;

/// Known reasons, and their meaning.
const KNOWN: &[(&str, &str)] = &[
    ("to is not a known alias", "nobody there has that alias"),
    ("newalias is already taken", "somebody has that alias already"),
    ("from must identify sender", "the service does not know your alias as yours"),
    ("newalias must identify sender", "the service does not know that alias as yours"),
    ("gid is not a known group", "there is no group of that name"),
    ("gid is already taken by an alias", "somebody has that name as an alias"),
    ("sender is not a member of the group", "you are not a member of that group"),
    ("sender is not a member of a group named in for", "you are not a member of one of the groups"),
    ("sender is not invited to the group", "you are not invited to that group"),
    ("to has already joined the group", "they have joined the group already"),
    ("to is not a member of the group", "they are not a member of the group"),
    (
        "to has not answered your last invitations to groups; you can send more after an answer",
        "they have not answered your last invitations to groups; you can send more after an answer",
    ),
    (
        "to is invited to many groups and has to answer some first",
        "they are invited to many groups and have to answer some first",
    ),
    ("a group named in for is unknown", "one of the groups is not there any more"),
    ("a member named in for is unknown", "the service does not know one of the members"),
    ("a recipient named in for is unknown", "the service does not know one of the recipients"),
    (
        "a recipient named in for must be pinged first",
        "one of the recipients has not answered a ping of yours yet",
    ),
    (NOBODY_ELSE, "nobody else is in the group now"),
    ("for names too many recipients", "there are too many recipients"),
    ("the service itself takes no messages", "the service itself reads no letters"),
    ("newnode must be at most 1024 bytes", "the name of the device is too long"),
];

/// A service's reason for display.
pub(crate) fn in_words(reason: &str) -> String {
    match KNOWN.iter().find(|(said, _)| *said == reason) {
        Some((_, meant)) => (*meant).to_owned(),
        None => reason.chars().filter(|c| !c.is_control()).take(REASON_MAX_CHARS).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_protocols_terms_stay_out_of_sight() {
        assert_eq!(in_words("to is not a known alias"), "nobody there has that alias");
        assert_eq!(in_words("newalias is already taken"), "somebody has that alias already");
        for (_, meant) in KNOWN {
            for term in ["gid", "newalias", "sender", "newnode", " for "] {
                assert!(!meant.contains(term), "{meant}");
            }
        }
    }

    #[test]
    fn an_unknown_reason_is_shown_on_one_line_of_bounded_length() {
        assert_eq!(in_words("no\u{1b}[31m such\nthing"), "no[31m suchthing");
        assert_eq!(in_words(&"ü".repeat(500)).chars().count(), REASON_MAX_CHARS);
    }
}
