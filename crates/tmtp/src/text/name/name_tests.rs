//! Tests of names, as people have them and as impostors make them.

use super::*;

#[test]
fn names_of_all_scripts_are_granted() {
    for good in [
        "LongJohn Silver",
        "アリアス",
        "Žofie-Ω",
        "a_b.c&d<e>",
        "no vowels",
        "Miller, Jo Ann",
        "José Núñez",
        "Jose\u{301} Nu\u{301}n\u{303}ez",
        "Nguye\u{302}\u{303}n Thị Hồng",
        "O’Brien (🚣)",
        // Persian writes the non-joiner, Marathi and Sinhala the joiner behind a virama.
        "مهدی نیک\u{200c}پور",
        "می\u{200c}آیم خانه",
        // A vowel sign stands between the letters.
        "مهدی نیک\u{64e}\u{200c}پور",
        "र\u{94d}\u{200d}य मराठी",
        "ශ\u{dca}\u{200d}රී ලංකා",
        "ন\u{9cd}\u{200c}য বাংলা",
        "བསྒྲུབས་པ།",
        "தமிழ் பெயர்",
        "한글 이름입니다",
    ] {
        assert_eq!(check_name(good), Ok(()), "{good}");
    }
}

#[test]
fn names_hold_no_invisible_characters() {
    let unseen = [
        '\t',
        '\n',
        '\0',
        '\u{7f}',
        '\u{85}',
        '\u{a0}',
        '\u{ad}',
        '\u{34f}',
        '\u{61c}',
        '\u{115f}',
        '\u{1160}',
        '\u{1680}',
        '\u{17b4}',
        '\u{17b5}',
        '\u{180b}',
        '\u{180e}',
        '\u{180f}',
        '\u{2000}',
        '\u{2007}',
        '\u{200b}',
        '\u{200c}',
        '\u{200d}',
        '\u{200e}',
        '\u{200f}',
        '\u{2028}',
        '\u{2029}',
        '\u{202a}',
        '\u{202e}',
        '\u{202f}',
        '\u{205f}',
        '\u{2060}',
        '\u{2062}',
        '\u{2065}',
        '\u{2066}',
        '\u{2069}',
        '\u{206f}',
        '\u{2800}',
        '\u{3000}',
        '\u{3164}',
        '\u{e000}',
        '\u{fe00}',
        '\u{fe0f}',
        '\u{feff}',
        '\u{ffa0}',
        '\u{fff0}',
        '\u{fff9}',
        '\u{fffc}',
        '\u{ffff}',
        '\u{13441}',
        '\u{1bca0}',
        '\u{1d159}',
        '\u{1d173}',
        '\u{16fe4}',
        '\u{e0001}',
        '\u{e0041}',
        '\u{e0100}',
        '\u{e01ef}',
        '\u{10ffff}',
    ];
    for c in unseen {
        for bad in [format!("Dora{c}Dorn"), format!("Dora Dorn{c}"), format!("{c}Dora Dorn")] {
            assert_eq!(check_name(&bad), Err(NameError::NotPrintable), "{bad:?}");
        }
    }
    assert_eq!(check_name("\u{3164}\u{3164}\u{3164}"), Err(NameError::NotPrintable));
}

#[test]
fn a_joiner_stands_between_letters_that_need_it_and_nowhere_else() {
    for bad in [
        "نیک\u{200d}پور",           // nothing is joined there
        "مهدی نیک\u{200c}",         // nothing behind it
        "نیک\u{200c}\u{200c}پور",   // two of them
        "مهدی \u{200c}نیک",         // nothing before it
        "रमेश क\u{94d}\u{200d}",     // ends with it
        "क\u{94d}\u{200d}Ada Dora", // a letter of another script
        "रमेश क\u{94d}\u{200d}१",    // a digit of the same
        "👨\u{200d}👩 family",
    ] {
        assert_eq!(check_name(bad), Err(NameError::NotPrintable), "{bad:?}");
    }
}

#[test]
fn spaces_stand_single_and_inside() {
    for bad in ["Dora Dorn ", " Dora Dorn", "Dora  Dorn", "         ", "Dora Dorn  "] {
        assert_eq!(check_name(bad), Err(NameError::Spaces), "{bad:?}");
    }
}

#[test]
fn marks_do_not_pile_up() {
    for bad in [
        format!("Dora{} Dorn", "\u{301}".repeat(100)),
        "Dora\u{301}\u{301} Dorn".into(),
        "Dora\u{300}\u{301}\u{302}\u{303}\u{304} Dorn".into(),
        format!("क{} Dorn", "\u{93e}".repeat(9)),
        "\u{301}Dora Dorn".into(),
        "Dora \u{301}Dorn".into(),
    ] {
        assert_eq!(check_name(&bad), Err(NameError::Marks), "{bad:?}");
    }
    for most in ["Dora\u{300}\u{301}\u{302}\u{303} Dorn", &format!("क{} Dorn", "\u{93e}".repeat(8))]
    {
        assert_eq!(check_name(most), Ok(()), "{most:?}");
    }
}

#[test]
fn a_name_has_8_to_256_bytes_and_is_no_uid() {
    assert_eq!(check_name(&"x".repeat(7)), Err(NameError::TooShort));
    assert_eq!(check_name(&"x".repeat(8)), Ok(()));
    assert_eq!(check_name(&"x".repeat(256)), Ok(()));
    assert_eq!(check_name(&"x".repeat(257)), Err(NameError::TooLong));
    assert_eq!(check_name("bad\u{fffd}alias"), Err(NameError::Replaced));
    assert_eq!(check_name(Uid::from_bytes(&[7; 20]).as_str()), Err(NameError::Uid));
    assert_eq!(check_name(Uid::SERVICE), Err(NameError::Uid));
}

#[test]
fn spellings_of_one_name_have_one_key() {
    for (one, other) in [
        ("José Núñez", "Jose\u{301} Nu\u{301}n\u{303}ez"),
        ("مهدی نیک\u{200c}پور", "مهدی نیکپور"),
        ("Dora Dorn", "Dora Dorn "),
        ("Dora Dorn", " Dora\u{a0} Dorn"),
        ("Dora Dorn", "Ｄｏｒａ Dorn"),
        ("Dora Dorn", "Dora\u{ffa0} Dorn\u{3164}"),
        ("Dora Dorn", "D\u{34f}or\u{fe0f}a Dorn\u{e0100}"),
        ("office 12", "oﬃce １２"),
        ("각각각각", "\u{1100}\u{1161}\u{11a8}각각각"),
    ] {
        assert_eq!(name_key(one), name_key(other), "{one:?} and {other:?}");
    }
    assert_ne!(name_key("Dora Dorn"), name_key("dora dorn"));
    assert_ne!(name_key("Dora Dorn"), name_key("DoraDorn"));
}

#[test]
fn no_name_ends_with_the_tag_of_another() {
    for bad in [
        "Bert Bruch #2RBNBFN4",
        "Bert Bruch #2rbnbf",
        "Bert Bruch#2RBNBFN4",
        "Bert Bruch ＃2RBNBFN4",
        "Bert ##2RBNBFN4",
    ] {
        assert_eq!(check_name(bad), Err(NameError::Tag), "{bad}");
    }
    for good in
        ["Bert Bruch #1", "Bert Bruch #work", "Bert # 2RBNBFN4", "C# writers", "#2RBNBFN4x a"]
    {
        assert_eq!(check_name(good), Ok(()), "{good}");
    }
}
