//! Tokeniser of the search index: normalised tokens, in which case, accents, vowel marks, width and
//! ligatures make no difference, in every script.
//!
//! Words are runs of letters and digits. Scripts without spaces between words (Chinese, Japanese,
//! Thai, …), and Korean, whose words are long, are indexed by bigrams: in a run of theirs each two
//! neighbouring characters are a token, and the last character alone is one. So a part of a run is
//! found as a phrase, and a single character as the beginning of a token. An emoji is a token.
//!
//! Text is compared token by token, never as it stands. When this changes, the index must be built
//! anew.

use icu_normalizer::DecomposingNormalizerBorrowed;
use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup};
use icu_properties::{CodePointMapData, CodePointSetData};

/// Longest token, bytes; longer words are cut. Nobody types more of one.
const TOKEN_BYTES_MAX: usize = 64;

/// A token, and where it stands in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    /// Its folded text.
    pub(crate) text: String,
    /// Its first byte in the text.
    pub(crate) start: usize,
    /// The byte behind it.
    pub(crate) end: usize,
    /// Bytes of its first character in the text, with its marks.
    pub(crate) first_bytes: usize,
    /// How it came about.
    pub(crate) role: Role,
}

/// How a token came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// A word, a symbol, or two characters of a run.
    Whole,
    /// The only character of a run, which in a longer run begins a token.
    Alone,
    /// The last character of a run by itself: a phrase that ends there leaves it out.
    Closing,
}

/// Class of a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Part of a word.
    Word,
    /// A character of a script that is indexed by bigrams.
    Pair,
    /// A mark that belongs to the character before it.
    Mark,
    /// An emoji or another symbol.
    Symbol,
    /// Ignored: accents, vowel marks, joiners.
    Unseen,
    /// Between words.
    Gap,
}

/// The tokens of a text, in order.
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    let mut lexer = Lexer::default();
    let mut chars = text.char_indices().peekable();
    while let Some((start, c)) = chars.next() {
        let mut end = start + c.len_utf8();
        let mut whole = c;
        // Korean syllables that are written in parts.
        while let Some(&(at, next)) = chars.peek()
            && let Some(syllable) = joined(whole, next)
        {
            (whole, end) = (syllable, at + next.len_utf8());
            chars.next();
        }
        if whole.is_ascii() {
            lexer.ascii(whole, start, end);
        } else {
            lexer.fold(whole, start, end);
        }
    }
    lexer.finish()
}

/// The tokens as the index takes them, with spaces between them.
pub(crate) fn indexed(text: &str) -> String {
    let mut all = String::with_capacity(text.len());
    for token in tokens(text) {
        if !all.is_empty() {
            all.push(' ');
        }
        all.push_str(&token.text);
    }
    all
}

/// Collects tokens character by character.
#[derive(Default)]
struct Lexer {
    tokens: Vec<Token>,
    word: Option<Token>,
    /// The characters of a run that is indexed by two.
    run: Vec<Token>,
}

impl Lexer {
    fn ascii(&mut self, c: char, start: usize, end: usize) {
        match c.is_ascii_alphanumeric() {
            true => self.take(Kind::Word, c.to_ascii_lowercase(), start, end),
            false => self.take(Kind::Gap, c, start, end),
        }
    }

    /// Takes the parts of a character, folded.
    fn fold(&mut self, c: char, start: usize, end: usize) {
        let kind = kind_of(c);
        if is_hangul(c) || kind == Kind::Symbol {
            return self.take(kind, c, start, end);
        }
        let mut whole = [0; 4];
        let parts = DecomposingNormalizerBorrowed::new_nfkd().normalize(c.encode_utf8(&mut whole));
        for part in parts.chars() {
            let kind = kind_of(part);
            for lower in part.to_lowercase() {
                match replacement(lower) {
                    Some(plain) => {
                        plain.chars().for_each(|plain| self.take(kind, plain, start, end));
                    }
                    // Lower case of a letter may bring an accent of its own.
                    None if kind_of(lower) == Kind::Unseen => {}
                    None => self.take(kind, lower, start, end),
                }
            }
            if kind == Kind::Unseen {
                self.take(kind, part, start, end);
            }
        }
    }

    fn take(&mut self, kind: Kind, c: char, start: usize, end: usize) {
        match kind {
            Kind::Unseen => self.stretch(end),
            Kind::Mark => {
                if let Some(last) = self.run.last_mut().or(self.word.as_mut()) {
                    push(last, c);
                    last.end = end;
                }
            }
            Kind::Word => {
                self.end_run();
                let word = self.word.get_or_insert_with(|| at(start));
                push(word, c);
                word.end = end;
            }
            Kind::Pair => {
                self.end_word();
                let mut one = at(start);
                push(&mut one, c);
                one.end = end;
                self.run.push(one);
            }
            Kind::Symbol => {
                self.end_run();
                self.end_word();
                let mut one = at(start);
                push(&mut one, c);
                one.end = end;
                self.tokens.push(one);
            }
            Kind::Gap => {
                self.end_run();
                self.end_word();
            }
        }
    }

