//! Index of names that are equal in several spellings.
//!
//! A name that is a different spelling of another's is not granted. Stores of earlier versions may
//! hold such pairs: then each spelling finds its own, and a third the one that was read first.

use std::collections::HashMap;

use tmtp::text::name_key;

/// Values by name.
#[derive(Debug)]
pub(super) struct Names<T> {
    /// By the name as granted.
    granted: HashMap<Box<str>, T>,
    /// Canonical key to granted name, where the two differ.
    spelled: HashMap<Box<str>, Box<str>>,
}

impl<T> Default for Names<T> {
    fn default() -> Self {
        Self { granted: HashMap::new(), spelled: HashMap::new() }
    }
}

impl<T> Names<T> {
    /// The value with exactly this name.
    pub(super) fn get(&self, name: &str) -> Option<&T> {
        self.granted.get(name)
    }

    /// The value with this name in any spelling, and the name as granted.
    pub(super) fn find(&self, name: &str) -> Option<(&str, &T)> {
        let found = self.granted.get_key_value(name).or_else(|| {
            let key = name_key(name);
            let spelled = || self.granted.get_key_value(self.spelled.get(&*key)?);
            self.granted.get_key_value(&*key).or_else(spelled)
        });
        found.map(|(name, named)| (&**name, named))
    }

    /// Stores a value under a granted name.
    pub(super) fn put(&mut self, name: &str, named: T) {
        if self.granted.insert(name.into(), named).is_none() {
            let key = name_key(name);
            if key != name {
                self.spelled.entry(key.into()).or_insert_with(|| name.into());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_name_wins_over_other_spellings() {
        let mut names = Names::default();
        names.put("Jose\u{301} Nu\u{301}n\u{303}ez", 1);
        assert_eq!(names.find("José Núñez"), Some(("Jose\u{301} Nu\u{301}n\u{303}ez", &1)));
        assert_eq!(names.find(" José  Núñez"), Some(("Jose\u{301} Nu\u{301}n\u{303}ez", &1)));
        assert_eq!(names.find("Josè Núñez"), None);
        // As an earlier version may have granted it.
        names.put("José Núñez", 2);
        assert_eq!(names.find("José Núñez"), Some(("José Núñez", &2)));
        assert_eq!(names.find("Jose\u{301} Nu\u{301}n\u{303}ez").map(|found| *found.1), Some(1));
    }
}
