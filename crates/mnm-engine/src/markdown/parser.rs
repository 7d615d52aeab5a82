//! Parser of Markdown, with the extensions that letters may use.

use pulldown_cmark::{OffsetIter, Options, Parser};

/// The parser's events of a text, each with its position.
pub(super) fn parser(text: &str) -> OffsetIter<'_> {
    let options = Options::ENABLE_TABLES
        .union(Options::ENABLE_STRIKETHROUGH)
        .union(Options::ENABLE_TASKLISTS);
    Parser::new_ext(text, options).into_offset_iter()
}
