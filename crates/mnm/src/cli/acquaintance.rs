//! Grouping of pings by person: one row for each, however many pings passed both ways, as on the
//! pages. Invitations to a group have rows of their own.

use std::collections::HashMap;

use mnm_engine::view::{AccountId, Contact, Ping, PingState};

/// What pings of one row have in common: the account, the other's permanent id or, where it is not
/// known, alias, and the group.
type Key<'a> = (AccountId, &'a str, Option<&'a str>);

/// The ping that stands for each person and group, in the order of the newest of theirs: the one
/// that waits for the member, else the newest if it did not leave, else the one that began it.
pub(super) fn one_per_person<'a>(pings: &'a [Ping], contacts: &'a [Contact]) -> Vec<&'a Ping> {
    let known = contacts.iter().map(|one| ((one.account, one.alias.as_str()), one.uid.as_str()));
    let pinged = pings.iter().filter(|ping| ping.incoming);
    // Who has pinged the member is known by the alias they did it under.
    let uids: HashMap<(AccountId, &str), &str> = pinged
        .map(|ping| ((ping.account, ping.from.as_str()), ping.from_uid.as_str()))
        .chain(known)
        .collect();
    let key = |ping: &'a Ping| -> Key<'a> {
        let who = match ping.incoming {
            true => ping.from_uid.as_str(),
            false => {
                uids.get(&(ping.account, ping.to.as_str())).copied().unwrap_or(ping.to.as_str())
            }
        };
        (ping.account, who, ping.group.as_ref().map(|group| group.as_str()))
    };
    let mut rows: Vec<(Key<'_>, Vec<&Ping>)> = Vec::new();
    let mut places: HashMap<Key<'_>, usize> = HashMap::new();
    for ping in pings {
        let key = key(ping);
        let place = *places.entry(key).or_insert(rows.len());
        match rows.get_mut(place) {
            Some((_, row)) => row.push(ping),
            None => rows.push((key, vec![ping])),
        }
    }
    rows.iter_mut().filter_map(|(_, row)| shown(row)).collect()
}

/// The ping that stands for all of one person.
fn shown<'a>(all: &mut [&'a Ping]) -> Option<&'a Ping> {
    all.sort_by_key(|ping| (ping.at_ms, ping.id));
    let failed = |ping: &&&Ping| matches!(ping.state, PingState::Failed { .. });
    let waits = all.iter().rev().find(|ping| ping.incoming && ping.state == PingState::Waiting);
    waits
        .or_else(|| all.last().filter(failed))
        .or_else(|| all.iter().find(|ping| !failed(ping)))
        .or_else(|| all.first())
        .copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ping(id: i64, from: &str, to: &str, state: PingState) -> Ping {
        let value = serde_json::json!({
            "id": id, "account": 1, "service": "Club", "incoming": from != "me", "from": from,
            "from_uid": format!("uid of {from}"), "to": to, "mark": null, "text": "", "group": null,
            "at_ms": id, "state": state,
        });
        serde_json::from_value(value).unwrap()
    }

    fn rows(pings: &[Ping]) -> Vec<i64> {
        one_per_person(pings, &[]).iter().map(|ping| ping.id).collect()
    }

    #[test]
    fn pings_both_ways_are_one_row_of_the_one_that_began_it() {
        let done = || PingState::Accepted;
        let other = ping(3, "me", "carl", PingState::Waiting);
        let pings = [ping(4, "bob", "me", done()), other, ping(2, "me", "bob", done())];
        assert_eq!(rows(&pings), [2, 3]);
    }

    #[test]
    fn what_waits_or_did_not_leave_stands_for_all() {
        let failed = || PingState::Failed { error: "no".to_owned() };
        let waits = ping(2, "bob", "me", PingState::Waiting);
        assert_eq!(rows(&[ping(3, "me", "bob", PingState::Queued), waits.clone()]), [2]);
        assert_eq!(rows(&[ping(3, "me", "bob", failed()), ping(1, "me", "bob", failed())]), [3]);
        assert_eq!(rows(&[waits, ping(1, "me", "bob", failed())]), [2]);
        let again = ping(4, "me", "bob", PingState::Waiting);
        assert_eq!(rows(&[again, ping(1, "me", "bob", failed())]), [4]);
        assert_eq!(rows(&[]), [0_i64; 0]);
    }

    #[test]
    fn an_invitation_and_another_account_have_rows_of_their_own() {
        let mut invitation = ping(3, "bob", "me", PingState::Accepted);
        invitation.group = Some("Garden Party".into());
        let mut elsewhere = ping(2, "bob", "me", PingState::Accepted);
        elsewhere.account = 2;
        let pings = [invitation, elsewhere, ping(1, "bob", "me", PingState::Accepted)];
        assert_eq!(rows(&pings), [3, 2, 1]);
    }
}
