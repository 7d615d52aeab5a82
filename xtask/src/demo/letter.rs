//! Letters of the demo: real documents, and an attachment that can be recognised anywhere.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::member::Member;
use super::workdir::Workdir;
use crate::{run, tidy};

/// Bytes of the big attachment.
pub(crate) const BIG: u64 = 64 * 1024 * 1024;
/// Bytes between two marks in the big attachment: any sizeable piece of it shows one.
const BLOCK: usize = 4096;
/// More documents would only make the demo longer.
const DOCUMENTS_MAX: usize = 24;

/// One message: what its author gave to the app, and who has to end up with exactly that.
#[derive(Debug, Clone)]
pub(crate) struct Letter {
    /// Who writes it.
    pub(crate) from: Member,
    /// Aliases and groups as typed; empty for a reply.
    pub(crate) to: Vec<&'static str>,
    /// Whose devices get it, besides the author's.
    pub(crate) readers: Vec<Member>,
    /// Subject of the thread it belongs to.
    pub(crate) subject: String,
    /// Markdown, byte for byte.
    pub(crate) text: String,
    /// Files that come with it.
    pub(crate) files: Vec<PathBuf>,
}

impl Letter {
    /// Whether a member's devices have to show it.
    pub(crate) fn concerns(&self, member: Member) -> bool {
        self.from == member || self.readers.contains(&member)
    }
}

/// The first letter of the demo, which shows what letters can do.
pub(crate) fn welcome(workdir: &Workdir) -> Result<Letter> {
    let tides = workdir.folder("files")?.join("tides.csv");
    std::fs::write(&tides, "high water,height in m\n06:12,4.1\n18:40,4.3\n")?;
    Ok(Letter {
        from: Member::Ada,
        to: vec![Member::Bjorn.alias(), Member::Carmen.alias()],
        readers: vec![Member::Bjorn, Member::Carmen],
        subject: "Saturday: out to the lighthouse?".to_owned(),
        text: "The wind turns **north-west** on Friday, so Saturday should be calm.\n\n\
               | when  | what                    |\n\
               |-------|-------------------------|\n\
               | 06:30 | boats in the water      |\n\
               | 08:00 | breakfast on the island |\n\
               | 11:00 | home with the tide      |\n\n\
               Who brings what?\n\n\
               1. coffee: *me*\n\
               2. bread and cheese: ?\n\
               3. the spare oar: ?\n\n\
               > Last year it rained. This year it will not dare.\n\n\
               The tides are attached.\n"
            .to_owned(),
        files: vec![tides],
    })
}

/// This repository's own papers as letters, each by another member in turn to all others.
pub(crate) fn documents() -> Result<Vec<Letter>> {
    let papers = tidy::files("md")?;
    let letters: Vec<Letter> = papers
        .iter()
        .take(DOCUMENTS_MAX)
        .zip(Member::ALL.into_iter().cycle())
        .map(|(path, from)| document(path, from))
        .collect::<Result<_>>()?;
    ensure!(!letters.is_empty(), "this work tree has no *.md of its own to send");
    Ok(letters)
}

fn document(path: &Path, from: Member) -> Result<Letter> {
    let text = std::fs::read_to_string(run::root().join(path))
        .with_context(|| format!("could not read {}", path.display()))?;
    let others: Vec<Member> = Member::ALL.into_iter().filter(|member| *member != from).collect();
    Ok(Letter {
        from,
        to: others.iter().map(|member| member.alias()).collect(),
        readers: others,
        subject: path.display().to_string(),
        text,
        files: Vec::new(),
    })
}

/// Writes the big attachment: noise that does not compress, with `mark` at the head of each block.
pub(crate) fn write_big(path: &Path, mark: &str) -> Result<()> {
    ensure!(mark.len() <= 64, "the mark is to be short");
    let mut file = BufWriter::new(File::create(path)?);
    let mut noise: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut block = vec![0; BLOCK];
    for _ in 0..BIG / BLOCK as u64 {
        for word in block.chunks_exact_mut(8) {
            // xorshift64: period and quality are ample for bytes that only have to differ.
            noise ^= noise << 13;
            noise ^= noise >> 7;
            noise ^= noise << 17;
            word.copy_from_slice(&noise.to_le_bytes());
        }
        block[..mark.len()].copy_from_slice(mark.as_bytes());
        file.write_all(&block)?;
    }
    file.flush().context("the big attachment")
}
