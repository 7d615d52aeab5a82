//! Names of services as shown: the name a service gives itself and, if two look alike, the host of
//! its address.
//!
//! A service chooses its name, and may change it at any greeting; the address is the member's
//! choice.

use tmtp::text::name_key;

use super::Result;
use super::change::{VaultReader, WriteTx};
use super::name::look;
use super::text::cut;
use crate::view::AccountId;

/// Bytes of a name that is followed by an address, so that the address stays visible.
const NAME_BYTES: usize = 40;
/// Characters of an address, from its end, which identifies the owner of a host.
const PLACE_CHARS: usize = 40;

/// An account's service.
struct Service {
    id: AccountId,
    /// Its own name; the address before it has given one.
    name: String,
    look: String,
    /// `host:port`, in lower case.
    place: String,
}

impl Service {
    fn host(&self) -> &str {
        self.place.rsplit_once(':').map_or(&self.place, |(host, _)| host)
    }

    /// Whether its name looks like that of another service, with or without its address, or like
    /// its address.
    fn looks_like(&self, other: &Self) -> bool {
        let places = [other.host(), &other.place];
        let mut own = self.look.as_str();
        let before = |own: &'_ str| -> Option<usize> {
            let (before, place) = own.strip_suffix(')')?.rsplit_once('(')?;
            places.contains(&place.trim()).then(|| before.trim_end().len())
        };
        while let Some(end) = before(own) {
            own = own.get(..end).unwrap_or_default();
        }
        own == other.look || places.contains(&own.trim_start_matches(['=', '+']))
    }
}

/// The label of one of several services.
fn label(of: &Service, all: &[Service]) -> String {
    let alike: Vec<&Service> = all
        .iter()
        .filter(|other| other.place != of.place && (of.looks_like(other) || other.looks_like(of)))
        .collect();
    if alike.is_empty() {
        return of.name.clone();
    }
    let one_of_host = alike.iter().all(|other| other.host() != of.host());
    let place = if one_of_host { of.host() } else { &of.place };
    let left_out = place.chars().count().saturating_sub(PLACE_CHARS);
    let end: String = place.chars().skip(left_out).collect();
    let is_told_by_end =
        alike.iter().all(|other| !other.place.ends_with(&end) && !other.host().ends_with(&end));
    let place = if left_out > 0 && is_told_by_end { format!("…{end}") } else { place.to_owned() };
    format!("{} ({place})", without_brackets(&of.name))
}

/// A name in which nothing looks like an address in parentheses.
fn without_brackets(name: &str) -> String {
    let short = cut(name, NAME_BYTES);
    let mut shown = String::with_capacity(short.len());
    for c in short.chars() {
        match &*name_key(c.encode_utf8(&mut [0; 4])) {
            "(" | ")" => shown.push_str(&format!("‹{c}›")),
            _ => shown.push(c),
        }
    }
    if short.len() < name.len() {
        shown.push('…');
    }
    shown
}

impl VaultReader<'_> {
    /// The label of an account's service.
    pub(super) fn service_label(&self, account: AccountId) -> Result<String> {
        let mut statement = self
            .db
            .prepare_cached("SELECT id, service, address FROM account WHERE gone = 0 OR id = ?1")?;
        let services = statement
            .query_map([account], |row| {
                let address: String = row.get(2)?;
                let place = address.trim_start_matches(['=', '+']).to_lowercase();
                let name: String = row.get(1)?;
                Ok(Service { id: row.get(0)?, look: look(&name), name, place })
            })?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        let of = services.iter().find(|service| service.id == account);
        Ok(of.map(|of| label(of, &services)).unwrap_or_default())
    }
}

impl WriteTx<'_> {
    /// Announces all accounts: the labels of some services may have changed.
    pub(super) fn touch_services(&mut self) -> Result<()> {
        self.read.account_ids()?.into_iter().for_each(|id| self.touch_account(id));
        Ok(())
    }
}
