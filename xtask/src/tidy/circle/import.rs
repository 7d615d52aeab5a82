//! Imports and paths of a source: what each `use` binds, and every name that the code writes.

use crate::tidy::token::{Token, tokens, without_tests};

/// One name that a `use` binds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Import {
    /// As it is called in this source; `_` for a trait that is only brought into scope.
    pub(super) alias: String,
    /// Its segments.
    pub(super) path: Vec<String>,
    /// Whether it is handed on.
    pub(super) is_public: bool,
}

/// What a source names, but for its tests.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) imports: Vec<Import>,
    /// Every path outside of `use`, a single word too.
    pub(super) paths: Vec<Vec<String>>,
}

impl Names {
    /// Reads a source.
    pub(super) fn read(source: &str) -> Self {
        let tokens = without_tests(&tokens(source));
        let mut names = Self::default();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let before = at.checked_sub(1).and_then(|before| text(&tokens, before)).unwrap_or("");
            if token.text == "use" && text(&tokens, at + 1).is_some_and(|next| next != "<") {
                let is_public = before == "pub" || before == ")";
                let mut tree = Tree { tokens: &tokens, is_public, found: &mut names.imports };
                at = tree.read(at + 1, &[]);
            } else if is_word(token.text) {
                let (path, after) = path(&tokens, at);
                // Behind a dot stands a field or a method, behind `$` the root of a macro's user, behind `mod` no use.
                if !["$", ".", "mod"].contains(&before) || is_range(&tokens, at) {
                    names.paths.push(path);
                }
                at = after;
            } else {
                at += 1;
            }
        }
        names
    }
}

/// One `use` that is being read.
struct Tree<'t, 's> {
    tokens: &'t [Token<'s>],
    is_public: bool,
    found: &'t mut Vec<Import>,
}

impl Tree<'_, '_> {
    /// Reads a path or `{…}` behind `prefix`. Returns where it ends.
    fn read(&mut self, mut at: usize, prefix: &[String]) -> usize {
        let mut path = prefix.to_vec();
        while let Some(word) = text(self.tokens, at) {
            match word {
                "{" => return self.read_members(at + 1, &path),
                ":" => at += 1,
                "as" => {
                    self.bind(text(self.tokens, at + 1), path);
                    return at + 2;
                }
                word if is_word(word) => {
                    if word != "self" || path.is_empty() {
                        path.push(word.to_owned());
                    }
                    at += 1;
                }
                // The `*` of a glob binds no name that could be told.
                "*" => return at + 1,
                _ => break,
            }
        }
        self.bind(None, path);
        at
    }

    fn read_members(&mut self, mut at: usize, prefix: &[String]) -> usize {
        while let Some(word) = text(self.tokens, at) {
            at = match word {
                "}" => return at + 1,
                "," => at + 1,
                _ => self.read(at, prefix).max(at + 1),
            };
        }
        at
    }

    fn bind(&mut self, alias: Option<&str>, path: Vec<String>) {
        if let Some(alias) = alias.or(path.last().map(String::as_str)).map(str::to_owned) {
            self.found.push(Import { alias, path, is_public: self.is_public });
        }
    }
}

/// The segments of a path that begins here, and where it ends.
fn path(tokens: &[Token<'_>], mut at: usize) -> (Vec<String>, usize) {
    let mut path = Vec::new();
    while let Some(word) = text(tokens, at).filter(|word| is_word(word)) {
        path.push(word.to_owned());
        at += 1;
        if (text(tokens, at), text(tokens, at + 1)) != (Some(":"), Some(":")) {
            break;
        }
        at += 2;
    }
    (path, at)
}

/// Whether what stands here is the end of a range, `a..b`, or the base of a struct.
fn is_range(tokens: &[Token<'_>], at: usize) -> bool {
    at >= 2 && text(tokens, at - 1) == Some(".") && text(tokens, at - 2) == Some(".")
}

fn text<'s>(tokens: &[Token<'s>], at: usize) -> Option<&'s str> {
    tokens.get(at).map(|token| token.text)
}

fn is_word(text: &str) -> bool {
    text.starts_with(|first: char| first == '_' || first.is_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn imports(source: &str) -> Vec<(String, String, bool)> {
        let read = Names::read(source).imports.into_iter();
        read.map(|import| (import.alias, import.path.join("::"), import.is_public)).collect()
    }

    fn paths(source: &str) -> Vec<String> {
        Names::read(source).paths.iter().map(|path| path.join("::")).collect()
    }

    #[test]
    fn each_name_that_a_use_binds_is_read() {
        let owned =
            |alias: &str, path: &str, is_public| (alias.to_owned(), path.to_owned(), is_public);
        assert_eq!(imports("use a::b::C;"), [owned("C", "a::b::C", false)]);
        assert_eq!(
            imports("pub(crate) use super::{a::{self, B as D}, e::F as _, g};"),
            [
                owned("a", "super::a", true),
                owned("D", "super::a::B", true),
                owned("_", "super::e::F", true),
                owned("g", "super::g", true),
            ]
        );
        assert_eq!(imports("use a::*; fn b() -> impl C + use<'d> {}").len(), 0);
    }

    #[test]
    fn paths_of_code_are_read_and_fields_methods_and_tests_are_not() {
        assert_eq!(paths("a::b::<C>(d.e(), ..f, $crate::g)"), ["a::b", "C", "d", "f"]);
        assert_eq!(paths("mod h;"), ["mod"]);
        assert_eq!(paths("use a::b;\n#[cfg(test)]\nmod tests { c::d(); }").len(), 0);
    }
}
