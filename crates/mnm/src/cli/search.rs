//! Search command.

use mnm_engine::{
    command::{Command as EngineCommand, SearchOrder},
    view::{SearchHit, ThreadId},
};

use super::Context;
use super::letter::party;
use crate::{
    exit::Failure,
    print::{Answer, Look, inline},
    session::{Session, ask},
};

/// Matches that the engine counts.
const COUNTED_MAX: u64 = 1_000;

/// What is searched for.
pub(super) struct Asked {
    pub(super) words: String,
    pub(super) thread: Option<ThreadId>,
    pub(super) order: SearchOrder,
    pub(super) skip: u32,
    pub(super) limit: u32,
}

/// The words of the command line as one text. The value of an operator that was quoted for the shell
/// is quoted again.
pub(super) fn quoted(words: &[String]) -> String {
    let word = |word: &String| match word.split_once(':') {
        Some((key, value)) if value.contains(' ') && !key.contains(' ') => {
            format!("{key}:\"{value}\"")
        }
        _ => word.clone(),
    };
    words.iter().map(word).collect::<Vec<_>>().join(" ")
}

pub(super) async fn search(
    context: &Context,
    session: &Session,
    asked: Asked,
) -> Result<Answer, Failure> {
    let account = context.chosen(session).await?;
    let Asked { words, thread, order, skip, limit } = asked;
    let command = EngineCommand::Search {
        account,
        words: words.clone(),
        thread,
        order,
        skip,
        limit: Some(limit),
    };
    let page = ask!(session, command, Hits);
    let mut text = String::new();
    for hit in &page.hits {
        text.push_str(&hit_text(&context.look, hit));
    }
    if page.hits.is_empty() {
        text.push_str("Nothing found.\n");
    }
    if page.more {
        let all = ask!(session, EngineCommand::CountHits { account, words, thread }, Count);
        let (first, last) = (skip + 1, skip as usize + page.hits.len());
        let all = if all > COUNTED_MAX { "more than 1,000".into() } else { all.to_string() };
        text.push_str(&format!("{first} to {last} of {all}. The next: --skip {last}\n"));
    }
    if page.newest_only {
        text.push_str(
            "Without a word only the newest 20,000 letters were looked through. Add a word to search in all.\n",
        );
    }
    if page.indexing {
        text.push_str(
            "The index is being made anew after an update: old letters may be missing.\n",
        );
    }
    Ok(Answer::new(&page.hits, text))
}

fn hit_text(look: &Look, hit: &SearchHit) -> String {
    format!(
        "{:>6}  {}  {}\n        {}\n",
        hit.thread,
        look.bold(inline(&hit.subject)),
        look.dim(format!(
            "{}, {}, {}, message {}",
            party(&hit.from),
            inline(&hit.service),
            look.time(hit.at_ms),
            hit.message
        )),
        snippet(look, &hit.snippet)
    )
}

/// The engine's HTML, which contains only `<mark>`, as text.
fn snippet(look: &Look, html: &str) -> String {
    let plain = |html: &str| {
        let text = html.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
        inline(&text.replace("&#39;", "'").replace("&#x27;", "'").replace("&amp;", "&"))
    };
    let mut text = String::new();
    let mut rest = html;
    while let Some((before, after)) = rest.split_once("<mark>") {
        let (word, after) = after.split_once("</mark>").unwrap_or((after, ""));
        text.push_str(&plain(before));
        text.push_str(&look.bold(plain(word)));
        rest = after;
    }
    text.push_str(&plain(rest));
    text
}
