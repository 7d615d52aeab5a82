//! Zero-width joiners, which belong to the spelling of some scripts and are invisible elsewhere.
//!
//! Where they may stand is the contextual rule of RFC 5892, appendix A (the same places as in UAX #31),
//! and between letters only: behind a virama and before a letter of the same script, and, for the
//! non-joiner, between two letters that would join without it.

use icu_properties::props::{CanonicalCombiningClass, GeneralCategoryGroup, JoiningType, Script};
use icu_properties::{CodePointMapData, props::GeneralCategory};

const NON_JOINER: char = '\u{200c}';
const JOINER: char = '\u{200d}';

/// Whether it is U+200C or U+200D.
pub fn is_joiner(c: char) -> bool {
    matches!(c, NON_JOINER | JOINER)
}

/// Whether the joiner `c` belongs between the texts `before` and `after` it.
pub fn joins(before: &str, c: char, after: &str) -> bool {
    let Some((left, right)) = before.chars().next_back().zip(after.chars().next()) else {
        return false;
    };
    if is_virama(left) {
        return is_letter(right) && script(left) == script(right);
    }
    let left = before.chars().rev().map(joining).find(|joining| !is_transparent(*joining));
    let right = after.chars().map(joining).find(|joining| !is_transparent(*joining));
    c == NON_JOINER
        && matches!(left, Some(JoiningType::LeftJoining | JoiningType::DualJoining))
        && matches!(right, Some(JoiningType::RightJoining | JoiningType::DualJoining))
}

fn is_virama(c: char) -> bool {
    let class = CodePointMapData::<CanonicalCombiningClass>::new().get(c);
    class == CanonicalCombiningClass::Virama
}

fn is_letter(c: char) -> bool {
    GeneralCategoryGroup::Letter.contains(CodePointMapData::<GeneralCategory>::new().get(c))
}

fn script(c: char) -> Script {
    CodePointMapData::<Script>::new().get(c)
}

fn joining(c: char) -> JoiningType {
    CodePointMapData::<JoiningType>::new().get(c)
}

fn is_transparent(joining: JoiningType) -> bool {
    joining == JoiningType::Transparent
}
