//! Paths of a source that lead to modules of the crate's root: in `use` and anywhere else.

use crate::tidy::token::{Token, tokens, without_tests};

/// A module of the crate's root that is named in a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reference {
    pub(super) to: String,
    pub(super) line: usize,
    /// Named by a macro, as `$crate::…`: for other crates, which see the root alone.
    pub(super) in_macro: bool,
}

/// What a source that lies `depth` modules deep names by `crate::…` or by `super::…`. Items for tests
/// are left out.
pub(super) fn references(depth: usize, source: &str) -> Vec<Reference> {
    let tokens = without_tests(&tokens(source));
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let before = at.checked_sub(1).and_then(|before| tokens.get(before));
        let in_macro = before.is_some_and(|token| token.text == "$");
        let after = match token.text {
            "crate" => after_colons(&tokens, at + 1),
            "super" if depth > 0 => after_supers(&tokens, at, depth),
            _ => None,
        };
        match after {
            Some(after) => {
                name_first(&tokens, after, in_macro, &mut found);
                at = after;
            }
            None => at += 1,
        }
    }
    found
}

/// Where the path goes on behind `::`.
fn after_colons(tokens: &[Token<'_>], at: usize) -> Option<usize> {
    let is_colon = |at: usize| tokens.get(at).is_some_and(|token| token.text == ":");
    (is_colon(at) && is_colon(at + 1)).then_some(at + 2)
}

/// Where a path goes on that leads to the root by `super`.
fn after_supers(tokens: &[Token<'_>], mut at: usize, depth: usize) -> Option<usize> {
    for _ in 0..depth {
        tokens.get(at).filter(|token| token.text == "super")?;
        at = after_colons(tokens, at + 1)?;
    }
    Some(at)
}

/// The first names of what comes: one, or one for each member of `{…}`.
fn name_first(tokens: &[Token<'_>], at: usize, in_macro: bool, found: &mut Vec<Reference>) {
    let mut name = |token: &Token<'_>| {
        if token.text.starts_with(|first: char| first == '_' || first.is_alphabetic()) {
            found.push(Reference { to: token.text.to_owned(), line: token.line, in_macro });
        }
    };
    let Some(first) = tokens.get(at) else { return };
    if first.text != "{" {
        return name(first);
    }
    let (mut depth, mut is_first) = (0, false);
    for token in tokens.get(at..).unwrap_or_default() {
        match token.text {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ if is_first => name(token),
            _ => {}
        }
        if depth == 0 {
            return;
        }
        is_first = depth == 1 && ["{", ","].contains(&token.text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(depth: usize, source: &str) -> Vec<(String, usize)> {
        references(depth, source).into_iter().map(|found| (found.to, found.line)).collect()
    }

    fn names(depth: usize, source: &str) -> Vec<String> {
        named(depth, source).into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn imports_name_modules() {
        assert_eq!(names(1, "use crate::a::b::C;"), ["a"]);
        assert_eq!(names(1, "pub(crate) use crate::a::{self, b::C};"), ["a"]);
        assert_eq!(
            named(1, "use crate::{\n    a::{b, c},\n    d,\n    e as f,\n};\n"),
            [("a".to_owned(), 2), ("d".to_owned(), 3), ("e".to_owned(), 4)]
        );
    }

    #[test]
    fn paths_in_code_name_modules() {
        assert_eq!(names(1, "fn a(b: &crate::c::D) -> [crate::e::F; 2] { crate::g::h(b) }"), {
            ["c", "e", "g"]
        });
        assert_eq!(names(1, "macro_rules! a { () => { $crate::b::c!() } }"), ["b"]);
    }

    #[test]
    fn supers_that_lead_to_the_root_name_modules() {
        assert_eq!(names(1, "use super::a::B;"), ["a"]);
        assert_eq!(names(2, "use super::a::B;").len(), 0);
        assert_eq!(names(2, "use super::super::{a, b::C};"), ["a", "b"]);
        assert_eq!(names(0, "pub(super) fn a() {}").len(), 0);
        assert_eq!(names(1, "pub(super) fn a() {}").len(), 0);
    }

    #[test]
    fn paths_in_comments_strings_and_tests_are_skipped() {
        assert_eq!(names(1, "//! [`x`](crate::x)\n/* crate::y */ \"crate::z\"").len(), 0);
        let tests = "#[cfg(test)]\nuse crate::a::{B, C};\n#[cfg(test)]\nmod tests { use crate::d; fn e() {} }\n\
                     #[cfg(test)]\n#[path = \"f.rs\"]\nmod f;\nuse crate::g::H;\n";
        assert_eq!(named(1, tests), [("g".to_owned(), 8)]);
    }
}
