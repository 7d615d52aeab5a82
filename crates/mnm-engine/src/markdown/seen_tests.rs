//! Tests that everything typed is shown, also what Markdown leaves out.

use proptest::prelude::*;

use super::*;

const LINK: &str = r#" target="_blank" rel="noopener noreferrer nofollow""#;

fn assert_shown(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(render(text).html, *expected, "{text:?}");
    }
}

#[test]
fn text_like_a_link_definition_is_shown_as_typed() {
    assert_shown(&[
        ("[Ada]: yes", "<p>[Ada]: yes</p>\n"),
        ("[Bob]: maybe \"later\"", "<p>[Bob]: maybe \"later\"</p>\n"),
        ("[Ada]: yes\n[Bob]: no", "<p>[Ada]: yes<br>\n[Bob]: no</p>\n"),
        ("[Ada]: yes\n[Ada]: no", "<p>[Ada]: yes<br>\n[Ada]: no</p>\n"),
        ("[Ada]:\nyes\n'so'\nend", "<p>[Ada]:<br>\nyes<br>\n'so'<br>\nend</p>\n"),
        ("a\n\n[Ada]: yes\nb", "<p>a</p>\n<p>[Ada]: yes<br>\nb</p>\n"),
        ("[^1]: note", "<p>[^1]: note</p>\n"),
        ("- [Ada]: yes\n- b", "<ul>\n<li>[Ada]: yes</li>\n<li>b</li>\n</ul>\n"),
        ("- [x] [Ada]: yes", "<ul>\n<li>☑ [Ada]: yes</li>\n</ul>\n"),
        ("1. [Ada]: yes", "<ol>\n<li>[Ada]: yes</li>\n</ol>\n"),
        (
            "> [Ada]: yes\n> [B]: no",
            "<blockquote>\n<p>[Ada]: yes<br>\n[B]: no</p>\n</blockquote>\n",
        ),
        ("   [Ada]: yes", "<p>[Ada]: yes</p>\n"),
        ("[Ada]: yes\n---\nb", "<p>[Ada]: yes</p>\n<hr>\n<p>b</p>\n"),
        ("```\n[Ada]: yes\n```", "<pre><code>[Ada]: yes\n</code></pre>\n"),
        ("    [Ada]: yes", "<pre><code>[Ada]: yes</code></pre>\n"),
        ("`[a]:`\n\n[b]: c", "<p><code>[a]:</code></p>\n<p>[b]: c</p>\n"),
        ("[a\\[b\\]]: c", "<p>[a[b]]: c</p>\n"),
    ]);
    for text in ["[Ada]: yes", "> [Ada]: yes", "[Ada]: yes\n[Ada]: no"] {
        let words = text.trim_start_matches("> ").replace('\n', " ");
        assert_eq!(snippet(text), words);
        assert_eq!(excerpt(text), words);
    }
}

#[test]
fn a_definition_that_a_link_uses_is_told_by_the_link() {
    let to = |shown: &str| format!("<a href=\"https://a.b\"{LINK}>{shown}</a>");
    for (text, expected) in [
        ("[x]\n\n[X]: https://a.b", format!("<p>{}</p>\n", to("x"))),
        ("[y][x]\n\n[x]: https://a.b\n[x]: c", format!("<p>{}</p>\n<p>[x]: c</p>\n", to("y"))),
        ("[x]\n\n[x]: https://a.b 'so'", format!("<p>{} (so)</p>\n", to("x"))),
        ("[x]\n\n[x]: yes", "<p>x (yes)</p>\n".to_owned()),
        ("[x]\n\n[y]: z\n[x]: w", "<p>[x]</p>\n<p>[y]: z<br>\n[x]: w</p>\n".to_owned()),
    ] {
        assert_eq!(render(text).html, expected, "{text:?}");
    }
}

#[test]
fn titles_and_empty_texts_of_links_and_pictures_are_shown() {
    let to = |shown: &str| format!("<a href=\"https://a.b\"{LINK}>{shown}</a>");
    for (text, expected) in [
        ("[x](https://a.b \"a title\")", to("x") + " (a title)"),
        ("[x](y 'a title')", "x (y) (a title)".to_owned()),
        ("![x](y 'a title')", "x (y) (a title)".to_owned()),
        ("[](https://a.b)", to("https://a.b")),
        ("[ ](<https://a.b>)", to(" https://a.b")),
        ("[**`` ` ``**](https://a.b)", to("<strong><code>`</code></strong>")),
        ("![](https://a.b)", " (https://a.b)".to_owned()),
        ("[](x)", " (x)".to_owned()),
        ("![](x)", " (x)".to_owned()),
        ("[]()", " ()".to_owned()),
        ("[](#18ec1739a3e57a22)", " (#18ec1739a3e57a22)".to_owned()),
        ("![?](#18ec1739a3e57a22)", "?".to_owned()),
        (
            "[x](this_u:y 'a title')",
            "<span data-attachment=\"y\">x<small> (y)</small></span> (a title)".to_owned(),
        ),
    ] {
        assert_eq!(render(text).html, format!("<p>{expected}</p>\n"), "{text:?}");
    }
    for (text, expected) in [
        ("[](https://a.b)", "https://a.b"),
        ("![](x)", "x"),
        ("a [](x) ![](y) b", "a x y b"),
        ("[x](https://a.b 'a title')", "x (a title)"),
    ] {
        assert_eq!(snippet(text), expected, "{text:?}");
    }
}

