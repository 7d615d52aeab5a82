//! Tests of tokens: which spellings match each other.

use super::*;

#[test]
fn case_accents_width_and_ligatures_do_not_matter() {
    for (written, typed) in [
        ("Zürich", "ZURICH"),
        ("cafe\u{301}", "café"),
        ("Straße", "STRASSE"),
        ("Łódź Ærø Œuvre", "lodz aero oeuvre"),
        ("İstanbul ılık", "istanbul ilik"),
        ("ΛΌΓΟΣ", "λογος"),
        ("ёлка", "елка"),
        ("Ｆｕｌｌ　１２３", "full 123"),
        ("ﬁne ①", "fine 1"),
        ("שָׁלוֹם", "שלום"),
        ("مُحَمَّد", "محمد"),
        ("أحمد", "احمد"),
        ("ｶﾞｲﾄﾞ", "ガイド"),
        ("\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af}", "한글"),
        ("\u{1100}\u{1161}", "가"),
        ("👍🏽", "👍"),
        ("❤\u{fe0f}", "❤"),
        ("نامه\u{200c}ها", "نامهها"),
    ] {
        assert_eq!(indexed(written), indexed(typed), "{written} {typed}");
        assert!(!indexed(typed).is_empty(), "{typed}");
    }
    for (one, other) in [("हिन्दी", "हन्द"), ("か", "が"), ("กา", "กำ"), ("👍", "👎")]
    {
        assert_ne!(indexed(one), indexed(other), "{one} {other}");
    }
}

#[test]
fn scripts_without_spaces_are_indexed_by_two() {
    for (text, tokens) in [
        ("东京", "东京 京"),
        ("東", "東"),
        ("来週の会議。", "来週 週の の会 会議 議"),
        ("2026年5月", "2026 年 5 月"),
        ("ab東京cd", "ab 東京 京 cd"),
        ("한국어로", "한국 국어 어로 로"),
        ("don’t e-mail", "don t e mail"),
        ("👨\u{200d}👩 yes", "👨 👩 yes"),
        ("— … +", ""),
    ] {
        assert_eq!(indexed(text), tokens, "{text}");
    }
    // Marks stay on the character that they belong to.
    assert_eq!(indexed("กำลัง").split(' ').count(), 4);
}

#[test]
fn tokens_say_where_they_stand() {
    for text in ["Ünïcode cafe\u{301}! 東京タワー 👍🏽 ﬁ", "x\u{300}\u{301} شَمس"]
    {
        for token in tokens(text) {
            let part = &text[token.start..token.end];
            assert_eq!(tokens(part)[0].text, token.text, "{part}");
        }
    }
    // What is not seen belongs to the letter before it.
    for text in ["cafe\u{301}", "x\u{300}\u{301}", "شَ", "東\u{fe00}"] {
        let whole: Vec<_> = tokens(text).iter().map(|token| (token.start, token.end)).collect();
        assert_eq!(whole, [(0, text.len())], "{text}");
    }
    assert_eq!(tokens(&"w".repeat(1000))[0].text.len(), TOKEN_BYTES_MAX);
}

/// The pages make tokens by the same rule, so as to mark what was found where it stands: they test
/// the same cases.
#[test]
fn cases_that_the_pages_have_too_become_these_tokens() {
    #[derive(serde::Deserialize)]
    struct Case {
        text: String,
        tokens: Vec<(String, String)>,
    }
    let cases: Vec<Case> = serde_json::from_str(include_str!("token_cases.json")).unwrap();
    for Case { text, tokens: expected } in cases {
        let found: Vec<_> = tokens(&text)
            .into_iter()
            .map(|token| (token.text, text[token.start..token.end].to_owned()))
            .collect();
        assert_eq!(found, expected, "{text}");
    }
}
