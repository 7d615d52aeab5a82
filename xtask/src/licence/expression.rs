//! SPDX licence expressions as Cargo packages have them: `MIT OR (Apache-2.0 AND Zlib)`.
//!
//! `AND` binds tighter than `OR`; `A/B` is the old way to write `A OR B`; `A WITH exception` is one
//! term, to be allowed by just that text.

use anyhow::{Result, bail, ensure};

/// Whether an expression holds when `allows` says which of its terms do.
pub(crate) fn holds(expression: &str, allows: &dyn Fn(&str) -> bool) -> Result<bool> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut reader = Reader { words: &words, allows };
    let holds = reader.alternatives()?;
    ensure!(reader.words.is_empty(), "did not expect {:?}", reader.words[0]);
    Ok(holds)
}

struct Reader<'a> {
    words: &'a [&'a str],
    allows: &'a dyn Fn(&str) -> bool,
}

impl<'a> Reader<'a> {
    fn alternatives(&mut self) -> Result<bool> {
        let mut holds = self.all()?;
        while self.take("OR") {
            holds |= self.all()?;
        }
        Ok(holds)
    }

    fn all(&mut self) -> Result<bool> {
        let mut holds = self.one()?;
        while self.take("AND") {
            holds &= self.one()?;
        }
        Ok(holds)
    }

    fn one(&mut self) -> Result<bool> {
        if self.take("(") {
            let holds = self.alternatives()?;
            ensure!(self.take(")"), "a parenthesis is not closed");
            return Ok(holds);
        }
        let licence = self.term()?;
        if !self.take("WITH") {
            return Ok((self.allows)(licence));
        }
        let exception = self.term()?;
        Ok((self.allows)(&format!("{licence} WITH {exception}")))
    }

    fn term(&mut self) -> Result<&'a str> {
        match self.words.split_first() {
            Some((term, rest)) if !["(", ")", "AND", "OR", "WITH"].contains(term) => {
                self.words = rest;
                Ok(term)
            }
            Some((word, _)) => bail!("did not expect {word:?}"),
            None => bail!("it ends too early"),
        }
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.words.first() == Some(&word);
        if found {
            self.words = &self.words[1..];
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::holds;

    fn with_mit_and_zlib(expression: &str) -> Option<bool> {
        holds(expression, &|term| ["MIT", "Zlib", "GPL-2.0 WITH Classpath"].contains(&term)).ok()
    }

    #[test]
    fn one_alternative_is_enough_and_every_conjunct_is_needed() {
        assert_eq!(with_mit_and_zlib("MIT"), Some(true));
        assert_eq!(with_mit_and_zlib("Apache-2.0/MIT"), Some(true));
        assert_eq!(with_mit_and_zlib("GPL-3.0 OR MIT"), Some(true));
        assert_eq!(with_mit_and_zlib("GPL-3.0 AND MIT"), Some(false));
        assert_eq!(with_mit_and_zlib("MIT OR GPL-3.0 AND BSD-3-Clause"), Some(true));
        assert_eq!(with_mit_and_zlib("(MIT OR GPL-3.0) AND BSD-3-Clause"), Some(false));
        assert_eq!(with_mit_and_zlib("(MIT OR GPL-3.0) AND Zlib"), Some(true));
    }

    #[test]
    fn an_exception_belongs_to_its_licence() {
        assert_eq!(with_mit_and_zlib("GPL-2.0 WITH Classpath"), Some(true));
        assert_eq!(with_mit_and_zlib("MIT WITH Classpath"), Some(false));
    }

    #[test]
    fn malformed_expression_is_an_error() {
        for expression in ["", "MIT OR", "(MIT", "MIT)", "MIT Zlib", "AND"] {
            assert_eq!(with_mit_and_zlib(expression), None, "{expression:?}");
        }
    }
}
