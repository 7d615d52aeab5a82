//! Parser of `--to`: aliases and groups of the address book, which may contain commas.
//!
//! Commas separate names, but a name that is in the address book as a whole takes precedence, and
//! double quotes keep a name together. If its parts are names too, it is ambiguous and an error.
//! Every spelling of a name matches the known name. A group counts once the member has joined it:
//! anybody can invite to a group of any name.

use std::collections::{HashMap, HashSet};

use mnm_engine::command::Command as EngineCommand;
use mnm_engine::view::{AccountId, Standing};
use tmtp::text::{NAME_MAX_BYTES, name_key};

use super::{Context, word::quoted};
use crate::exit::Failure;
use crate::print::inline;
use crate::session::{Session, ask};

/// The names that a letter of `account` goes to. Unknown ones are left as typed. If one is unknown,
/// messages waiting at the service are received first: one may be the answer to a ping.
pub(super) async fn named(
    context: &Context,
    session: &Session,
    account: AccountId,
    to: &[String],
) -> Result<Vec<String>, Failure> {
    let book = book(session, account).await?;
    let names = book.names_in(to)?;
    if context.offline || names.iter().all(|name| book.takes(name)) {
        return Ok(names);
    }
    session.settle().await?;
    self::book(session, account).await?.names_in(to)
}

async fn book(session: &Session, id: AccountId) -> Result<Book, Failure> {
    let account = Some(id);
    let contacts = ask!(session, EngineCommand::Contacts { account }, Contacts);
    let groups = ask!(session, EngineCommand::Groups { account }, Groups);
    let state = ask!(session, EngineCommand::State, State);
    let own = state.accounts.into_iter().find(|account| account.id == id);
    let aliases = contacts.into_iter().map(|contact| contact.alias);
    let mut names: Vec<String> = aliases.chain(own.map(|own| own.alias)).collect();
    let (mut others, mut empty) = (Vec::new(), HashSet::new());
    for group in groups {
        match group.standing {
            Standing::Joined => {
                if group.empty {
                    empty.insert(group.gid.to_string());
                }
                names.push(group.gid.to_string());
            }
            Standing::Invited | Standing::Left | Standing::Removed => {
                others.push(group.gid.into_string())
            }
        }
    }
    Ok(Book { names: Names::new(names), others: Names::new(others), empty })
}

/// Known names.
struct Book {
    names: Names,
    /// Groups that the member is not in: naming one gives an error that says so.
    others: Names,
    /// Groups that accept no letter, as far as is known here.
    empty: HashSet<String>,
}

/// Names and their spellings.
struct Names {
    names: HashSet<String>,
    /// The only name with this key.
    by_key: HashMap<String, Option<String>>,
}

impl Names {
    fn new(names: impl IntoIterator<Item = String>) -> Self {
        let names: HashSet<_> = names.into_iter().collect();
        let mut by_key = HashMap::new();
        for name in &names {
            let others = by_key.entry(name_key(name));
            others.and_modify(|name| *name = None).or_insert_with(|| Some(name.clone()));
        }
        Self { names, by_key }
    }

    /// The known name that `typed` matches.
    fn find(&self, typed: &str) -> Option<String> {
        match self.names.get(typed) {
            Some(name) => Some(name.clone()),
            None => self.by_key.get(&name_key(typed)).cloned().flatten(),
        }
    }

    /// Ends of names at which `text` can be split: at commas, or at its end.
    fn ends(&self, text: &str) -> Vec<usize> {
        let commas = text.match_indices(',').map(|(at, _)| at).chain([text.len()]);
        let ends = commas.take_while(|end| *end <= NAME_MAX_BYTES);
        ends.filter(|end| self.find(cut(text, *end).trim()).is_some()).collect()
    }

    /// Whether a sequence of names reaches `end`.
    fn come_to(&self, text: &str, end: usize) -> bool {
        let mut begins = vec![0];
        let mut seen = HashSet::new();
        while let Some(begin) = begins.pop() {
            if begin > end {
                return true;
            }
            if seen.insert(begin) {
                let ends = self.ends(text.get(begin..).unwrap_or_default());
                begins.extend(ends.into_iter().map(|end| begin + end + 1));
            }
        }
        false
    }
}

impl Book {
    /// Whether a letter to this name can be queued.
    fn takes(&self, name: &str) -> bool {
        self.names.names.contains(name) && !self.empty.contains(name)
    }

    fn names_in(&self, to: &[String]) -> Result<Vec<String>, Failure> {
        let mut names = Vec::new();
        for value in to {
            names.extend(self.read(value)?);
        }
        Ok(names)
    }

