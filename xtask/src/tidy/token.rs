//! Lexer: words and punctuation of a Rust source, without comments and literals.

/// One word or one character of punctuation, and the line it is on, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'s> {
    pub(super) text: &'s str,
    pub(super) line: usize,
}

/// The tokens of a source, in order.
pub(super) fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let (mut rest, mut line) = (source, 1);
    while let Some(first) = rest.chars().next() {
        let (len, is_token) = next(rest, first);
        let (text, after) = rest.split_at(len);
        if is_token {
            tokens.push(Token { text, line });
        }
        line += text.matches('\n').count();
        rest = after;
    }
    tokens
}

/// How many bytes belong to what comes first, and whether it is a token.
fn next(rest: &str, first: char) -> (usize, bool) {
    if rest.starts_with("//") {
        return (rest.find('\n').unwrap_or(rest.len()), false);
    }
    if rest.starts_with("/*") {
        return (block_comment(rest), false);
    }
    if let Some(len) = raw_string(rest) {
        return (len, false);
    }
    match first {
        '"' => (quoted(rest, '"'), false),
        '\'' if is_character(rest) => (quoted(rest, '\''), false),
        word if word == '_' || word.is_alphanumeric() => {
            let is_part = |part: char| part == '_' || part.is_alphanumeric();
            (rest.find(|part| !is_part(part)).unwrap_or(rest.len()), true)
        }
        other => (other.len_utf8(), !other.is_whitespace()),
    }
}

/// Comments nest.
fn block_comment(rest: &str) -> usize {
    let (mut at, mut depth) = (2, 1);
    while depth > 0 {
        let Some(found) = rest[at..].find("/*").into_iter().chain(rest[at..].find("*/")).min()
        else {
            return rest.len();
        };
        at += found;
        depth = if rest[at..].starts_with("/*") { depth + 1 } else { depth - 1 };
        at += 2;
    }
    at
}

/// `r"…"`, `br#"…"#` and such.
fn raw_string(rest: &str) -> Option<usize> {
    let after = ["r", "br", "cr"].iter().find_map(|start| rest.strip_prefix(start))?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    let inside = after[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let start = rest.len() - inside.len();
    Some(inside.find(&end).map_or(rest.len(), |found| start + found + end.len()))
}

/// From a quote to the one that ends it.
fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, character) in rest.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if character == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// Whether a `'` opens a character, and not a lifetime.
fn is_character(rest: &str) -> bool {
    let mut inside = rest.chars().skip(1);
    match (inside.next(), inside.next()) {
        (Some('\\'), _) => true,
        (Some(_), Some(end)) => end == '\'',
        _ => false,
    }
}

/// Leaves out each item behind `#[cfg(test)]`.
pub(super) fn without_tests<'s>(tokens: &[Token<'s>]) -> Vec<Token<'s>> {
    const FOR_TESTS: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut kept = Vec::with_capacity(tokens.len());
    let mut rest = tokens;
    while let Some((first, others)) = rest.split_first() {
        let is_for_tests = rest.len() >= FOR_TESTS.len()
            && rest.iter().zip(FOR_TESTS).all(|(token, text)| token.text == text);
        if is_for_tests {
            rest = after_item(&rest[FOR_TESTS.len()..]);
        } else {
            kept.push(*first);
            rest = others;
        }
    }
    kept
}

/// What comes behind an item: behind the `;` or `}` that ends it.
fn after_item<'t, 's>(tokens: &'t [Token<'s>]) -> &'t [Token<'s>] {
    let (mut depth, mut is_import) = (0_usize, false);
    for (at, token) in tokens.iter().enumerate() {
        match token.text {
            "use" if depth == 0 => is_import = true,
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => depth = depth.saturating_sub(1),
            _ => {}
        }
        let ends = token.text == ";" || (token.text == "}" && !is_import);
        if ends && depth == 0 {
            return &tokens[at + 1..];
        }
    }
    &[]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(source: &str) -> Vec<&str> {
        tokens(source).into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn comments_and_literals_are_left_out() {
        assert_eq!(words("a // b\n/* c /* d */ e */ f"), ["a", "f"]);
        assert_eq!(words(r##"a("b\"c", r#"d"e"#, br"f", 'g', '\'', b'h')"##), {
            ["a", "(", ",", ",", ",", ",", ",", "b", ")"]
        });
        assert_eq!(words("fn a<'b>(c: &'b str)"), {
            ["fn", "a", "<", "'", "b", ">", "(", "c", ":", "&", "'", "b", "str", ")"]
        });
    }

    #[test]
    fn lines_are_counted_through_all_of_it() {
        let found = tokens("\"\n\"\n/*\n*/ r\"\n\" a");
        assert_eq!(found, [Token { text: "a", line: 5 }]);
    }
}
