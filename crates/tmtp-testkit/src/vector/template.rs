//! Headers with placeholders.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail, ensure};

/// What placeholders stand for so far, by `kind.name`.
pub(super) type Bindings = BTreeMap<String, String>;

/// A template cut at its placeholders.
enum Part<'a> {
    Text(&'a str),
    /// `kind.name`
    Placeholder(&'a str),
}

fn parts(template: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some((text, behind)) = rest.split_once('$') {
        let end = behind
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '.' && c != '_')
            .unwrap_or(behind.len());
        let (name, after) = behind.split_at(end);
        parts.push(Part::Text(text));
        parts.push(Part::Placeholder(name));
        rest = after;
    }
    parts.push(Part::Text(rest));
    parts
}

/// Puts in what the placeholders stand for.
pub(super) fn fill(template: &str, known: &Bindings) -> Result<String> {
    let mut out = String::new();
    for part in parts(template) {
        match part {
            Part::Text(text) => out.push_str(text),
            Part::Placeholder(name) => {
                out.push_str(known.get(name).with_context(|| format!("${name} is not known yet"))?);
            }
        }
    }
    Ok(out)
}

/// Whether the text is what the template says; gives the placeholders that are new.
pub(super) fn matches(template: &str, text: &str, known: &Bindings) -> Result<Bindings> {
    let mut new = Bindings::new();
    let mut rest = text;
    for part in parts(template) {
        let name = match part {
            Part::Text(text) => {
                rest = rest.strip_prefix(text).with_context(|| format!("want {text} at {rest}"))?;
                continue;
            }
            Part::Placeholder(name) => name,
        };
        if let Some(value) = known.get(name).or_else(|| new.get(name)) {
            rest = rest
                .strip_prefix(value.as_str())
                .with_context(|| format!("want ${name} = {value} at {rest}"))?;
            continue;
        }
        let value = take(name, rest)?;
        rest = rest.get(value.len()..).unwrap_or_default();
        if name != "headsum" {
            new.insert(name.to_owned(), value.to_owned());
        }
    }
    ensure!(rest.is_empty(), "too much: {rest}");
    Ok(new)
}

/// What a placeholder that is not known yet may stand for, at the front of the text.
fn take<'a>(name: &str, text: &'a str) -> Result<&'a str> {
    let base32 = |c: char| "%+123456789BCDFGHJKLMNPQRSTVWXYZ".contains(c);
    let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    let moment = |c: char| c.is_ascii_digit() || "-T:.Z".contains(c);
    let kind = name.split('.').next().unwrap_or_default();
    let (length, found) = match kind {
        "uid" => (32, run(text, base32)),
        "node" => (40, run(text, base32)),
        "msg" => (16, run(text, hex)),
        "posted" => (24, run(text, moment)),
        "headsum" => return Ok(run(text, |c| c.is_ascii_digit())),
        "text" => return Ok(run(text, |c| c != '"')),
        _ => bail!("there is no placeholder ${name}"),
    };
    ensure!(found.len() == length, "${name} has {length} characters; came: {found:?}");
    Ok(found)
}

fn run(text: &str, belongs: impl Fn(char) -> bool) -> &str {
    let end = text.find(|c| !belongs(c)).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholder_is_bound_once_and_compared_later() {
        let template = r#"{"id":"$msg.1","sum":$headsum,"msgid":"$msg.1"}"#;
        let text = r#"{"id":"17a1b2c3d4e5f607","sum":12,"msgid":"17a1b2c3d4e5f607"}"#;
        let known = matches(template, text, &Bindings::new()).unwrap();
        assert_eq!(known.len(), 1);
        assert_eq!(fill("<$msg.1>", &known).unwrap(), "<17a1b2c3d4e5f607>");
        let other = text.replacen("f607", "f608", 2);
        assert!(matches(template, &other, &known).is_err());
        assert!(matches(template, &text.replacen("f607", "f608", 1), &Bindings::new()).is_err());
        assert!(matches(template, &text.replace("17a1", ""), &Bindings::new()).is_err());
        assert!(matches(template, &format!("{text} "), &Bindings::new()).is_err());
        assert!(fill("$msg.2", &known).is_err());
    }
}