    /// The known name that `typed` matches.
    fn find(&self, typed: &str) -> Option<String> {
        self.names.find(typed).or_else(|| self.others.find(typed))
    }

    /// The names in one value of `--to`.
    fn read(&self, value: &str) -> Result<Vec<String>, Failure> {
        let (mut names, mut rest) = (Vec::new(), value);
        while !rest.trim().is_empty() {
            let (typed, after) = self.next(rest)?;
            names.push(self.find(typed).unwrap_or_else(|| typed.to_owned()));
            rest = after;
        }
        Ok(names)
    }

    /// The first name in `text`, and the rest after its comma.
    fn next<'a>(&self, text: &'a str) -> Result<(&'a str, &'a str), Failure> {
        let text = text.trim_start();
        let in_quotes = text.strip_prefix('"').and_then(|text| text.split_once('"'));
        if let Some((name, after)) = in_quotes {
            let after = after.trim_start();
            if after.is_empty() || after.starts_with(',') {
                return Ok((name, after.strip_prefix(',').unwrap_or_default()));
            }
        }
        let ends = self.names.ends(text);
        let whole = ends.last().copied();
        if let Some((whole, shorter)) = ends.split_last() {
            let goes_on = |end: &usize| {
                let rest = text.get(end + 1..).unwrap_or_default();
                self.names.come_to(rest, whole - end - 1)
            };
            if let Some(end) = shorter.iter().find(|end| goes_on(end)) {
                return Err(two_readings(cut(text, *whole).trim(), cut(text, *end).trim()));
            }
        }
        let end = whole
            .or_else(|| self.others.ends(text).last().copied())
            .or_else(|| text.find(','))
            .unwrap_or(text.len());
        let after = text.get(end..).unwrap_or_default();
        Ok((cut(text, end).trim(), after.strip_prefix(',').unwrap_or_default()))
    }
}

/// The error for a name with commas whose parts are names too.
fn two_readings(whole: &str, part: &str) -> Failure {
    Failure::usage(format!(
        "{} is one name that you know, and so are the names in it that its commas part: {} and so on. \
         Nothing was sent. For the one name: --to {}; for the others, each apart: --to {} --to ...",
        inline(whole),
        inline(part),
        quoted(&format!("\"{}\"", inline(whole))),
        quoted(&inline(part)),
    ))
}

fn cut(text: &str, end: usize) -> &str {
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book(names: &[&str], others: &[&str]) -> Book {
        let owned = |names: &[&str]| Names::new(names.iter().map(|&name| name.to_owned()));
        Book { names: owned(names), others: owned(others), empty: HashSet::new() }
    }

    #[test]
    fn a_known_name_is_not_parted_and_a_quoted_one_neither() {
        let known = ["Miller, Jo Ann", "Jo Ann Doe", "Bob Babbage", "José Núñez", "Smith, A, B, C"];
        let book = book(&known, &[]);
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
            assert_eq!(book.read(typed).unwrap(), expected, "{typed:?}");
        }
    }

    #[test]
    fn a_group_that_the_member_is_not_in_takes_no_letter_from_those_in_its_name() {
        let book = book(&["Bert Bruch", "Cleo Cramm"], &["Bert Bruch, Cleo Cramm", "Ada, Nobody"]);
        for (typed, expected) in [
            ("Bert Bruch, Cleo Cramm", vec!["Bert Bruch", "Cleo Cramm"]),
            ("\"Bert Bruch, Cleo Cramm\"", vec!["Bert Bruch, Cleo Cramm"]),
            // The app then says that the member has not joined it.
            ("Ada, Nobody", vec!["Ada, Nobody"]),
        ] {
            assert_eq!(book.read(typed).unwrap(), expected, "{typed:?}");
        }
    }

    #[test]
    fn a_name_whose_parts_are_names_too_is_asked_about() {
        let known = ["Bert, Cleo", "Bert", "Cleo", "Cleo, Dora", "Smith", "Smith, Jo"];
        let book = book(&known, &[]);
        for typed in ["Bert, Cleo", "Nobody, Bert,  Cleo", "Bert, Cleo, Nobody", "Bert, Cleo, Dora"]
        {
            let told = book.read(typed).unwrap_err().message;
            assert!(told.contains("--to '\"Bert,") && told.contains("--to 'Bert'"), "{told}");
        }
        for (typed, expected) in [
            ("\"Bert, Cleo\"", vec!["Bert, Cleo"]),
            ("\"Bert\", Cleo", vec!["Bert", "Cleo"]),
            ("Smith, Jo, Bert", vec!["Smith, Jo", "Bert"]),
        ] {
            assert_eq!(book.read(typed).unwrap(), expected, "{typed:?}");
        }
    }
}
