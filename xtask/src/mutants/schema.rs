//! Mutant schemata: a source that holds all of its mutants, of which the running program takes one.
//!
//! The body of a function becomes a `match` with a copy for each of its mutants, chosen by the variable
//! [`VARIABLE`]. So a crate is compiled once, and not for each mutant.

use std::collections::BTreeMap;
use std::ops::Range;

use anyhow::{Context, Result};
use serde_json::Value;

/// Variable of the environment that holds the number of the mutant to be.
pub(super) const VARIABLE: &str = "MUTANT";

/// What a crate's root gets at its end.
pub(super) const CHOICE: &str = r#"
#[doc(hidden)]
#[allow(missing_docs)]
pub mod mutant {
    pub fn chosen() -> usize {
        static CHOSEN: std::sync::OnceLock<usize> = std::sync::OnceLock::new();
        *CHOSEN.get_or_init(|| {
            std::env::var("MUTANT").ok().and_then(|number| number.parse().ok()).unwrap_or(0)
        })
    }
}
"#;

/// One small change of the code, as `cargo mutants --list --json` tells it.
#[derive(Debug, Clone)]
pub(super) struct Mutant {
    /// With file, line and column.
    pub(super) name: String,
    /// Below the top of the work tree.
    pub(super) file: String,
    /// The function that it changes, by lines and columns, both from one; none for a constant.
    function: Option<[LineColumn; 2]>,
    /// What is replaced.
    replaced: [LineColumn; 2],
    replacement: String,
}

type LineColumn = (usize, usize);

impl Mutant {
    /// From an element of the list.
    pub(super) fn read(listed: &Value) -> Result<Self> {
        let text = |key: &str| {
            let text = listed.get(key).and_then(Value::as_str);
            text.map(str::to_owned).with_context(|| format!("no {key} in {listed}"))
        };
        let replaced = listed.get("span").and_then(span).context("a mutant without a span")?;
        Ok(Self {
            name: text("name")?,
            file: text("file")?,
            function: listed.pointer("/function/span").and_then(span),
            replaced,
            replacement: text("replacement")?,
        })
    }
}

fn span(value: &Value) -> Option<[LineColumn; 2]> {
    let number = |of: &Value, key: &str| usize::try_from(of.get(key)?.as_u64()?).ok();
    let place = |key: &str| {
        let of = value.get(key)?;
        Some((number(of, "line")?, number(of, "column")?))
    };
    Some([place("start")?, place("end")?])
}

/// A file with its mutants in it.
#[derive(Debug, Default)]
pub(super) struct Schema {
    pub(super) text: String,
    /// For each line, the number of the mutant that it stands in.
    pub(super) lines: Vec<Option<usize>>,
    /// The mutants that it could not take: they change constants, functions that are called by such, or
    /// functions whose type is that of their body.
    pub(super) left: Vec<usize>,
    /// The mutant that is being written.
    current: Option<usize>,
}

/// A function, by the bytes of all of it and of what stands between its braces, and its mutants: the number
/// of each, what it replaces, and by what.
struct Function<'a> {
    whole: Range<usize>,
    body: Range<usize>,
    mutants: Vec<(usize, Range<usize>, &'a str)>,
}

impl Schema {
    /// Of the text of a file and its mutants by their numbers, from one.
    pub(super) fn new(text: &str, mutants: &[(usize, &Mutant)]) -> Self {
        let mut schema = Self::default();
        let mut functions: BTreeMap<usize, Function<'_>> = BTreeMap::new();
        for (number, mutant) in mutants {
            let whole = mutant.function.map(|[start, end]| at(text, start)..at(text, end));
            let Some((whole, body)) =
                whole.and_then(|whole| Some((whole.clone(), body(text, whole)?)))
            else {
                schema.left.push(*number);
                continue;
            };
            let [start, end] = mutant.replaced;
            let change = (*number, at(text, start)..at(text, end), mutant.replacement.as_str());
            let function = functions.entry(whole.start);
            let mutants = Vec::new();
            function.or_insert(Function { whole, body, mutants }).mutants.push(change);
        }
        let functions: Vec<_> = functions.into_values().collect();
        schema.write(text, 0..text.len(), &functions);
        schema.push("\n");
        schema
    }

