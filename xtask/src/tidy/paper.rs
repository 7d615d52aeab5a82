//! Rules for documents: links lead somewhere, decisions are numbered and listed.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::run;

const DECISIONS: &str = "docs/decisions";

/// Adds every link of one paper that leads nowhere, `path` being relative to the top.
pub(crate) fn check(path: &Path, text: &str, offences: &mut Vec<String>) {
    let folder = path.parent().unwrap_or(Path::new(""));
    for (line, target) in links(text) {
        let file = target.split('#').next().unwrap_or_default();
        if file.is_empty() || target.contains("://") || target.starts_with("mailto:") {
            continue;
        }
        let file = match file.strip_prefix('/') {
            Some(from_top) => PathBuf::from(from_top),
            None => folder.join(file),
        };
        if !run::root().join(&file).exists() {
            offences.push(format!("{}:{line}: the link to {target} leads nowhere", path.display()));
        }
    }
}

/// Adds every decision without a number of its own or a line in the list.
pub(crate) fn check_decisions(offences: &mut Vec<String>) -> Result<()> {
    let folder = run::root().join(DECISIONS);
    let list = std::fs::read_to_string(folder.join("README.md"))
        .with_context(|| format!("{DECISIONS}/README.md lists the decisions"))?;
    let mut names: Vec<String> = std::fs::read_dir(&folder)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<Result<_>>()?;
    names.retain(|name| name != "README.md");
    names.sort();
    let mut numbers = Vec::new();
    for name in &names {
        let number = name.get(..4).filter(|number| number.bytes().all(|b| b.is_ascii_digit()));
        match number {
            Some(number) if name.get(4..5) == Some("-") && name.ends_with(".md") => {
                if numbers.contains(&number) {
                    offences.push(format!("{DECISIONS}/{name}: {number} is taken"));
                }
                numbers.push(number);
            }
            _ => offences.push(format!("{DECISIONS}/{name}: call it NNNN-title.md")),
        }
        if !list.contains(&format!("({name})")) {
            offences.push(format!("{DECISIONS}/README.md: does not list {name}"));
        }
    }
    Ok(())
}

/// Targets of `[text](target)` and `[text]: target` outside of code, with their line numbers.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut links = Vec::new();
    let mut in_code = false;
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code || line.starts_with("    ") {
            continue;
        }
        let prose = without_code(line);
        if prose.starts_with('[')
            && let Some((_, target)) = prose.split_once("]: ")
        {
            links.push((index + 1, target.trim().to_owned()));
        }
        for piece in prose.split("](").skip(1) {
            let target = piece.split([')', ' ']).next().unwrap_or_default();
            links.push((index + 1, target.trim_matches(['<', '>']).to_owned()));
        }
    }
    links
}

/// A line with its `code` taken out.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{check, links};

    #[test]
    fn links_in_prose_are_found_and_code_is_left_alone() {
        let text =
            "See [a](a.md) and ![b](b.png \"B\").\n[c]: c.md\n`[d](d.md)`\n```\n[e](e.md)\n```\n";
        let found = vec![(1, "a.md".to_owned()), (1, "b.png".to_owned()), (2, "c.md".to_owned())];
        assert_eq!(links(text), found);
    }

    #[test]
    fn a_link_to_nothing_is_an_offence() {
        let mut offences = Vec::new();
        let text = "[x](#below) [y](https://example.org/z) [z](../Cargo.toml) [w](nothing.md)";
        check(Path::new("docs/x.md"), text, &mut offences);
        assert_eq!(offences.len(), 1, "{offences:?}");
    }
}
