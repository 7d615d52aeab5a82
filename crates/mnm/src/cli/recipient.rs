//! The recipients that `--to` names: aliases and groups of the address book, which may hold commas themselves.
//!
//! Commas part names, but a name that is in the address book as a whole wins over its parts, and what
//! stands in double quotes is never parted. Every spelling of a name means the name as it is known.

use std::collections::{HashMap, HashSet};

use mnm_engine::command::Command as Ask;
use mnm_engine::view::{AccountId, Group, Standing};
use tmtp::text::{NAME_MAX_BYTES, name_key};

use super::Context;
use crate::exit::Failure;
use crate::session::{Session, ask};

/// The names that a letter of `account` goes to. Those that nobody has are left as they were typed.
/// Where one is not known, what waits at the service is fetched first: it may be the answer to a ping.
pub(super) async fn named(
    context: &Context,
    session: &Session,
    account: AccountId,
    to: &[String],
) -> Result<Vec<String>, Failure> {
    let book = book(session, account).await?;
    let names = book.names_in(to);
    if context.offline || names.iter().all(|name| book.takes(name)) {
        return Ok(names);
    }
    session.settle().await?;
    Ok(self::book(session, account).await?.names_in(to))
}

async fn book(session: &Session, id: AccountId) -> Result<Book, Failure> {
    let account = Some(id);
    let contacts = ask!(session, Ask::Contacts { account }, Contacts);
    let groups = ask!(session, Ask::Groups { account }, Groups);
    let state = ask!(session, Ask::State, State);
    let own = state.accounts.into_iter().find(|account| account.id == id);
    let aliases = contacts.into_iter().map(|contact| contact.alias);
    let is_shut = |group: &&Group| match group.standing {
        Standing::Left | Standing::Removed => true,
        Standing::Joined | Standing::Invited => group.empty,
    };
    let shut = groups.iter().filter(is_shut).map(|group| group.gid.clone()).collect();
    let gids = groups.into_iter().map(|group| group.gid);
    let mut book = Book::new(aliases.chain(gids).chain(own.map(|own| own.alias)));
    book.shut = shut;
    Ok(book)
}

/// The names that are known.
struct Book {
    names: HashSet<String>,
    /// By its key, the only name that has it.
    by_key: HashMap<String, Option<String>>,
    /// Groups that take no letter, as far as is known here.
    shut: HashSet<String>,
}

impl Book {
    fn new(names: impl Iterator<Item = String>) -> Self {
        let names: HashSet<_> = names.collect();
        let mut by_key = HashMap::new();
        for name in &names {
            let others = by_key.entry(name_key(name));
            others.and_modify(|name| *name = None).or_insert_with(|| Some(name.clone()));
        }
        Self { names, by_key, shut: HashSet::new() }
    }

    /// Whether a letter to this name can be queued.
    fn takes(&self, name: &str) -> bool {
        self.names.contains(name) && !self.shut.contains(name)
    }

    fn names_in(&self, to: &[String]) -> Vec<String> {
        to.iter().flat_map(|value| self.read(value)).collect()
    }

    /// The known name that is meant by `typed`.
    fn find(&self, typed: &str) -> Option<String> {
        match self.names.get(typed) {
            Some(name) => Some(name.clone()),
            None => self.by_key.get(&name_key(typed)).cloned().flatten(),
        }
    }

    /// The names in one value of `--to`.
    fn read(&self, value: &str) -> Vec<String> {
        let (mut names, mut rest) = (Vec::new(), value);
        while !rest.trim().is_empty() {
            let (typed, after) = self.next(rest);
            names.push(self.find(typed).unwrap_or_else(|| typed.to_owned()));
            rest = after;
        }
        names
    }

    /// The first name in `text`, and what comes after it and its comma.
    fn next<'a>(&self, text: &'a str) -> (&'a str, &'a str) {
        let text = text.trim_start();
        let quoted = text.strip_prefix('"').and_then(|text| text.split_once('"'));
        if let Some((name, after)) = quoted {
            let after = after.trim_start();
            if after.is_empty() || after.starts_with(',') {
                return (name, after.strip_prefix(',').unwrap_or_default());
            }
        }
        let commas = text.match_indices(',').map(|(at, _)| at).chain([text.len()]);
        let ends = commas.take_while(|end| *end <= NAME_MAX_BYTES);
        let whole = ends.filter(|end| self.find(cut(text, *end).trim()).is_some()).last();
        let end = whole.or_else(|| text.find(',')).unwrap_or(text.len());
        let after = text.get(end..).unwrap_or_default();
        (cut(text, end).trim(), after.strip_prefix(',').unwrap_or_default())
    }
}

fn cut(text: &str, end: usize) -> &str {
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_name_is_not_parted_and_a_quoted_one_neither() {
        let known = ["Miller, Jo Ann", "Jo Ann Doe", "Bob Babbage", "José Núñez", "Smith, A, B, C"];
        let book = Book::new(known.into_iter().map(String::from));
        for (typed, expected) in [
            ("Miller, Jo Ann", vec!["Miller, Jo Ann"]),
            ("Miller, Jo Ann,Bob Babbage", vec!["Miller, Jo Ann", "Bob Babbage"]),
            (" Bob Babbage , Miller,  Jo Ann ", vec!["Bob Babbage", "Miller, Jo Ann"]),
            ("\"Miller, Jo Ann\", Bob Babbage", vec!["Miller, Jo Ann", "Bob Babbage"]),
            ("\"Nobody, Known\"", vec!["Nobody, Known"]),
            ("Nobody, Known", vec!["Nobody", "Known"]),
            ("Smith, A, B, C, Nobody", vec!["Smith, A, B, C", "Nobody"]),
            ("Jose\u{301} Nu\u{301}n\u{303}ez", vec!["José Núñez"]),
            ("\"odd\" quote, Bob Babbage", vec!["\"odd\" quote", "Bob Babbage"]),
            (",,", vec!["", ""]),
            ("", vec![]),
        ] {
            assert_eq!(book.read(typed), expected, "{typed:?}");
        }
    }
}
