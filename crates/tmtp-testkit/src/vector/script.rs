//! Parser of vector files: a file becomes steps.

use anyhow::{Context as _, Result, bail, ensure};

/// A whole file.
#[derive(Debug, Default)]
pub(super) struct Script {
    /// Lines of the configuration's `[limits]`.
    pub(super) limits: String,
    pub(super) steps: Vec<Step>,
}

/// One line, with the lines that belong to it.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) line: usize,
    pub(super) action: Action,
}

#[derive(Debug)]
pub(super) enum Action {
    Link(String, LinkAction),
    Restart,
    /// The first is less than the second.
    Check(String, String),
}

#[derive(Debug)]
pub(super) enum LinkAction {
    /// With this alias.
    Register(String),
    /// As this uid and device.
    Enter(String, String),
    Send {
        split: Option<usize>,
        message: Message,
    },
    SendRaw(Vec<u8>),
    Close,
    /// In whatever order; `ack`: and acknowledge each.
    Expect {
        ack: bool,
        messages: Vec<Message>,
    },
    ExpectClosed,
}

/// A header, as it stands in the file, and data.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) head: String,
    pub(super) data: Vec<u8>,
}

struct Lines<'a> {
    lines: Vec<(usize, &'a str)>,
    next: usize,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Option<(usize, &'a str)> {
        let line = self.lines.get(self.next).copied();
        self.next += 1;
        line
    }

    /// The data in the lines that follow.
    fn data(&mut self) -> Result<Vec<u8>> {
        let mut data = Vec::new();
        while let Some((_, line)) = self.lines.get(self.next)
            && let Some(text) = line.strip_prefix('+')
        {
            data.extend(bytes(text)?);
            self.next += 1;
        }
        Ok(data)
    }

    fn message(&mut self, head: &str) -> Result<Message> {
        ensure!(head.starts_with('{'), "a header begins with a brace: {head}");
        Ok(Message { head: head.to_owned(), data: self.data()? })
    }

    /// Messages up to a line with the closing brace alone.
    fn group(&mut self) -> Result<Vec<Message>> {
        let mut messages = Vec::new();
        loop {
            match self.next().context("the group has no end")? {
                (_, "}") => return Ok(messages),
                (_, head) => messages.push(self.message(head)?),
            }
        }
    }
}

/// Reads a file.
pub(super) fn parse(text: &str) -> Result<Script> {
    let lines = text.lines().enumerate().map(|(n, line)| (n + 1, line.trim()));
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')).collect();
    let mut lines = Lines { lines, next: 0 };
    let mut script = Script::default();
    while let Some((line, text)) = lines.next() {
        if let Some(limit) = text.strip_prefix("config ") {
            script.limits.push_str(limit);
            script.limits.push('\n');
            continue;
        }
        let action = action(text, &mut lines).with_context(|| format!("line {line}"))?;
        script.steps.push(Step { line, action });
    }
    Ok(script)
}

fn action(text: &str, lines: &mut Lines<'_>) -> Result<Action> {
    if text == "restart" {
        return Ok(Action::Restart);
    }
    let (name, rest) = text.split_once(' ').context("one word alone")?;
    let (verb, object) = rest.split_once(' ').context("two words alone")?;
    let object = object.trim();
    let action = match (name, verb, object) {
        ("check", less, more) => {
            let more = more.strip_prefix("< ").context("check A < B")?;
            return Ok(Action::Check(less.into(), more.into()));
        }
        (_, "registers", _) => LinkAction::Register(String::from_utf8(bytes(object)?)?),
        (_, "enters", _) => {
            let (uid, node) = object.split_once(' ').context("enters UID NODE")?;
            LinkAction::Enter(uid.into(), node.into())
        }
        (_, "->", "close") => LinkAction::Close,
        (_, "->", _) => send(object, lines)?,
        (_, "<-", "closed") => LinkAction::ExpectClosed,
        (_, "<-" | "<=", "any {") => {
            LinkAction::Expect { ack: verb == "<=", messages: lines.group()? }
        }
        (_, "<-" | "<=", _) => {
            LinkAction::Expect { ack: verb == "<=", messages: vec![lines.message(object)?] }
        }
        _ => bail!("what is {verb:?}?"),
    };
    Ok(Action::Link(name.into(), action))
}

fn send(object: &str, lines: &mut Lines<'_>) -> Result<LinkAction> {
    if let Some(text) = object.strip_prefix("raw ") {
        return Ok(LinkAction::SendRaw(bytes(text)?));
    }
    let Some(rest) = object.strip_prefix("split ") else {
        return Ok(LinkAction::Send { split: None, message: lines.message(object)? });
    };
    let (count, head) = rest.split_once(' ').context("split N {…}")?;
    Ok(LinkAction::Send { split: Some(count.parse()?), message: lines.message(head)? })
}

/// `"text"` and `3 * "text"`, any number of them.
fn bytes(text: &str) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (before, quoted) = rest.split_once('"').context("no quote")?;
        let times = match before.trim().strip_suffix('*') {
            Some(times) => times.trim().parse()?,
            None if before.trim().is_empty() => 1,
            None => bail!("{before:?} before a quote"),
        };
        let (bytes, after) = unquote(quoted)?;
        out.extend(bytes.repeat(times));
        rest = after.trim_start();
    }
    Ok(out)
}

/// Up to the closing quote, and what is behind it. Knows `\" \\ \n \r \t` and `\xNN`.
fn unquote(text: &str) -> Result<(Vec<u8>, &str)> {
    let mut out = Vec::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((out, text.get(at + 1..).unwrap_or_default())),
            '\\' => match chars.next().context("the text ends inside of an escape")? {
                (_, 'n') => out.push(b'\n'),
                (_, 'r') => out.push(b'\r'),
                (_, 't') => out.push(b'\t'),
                (at, 'x') => {
                    let digits = text.get(at + 1..at + 3).context("\\x takes two digits")?;
                    out.push(u8::from_str_radix(digits, 16)?);
                    chars.nth(1);
                }
                (_, c @ ('"' | '\\')) => out.push(c as u8),
                (_, c) => bail!("what is \\{c}?"),
            },
            c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    bail!("no closing quote")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_text_repeated_text_and_bytes() {
        assert_eq!(
            bytes(r#" "a\"\\\n" 3 * "é" "\x00\xff""#).unwrap(),
            b"a\"\\\n\xc3\xa9\xc3\xa9\xc3\xa9\x00\xff"
        );
        for wrong in ["a", "\"a", "x \"a\"", r#""\q""#, r#""\x1""#] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn invalid_script_line_is_named() {
        for wrong in
            ["ada", "ada ->", "ada says x", "ada -> nothing", "ada <- any {\n{}", "check a b"]
        {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        let script =
            parse("# why\n\nconfig a = 1\nada -> split 3 {\"op\":1}\n  + \"x\"\n  + \"y\"\n")
                .unwrap();
        assert_eq!(
            (script.limits.as_str(), script.steps.len(), script.steps[0].line),
            ("a = 1\n", 1, 4)
        );
    }
}