    /// Extends the last token over an ignored character, so that both are highlighted together.
    fn stretch(&mut self, end: usize) {
        let last = match (self.run.last_mut(), &mut self.word) {
            (Some(last), _) | (None, Some(last)) => last,
            (None, None) => return,
        };
        last.end = end;
    }

    fn end_word(&mut self) {
        self.tokens.extend(self.word.take());
    }

    fn end_run(&mut self) {
        for pair in self.run.windows(2) {
            let [one, other] = pair else { continue };
            let text = format!("{}{}", one.text, other.text);
            let first_bytes = one.end - one.start;
            let (start, end) = (one.start, other.end);
            self.tokens.push(Token { text, start, end, first_bytes, role: Role::Whole });
        }
        let role = if self.run.len() == 1 { Role::Alone } else { Role::Closing };
        if let Some(last) = self.run.pop() {
            let first_bytes = last.end - last.start;
            self.tokens.push(Token { role, first_bytes, ..last });
        }
        self.run.clear();
    }

    fn finish(mut self) -> Vec<Token> {
        self.end_run();
        self.end_word();
        self.tokens
    }
}

fn at(start: usize) -> Token {
    Token { text: String::new(), start, end: start, first_bytes: 0, role: Role::Whole }
}

fn push(token: &mut Token, c: char) {
    if token.text.len() + c.len_utf8() <= TOKEN_BYTES_MAX {
        token.text.push(c);
    }
}

fn kind_of(c: char) -> Kind {
    if c.is_ascii() {
        return if c.is_ascii_alphanumeric() { Kind::Word } else { Kind::Gap };
    }
    if is_unseen(c) {
        return Kind::Unseen;
    }
    let category = CodePointMapData::<GeneralCategory>::new().get(c);
    if GeneralCategoryGroup::Mark.contains(category) {
        return Kind::Mark;
    }
    // The colours of skin.
    if ('\u{1f3fb}'..='\u{1f3ff}').contains(&c) {
        return Kind::Unseen;
    }
    if matches!(category, GeneralCategory::OtherSymbol | GeneralCategory::CurrencySymbol) {
        return Kind::Symbol;
    }
    match (is_pair(c), c.is_alphanumeric()) {
        (true, _) => Kind::Pair,
        (false, true) => Kind::Word,
        (false, false) => Kind::Gap,
    }
}

/// Accents of Latin, Greek and Cyrillic, vowel marks of Hebrew, Arabic and Syriac, and what is
/// never seen. Marks of other scripts are letters of theirs, and stay.
fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{591}'..='\u{5bd}' | '\u{5bf}'
        | '\u{5c1}' | '\u{5c2}' | '\u{5c4}' | '\u{5c5}' | '\u{5c7}' | '\u{610}'..='\u{61a}'
        | '\u{640}' | '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{6d6}'..='\u{6dc}'
        | '\u{6df}'..='\u{6e4}' | '\u{6e7}' | '\u{6e8}' | '\u{6ea}'..='\u{6ed}' | '\u{711}'
        | '\u{730}'..='\u{74a}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
        || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

/// Thai, Lao, Tibetan, Burmese, Khmer; kana; Chinese characters; Korean syllables.
pub(super) fn is_pair(c: char) -> bool {
    matches!(c,
        '\u{e00}'..='\u{e4f}' | '\u{e80}'..='\u{ecf}' | '\u{f40}'..='\u{f6c}'
        | '\u{1000}'..='\u{103f}' | '\u{1780}'..='\u{17d3}' | '\u{3005}' | '\u{3007}'
        | '\u{3040}'..='\u{30fa}' | '\u{30fc}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3ffff}')
        || is_hangul(c)
}

fn is_hangul(c: char) -> bool {
    ('\u{ac00}'..='\u{d7a3}').contains(&c)
}

/// The Korean syllable of two parts that follow each other.
fn joined(one: char, other: char) -> Option<char> {
    let (one, other) = (u32::from(one), u32::from(other));
    if (0x1100..0x1113).contains(&one) && (0x1161..0x1176).contains(&other) {
        return char::from_u32(0xac00 + ((one - 0x1100) * 21 + (other - 0x1161)) * 28);
    }
    let is_open = (0xac00..0xd7a4).contains(&one) && (one - 0xac00) % 28 == 0;
    if is_open && (0x11a8..0x11c3).contains(&other) {
        return char::from_u32(one + other - 0x11a7);
    }
    None
}

/// How letters are typed that have no accent to be taken off.
fn replacement(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'þ' => "th",
        'ħ' => "h",
        'ŧ' => "t",
        'ŋ' => "n",
        'ı' => "i",
        'ς' => "σ",
        _ => return None,
    })
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;