#[test]
fn marks_without_a_text_and_what_stands_beside_code_and_tables_are_shown() {
    assert_shown(&[
        ("#", "<p>#</p>\n"),
        ("a\n\n##\nb", "<p>a</p>\n<p>##</p>\n<p>b</p>\n"),
        ("> #", "<blockquote>\n<p>#</p>\n</blockquote>\n"),
        (">", "<blockquote>\n<p>&gt;</p>\n</blockquote>\n"),
        ("# a {#b .c}", "<h1>a {#b .c}</h1>\n"),
        ("```", "<pre><code>```</code></pre>\n"),
        ("```hello", "<pre><code><small>hello</small></code></pre>\n"),
        ("``` see you\nx\n```", "<pre><code><small>see you</small>x\n</code></pre>\n"),
        ("```\n```", "<pre><code>```</code></pre>\n"),
        (
            "> ~~~yes\n> no",
            "<blockquote>\n<pre><code><small>yes</small>no</code></pre>\n</blockquote>\n",
        ),
    ]);
    let table = render("|a|b|\n|-|-|\n|1|2|3 *x*|4|\n|5|").html;
    assert!(table.contains("<td>2</td><td>3 *x*|4</td>"), "{table}");
    for (text, expected) in [
        ("#", "#"),
        ("---", "---"),
        ("```hello", "hello"),
        ("|a|\n|-|\n|1|2|", "a 1 2"),
        (":::", ":::"),
        ("*", "*"),
    ] {
        let shown = snippet(text);
        assert!(shown == expected || (text == "*" && shown == "•"), "{text:?}: {shown:?}");
    }
}

#[test]
fn every_line_end_ends_a_line() {
    for end in ["\u{b}", "\u{c}", "\u{85}", "\u{2028}", "\u{2029}"] {
        let text = format!("three{end}four");
        assert_eq!(render(&text).html, "<p>three<br>\nfour</p>\n", "{text:?}");
        assert_eq!(snippet(&text), "three four", "{text:?}");
        assert_eq!(excerpt(&text), "three four", "{text:?}");
        let code = format!("```\none{end}two\n```");
        assert_eq!(render(&code).html, "<pre><code>one\ntwo\n</code></pre>\n", "{code:?}");
    }
}

#[test]
fn lines_nested_too_deep_stay_lines() {
    let ladder = |mark: &str| -> String {
        (0..40).map(|n| format!("{}{mark} item {n}\n", " ".repeat(n * (mark.len() + 1)))).collect()
    };
    // A list that begins with another number than one does not end the paragraph before it.
    for (mark, shown) in [("-", "• item"), ("1.", "1. item")] {
        let html = render(&ladder(mark)).html;
        for n in 14..40 {
            assert!(html.contains(&format!("<br>\n{shown} {n}")), "{n}: {html}");
        }
    }
    let deep = "> ".repeat(40);
    for (one, two) in [("- one", "- two"), ("7. one", "8. two")] {
        let html = render(&format!("{deep}{one}\n{deep}{two}\n")).html;
        let shown = format!("{one}<br>\n{two}").replace("- ", "• ");
        assert!(html.contains(&shown), "{html}");
    }
}

/// Words among the marks that Markdown takes for its own.
fn words_among_marks() -> impl Strategy<Value = Vec<&'static str>> {
    let piece = prop::sample::select(vec![
        "[",
        "]",
        "]:",
        "]: ",
        "(",
        ")",
        "](",
        "![",
        "[^",
        "\"",
        "'",
        "<",
        ">",
        "<!--",
        "-->",
        "<b>",
        "\n",
        "\n\n",
        "\n> ",
        "\n- ",
        "\n1. ",
        "# ",
        " #",
        " {#",
        "}",
        "|",
        "\n|-|\n",
        "\n---\n",
        "\n===\n",
        "*",
        "**",
        "_",
        "~~",
        "`",
        "&",
        "\\",
        ":",
        " ",
        "    ",
        "\t",
        "\u{b}",
        "\u{2028}",
        "this_u:",
        "https://a.b/",
        "#18ec1739a3e57a22",
        ":::",
        "- [ ] ",
    ]);
    prop::collection::vec(piece, 0..30)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn every_word_is_in_what_is_rendered(pieces in words_among_marks()) {
        let mut text = String::new();
        for (n, piece) in pieces.iter().enumerate() {
            text.push_str(piece);
            if n % 2 == 0 {
                text.push_str(&format!("w{n}w"));
            }
        }
        let html = render(&text).html;
        for n in (0..pieces.len()).filter(|n| text.contains(&format!("w{n}w"))) {
            prop_assert!(html.contains(&format!("w{n}w")), "w{n}w of {text:?} in {html:?}");
        }
    }
}