    /// Writes a part of the text, with the bodies of the functions in it, which may have others in them.
    fn write(&mut self, text: &str, part: Range<usize>, functions: &[Function<'_>]) {
        let mut done = part.start;
        for (n, function) in functions.iter().enumerate() {
            if function.whole.start < done || function.whole.end > part.end {
                continue;
            }
            self.push(&text[done..function.body.start]);
            self.push(" match crate::mutant::chosen() {\n");
            for (number, replaced, by) in &function.mutants {
                self.push(&format!("{number} => {{\n"));
                self.current = Some(*number);
                self.push(&text[function.body.start..replaced.start]);
                self.push(by);
                self.push(&text[replaced.end..function.body.end]);
                self.push("\n");
                self.current = None;
                self.push("}\n");
            }
            self.push("_ => {\n");
            self.write(text, function.body.clone(), &functions[n + 1..]);
            self.push("\n}\n}");
            done = function.body.end;
        }
        self.push(&text[done..part.end]);
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.lines.extend(text.matches('\n').map(|_| self.current));
    }
}

/// The byte at a place.
fn at(text: &str, (line, column): LineColumn) -> usize {
    let start: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
    let before = text[start..].chars().take(column - 1).map(char::len_utf8);
    start + before.sum::<usize>()
}

/// What stands between the braces of a function; none if a copy of it would not do.
fn body(text: &str, whole: Range<usize>) -> Option<Range<usize>> {
    let mut depth = 0;
    let opens = text[whole.clone()].find(|c| {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            _ => {}
        }
        depth == 0 && c == '{'
    })?;
    let signature = &text[whole.start..whole.start + opens];
    let returned = signature.rsplit_once("->").map_or("", |(_, returned)| returned);
    let is_fit = !signature.contains("const fn ") && !returned.contains("impl ");
    is_fit.then(|| whole.start + opens + 1..whole.end - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mutant(function: [LineColumn; 2], replaced: [LineColumn; 2], replacement: &str) -> Mutant {
        let (name, file, replacement) = ("".into(), "".into(), replacement.into());
        Mutant { name, file, function: Some(function), replaced, replacement }
    }

    #[test]
    fn a_body_is_there_once_for_each_mutant_and_once_as_it_was() {
        let text = "/// Ä.\nfn f(a: [u8; 1]) -> u8 {\n    a + /* ä */ b\n}\nfn g() {}\n";
        let f = [(2, 1), (4, 2)];
        let plus = mutant(f, [(3, 7), (3, 8)], "-");
        let all = mutant(f, [(3, 5), (3, 18)], "0");
        let schema = Schema::new(text, &[(7, &plus), (8, &all)]);
        assert_eq!(
            schema.text,
            "/// Ä.\nfn f(a: [u8; 1]) -> u8 { match crate::mutant::chosen() {\n\
             7 => {\n\n    a - /* ä */ b\n\n}\n8 => {\n\n    0\n\n}\n\
             _ => {\n\n    a + /* ä */ b\n\n}\n}}\nfn g() {}\n\n"
        );
        let of = |line: &str| {
            let line = schema.text.lines().position(|found| found == line).unwrap();
            schema.lines[line]
        };
        assert_eq!(
            [of("    a - /* ä */ b"), of("    0"), of("fn g() {}")],
            [Some(7), Some(8), None]
        );
    }

    #[test]
    fn a_function_within_another_has_its_own_mutants() {
        let text = "fn f() {\nfn g() {\n1;\n}\n2;\n}\n";
        let inner = mutant([(2, 1), (4, 2)], [(3, 1), (3, 2)], "3");
        let outer = mutant([(1, 1), (6, 2)], [(5, 1), (5, 2)], "4");
        let text = Schema::new(text, &[(1, &outer), (2, &inner)]).text;
        assert_eq!(text.matches("chosen").count(), 2, "{text}");
        assert_eq!(text.matches("fn g").count(), 2, "{text}");
    }

    #[test]
    fn constants_and_functions_of_an_unnamed_type_are_left() {
        let text = "const fn f() -> u8 {\n1\n}\nfn g() -> impl Fn() {\n|| ()\n}\n";
        let constant = Mutant { function: None, ..mutant([(1, 1); 2], [(1, 1); 2], "") };
        let called_by_one = mutant([(1, 1), (3, 2)], [(2, 1), (2, 2)], "0");
        let unnamed = mutant([(4, 1), (6, 2)], [(5, 1), (5, 6)], "h");
        let schema = Schema::new(text, &[(1, &constant), (2, &called_by_one), (3, &unnamed)]);
        assert_eq!((schema.text.trim_end(), &schema.left[..]), (text.trim_end(), &[1, 2, 3][..]));
    }
}
