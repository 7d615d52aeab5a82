//! `cargo xtask advisories`: known weaknesses of the crates and npm packages in our lock files.
//!
//! Crates are compared with RustSec's database by cargo-deny, npm packages by `npm audit`. Both ask a server,
//! so the answer changes from day to day, and a machine may have no way there: `cargo xtask test` only prints
//! what this finds. A mirror of the database is named to git:
//!
//!     git config --global url.MIRROR.insteadOf https://github.com/RustSec/advisory-db

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::run;

const DATABASE: &str = "https://github.com/RustSec/advisory-db";

/// What a source said.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    /// Nothing is known against what we use.
    Fine,
    /// What is, for people.
    Found(String),
    /// It could not be asked, and why.
    Unasked(String),
}

/// Prints what is known. Fails if there is anything; if `all` also where a source could not be asked.
pub(crate) fn run(all: bool) -> Result<()> {
    let (mut found, mut unasked) = (0, 0);
    for (what, answer) in [("crates", crates()?), ("npm packages", packages()?)] {
        match answer {
            Answer::Fine => println!("advisories for {what}: none"),
            Answer::Found(advisories) => {
                found += 1;
                println!("advisories for {what}:\n{}", advisories.trim_end());
            }
            Answer::Unasked(why) => {
                unasked += 1;
                println!("advisories for {what}: left out: {why}");
            }
        }
    }
    ensure!(found == 0, "there are advisories: update what they name, or say in deny.toml why not");
    ensure!(!all || unasked == 0, "not everything could be asked");
    Ok(())
}

fn crates() -> Result<Answer> {
    if run::on_path("cargo-deny").is_none() {
        let install = "cargo-deny is not installed (cargo install --locked cargo-deny)";
        return Ok(Answer::Unasked(install.into()));
    }
    let mut reach = run::program("git", ["ls-remote", "--quiet", DATABASE, "HEAD"], ".");
    reach.env("GIT_TERMINAL_PROMPT", "0");
    if let Err(error) = run::captured(&mut reach) {
        return Ok(Answer::Unasked(last_line(&format!("{error:#}"))));
    }
    let mut deny = run::cargo(["deny", "check", "--hide-inclusion-graph", "advisories"]);
    let output = deny.output().context("could not start cargo-deny")?;
    let said = String::from_utf8_lossy(&output.stderr);
    Ok(match output.status.success() {
        true => Answer::Fine,
        false if said.contains("error[") => Answer::Found(said.into_owned()),
        // The database, not what is in it.
        false => Answer::Unasked(last_line(&said)),
    })
}

fn packages() -> Result<Answer> {
    if run::on_path("npm").is_none() {
        return Ok(Answer::Unasked("npm is not installed".into()));
    }
    let audit = ["audit", "--json", "--package-lock-only"];
    let output = run::program("npm", audit, "web").output().context("could not start npm")?;
    npm_answer(&String::from_utf8_lossy(&output.stdout))
}

/// What `npm audit --json` says: a report with a list of packages, or why there is none.
fn npm_answer(said: &str) -> Result<Answer> {
    let said: Value = serde_json::from_str(said).context("npm audit printed no JSON")?;
    let Some(packages) = said["vulnerabilities"].as_object() else {
        let why = said["message"].as_str().or(said["error"]["summary"].as_str());
        return Ok(Answer::Unasked(why.unwrap_or("npm audit has no answer").to_owned()));
    };
    if packages.is_empty() {
        return Ok(Answer::Fine);
    }
    let lines = packages.iter().map(|(name, found)| {
        let severity = found["severity"].as_str().unwrap_or("of unknown severity");
        let titles = found["via"].as_array().into_iter().flatten();
        let titles: Vec<_> = titles.filter_map(|via| via["title"].as_str()).collect();
        format!("  {name} ({severity}): {}\n", titles.join("; "))
    });
    Ok(Answer::Found(lines.collect()))
}

fn last_line(text: &str) -> String {
    text.trim_end().lines().next_back().unwrap_or_default().to_owned()
}

/// For `cargo xtask test`: what is found is printed, and fails nothing that worked yesterday.
pub(crate) fn tell() -> Result<()> {
    if let Err(error) = run(false) {
        println!("this fails no test: {error:#}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Answer, npm_answer};

    #[test]
    fn a_report_of_npm_is_told_from_a_registry_that_gives_none() {
        let refused = r#"{"message": "405 Method Not Allowed", "statusCode": 405}"#;
        assert_eq!(npm_answer(refused).unwrap(), Answer::Unasked("405 Method Not Allowed".into()));
        assert_eq!(npm_answer(r#"{"vulnerabilities": {}}"#).unwrap(), Answer::Fine);
        let found = r#"{"vulnerabilities": {"a": {"severity": "high",
            "via": ["b", {"title": "Reads too far"}]}}}"#;
        assert_eq!(npm_answer(found).unwrap(), Answer::Found("  a (high): Reads too far\n".into()));
        assert!(npm_answer("").is_err());
    }
}
