//! Bound on stacked accents: longer stacks are cut before they are drawn.
//!
//! Marks join the character before them, so that thousands in a row are one character, and drawing it takes
//! minutes. Invisible format characters (joiners among them) go on with such a row.

use std::borrow::Cow;

use icu_properties::CodePointMapData;
use icu_properties::props::{GeneralCategory, GeneralCategoryGroup};

/// Marks and format characters in a row that are drawn. No spelling has nearly as many, and the flag of a
/// region has seven.
pub const HEAP_MAX: usize = 30;

/// Counts the row of marks that a text is in.
#[derive(Debug, Clone, Copy, Default)]
pub struct Heap {
    marks: usize,
}

impl Heap {
    /// Whether the next character of a text is drawn.
    pub fn admits(&mut self, c: char) -> bool {
        self.marks = if is_joined(c) { self.marks.saturating_add(1) } else { 0 };
        self.marks <= HEAP_MAX
    }
}

/// A text without the marks behind the [`HEAP_MAX`]th in a row.
pub fn without_heaps(text: &str) -> Cow<'_, str> {
    let mut heap = Heap::default();
    if text.is_ascii() || text.chars().all(|c| heap.admits(c)) {
        return Cow::Borrowed(text);
    }
    let mut heap = Heap::default();
    Cow::Owned(text.chars().filter(|&c| heap.admits(c)).collect())
}

fn is_joined(c: char) -> bool {
    const JOINED: GeneralCategoryGroup =
        GeneralCategoryGroup::Mark.union(GeneralCategoryGroup::Format);
    !c.is_ascii() && JOINED.contains(CodePointMapData::<GeneralCategory>::new().get(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_stay_and_heaps_are_cut() {
        let flag = "🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}";
        let long = "語".repeat(100);
        for text in ["plain", "Việt Nam", "e\u{301}\u{323}", "👨\u{200d}👩\u{200d}👧", flag, &long]
        {
            assert!(matches!(without_heaps(text), Cow::Borrowed(same) if same == text));
        }
        for heap in ["\u{301}", "\u{20dd}", "\u{903}", "\u{200d}", "\u{301}\u{200d}"] {
            let text = format!("a{}b", heap.repeat(60_000));
            assert_eq!(without_heaps(&text).chars().count(), 2 + HEAP_MAX, "{heap:?}");
        }
        // Each character has its own.
        let text = format!("a{0}b{0}", "\u{301}".repeat(HEAP_MAX));
        assert_eq!(without_heaps(&text), text);
    }
}
