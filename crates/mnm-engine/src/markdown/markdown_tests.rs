//! Tests of Markdown: ordinary and hostile inputs in tables, bombs that must stay cheap, and properties that
//! hold for any input whatsoever.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

const LINK: &str = r#" target="_blank" rel="noopener noreferrer nofollow""#;

fn html_of(text: &str) -> String {
    render(text).html
}

/// The tags of an output, each with all between `<` and `>`.
fn tags(html: &str) -> Vec<&str> {
    html.split('<').skip(1).map(|rest| rest.split_once('>').map_or(rest, |(tag, _)| tag)).collect()
}

/// What makes an output harmless, whatever the input: nothing but the tags and attributes admitted.
fn assert_harmless(input: &str, html: &str) {
    for tag in tags(html) {
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap_or("");
        assert!(TAGS.contains(&name), "<{tag}> from {input:?}");
        let attributes = tag.split_once(' ').map_or("", |(_, rest)| rest);
        let fine = match name {
            "a" if !tag.starts_with('/') => is_link(attributes),
            "ol" => attributes.is_empty() || is_start(attributes),
            "span" if !tag.starts_with('/') => is_reference(attributes),
            _ => attributes.is_empty() || attributes == "/",
        };
        assert!(fine, "<{tag}> from {input:?}");
    }
}

fn is_link(attributes: &str) -> bool {
    let rest = match attributes.strip_prefix("href=\"") {
        Some(rest) => match rest.split_once('"') {
            Some((target, rest)) if link::is_allowed(&target.replace("&amp;", "&")) => rest,
            _ => return false,
        },
        None => attributes,
    };
    rest.trim() == LINK.trim()
}

fn is_reference(attributes: &str) -> bool {
    let name = ["data-attachment=\"", "data-picture=\""]
        .iter()
        .find_map(|start| attributes.strip_prefix(start).and_then(|rest| rest.strip_suffix('"')));
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"%-._~".contains(&b);
    name.is_some_and(|name| !name.is_empty() && name.bytes().all(fits))
}

fn is_start(attributes: &str) -> bool {
    let digits = attributes.strip_prefix("start=\"").and_then(|rest| rest.strip_suffix('"'));
    digits.is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
}

#[test]
fn ordinary_markdown() {
    for (text, expected) in [
        (
            "*a* **b** ~~c~~ `d`",
            "<p><em>a</em> <strong>b</strong> <del>c</del> <code>d</code></p>\n",
        ),
        ("# Title\n\ntext", "<h1>Title</h1>\n<p>text</p>\n"),
        ("- [x] done\n- [ ] open", "<ul>\n<li>☑ done</li>\n<li>☐ open</li>\n</ul>\n"),
        ("3. c", "<ol start=\"3\">\n<li>c</li>\n</ol>\n"),
        ("> quote", "<blockquote>\n<p>quote</p>\n</blockquote>\n"),
        (
            "```rust\nlet a = 1 < 2;\n```",
            "<pre><code><small>rust</small>let a = 1 &lt; 2;\n</code></pre>\n",
        ),
        ("1 < 2 & \"3\"", "<p>1 &lt; 2 &amp; \"3\"</p>\n"),
    ] {
        assert_eq!(html_of(text), expected, "{text:?}");
    }
    let table = html_of("|a|b|\n|:-|-:|\n|1|2|");
    assert!(table.contains("<th>b</th>") && table.contains("<td>2</td>"), "{table}");
}

#[test]
fn links_are_kept_only_to_web_and_mail() {
    for (text, expected) in [
        (
            "[a](https://example.org/x?y=1&z=2)",
            format!("<p><a href=\"https://example.org/x?y=1&amp;z=2\"{LINK}>a</a></p>\n"),
        ),
        (
            "<mailto:bob@example.org>",
            format!("<p><a href=\"mailto:bob@example.org\"{LINK}>mailto:bob@example.org</a></p>\n"),
        ),
        ("[a](javascript:alert%281%29)", "<p>a (javascript:alert%281%29)</p>\n".into()),
        ("[a](JaVaScRiPt:x)", "<p>a (JaVaScRiPt:x)</p>\n".into()),
        ("[a](data:text/html,x)", "<p>a (data:text/html,x)</p>\n".into()),
        ("[a](/api/command)", "<p>a (/api/command)</p>\n".into()),
        ("[a](//example.org)", "<p>a (//example.org)</p>\n".into()),
        ("[a](file:///etc/passwd)", "<p>a (file:///etc/passwd)</p>\n".into()),
        ("[a](https:example.org)", "<p>a (https:example.org)</p>\n".into()),
        ("[a](<java\tscript:x>)", "<p>a (javascript:x)</p>\n".into()),
        (
            "![pixel](https://example.org/p.png)",
            "<p>pixel (https://example.org/p.png)</p>\n".into(),
        ),
        (
            "see https://example.org/a_b_c.",
            format!(
                "<p>see <a href=\"https://example.org/a_b_c\"{LINK}>https://example.org/a_b_c</a>.</p>\n"
            ),
        ),
        ("`https://example.org`", "<p><code>https://example.org</code></p>\n".into()),
        (
            "```\nhttps://example.org\n```\nhttps://example.org",
            format!(
                "<pre><code>https://example.org\n</code></pre>\n<p><a href=\"https://example.org\"{LINK}>https://example.org</a></p>\n"
            ),
        ),
        ("[a](<https://example.org/\u{202e}b>)", "<p>a (https://example.org/b)</p>\n".into()),
        ("[a](https://)", "<p>a (https://)</p>\n".into()),
        ("see https:// there", "<p>see https:// there</p>\n".into()),
        ("xhttps://example.org", "<p>xhttps://example.org</p>\n".into()),
    ] {
        assert_eq!(html_of(text), expected, "{text:?}");
    }
}

#[test]
fn files_of_the_letter_are_referred_to_by_name() {
    let file = |kind: &str, name: &str, shown: &str, words: &str| {
        format!("<span data-{kind}=\"{name}\">{shown}<small> ({words})</small></span>")
    };
    for (text, expected) in [
        ("![a *pic*](this_u:pic.png)", file("picture", "pic.png", "a <em>pic</em>", "pic.png")),
        ("[plan](this_u:plan.bin)", file("attachment", "plan.bin", "plan", "plan.bin")),
        ("[a]\n\n[a]: this_u:x", file("attachment", "x", "a", "x")),
        ("[r](<this_u:ré ply.txt>)", file("attachment", "r%C3%A9%20ply.txt", "r", "ré ply.txt")),
        (
            "[r](this_u:r%C3%A9%20ply.txt)",
            file("attachment", "r%C3%A9%20ply.txt", "r", "ré ply.txt"),
        ),
        ("[r](this_u:100%.txt)", file("attachment", "100%25.txt", "r", "100%.txt")),
        ("[r](this_u:%ff)", file("attachment", "%25ff", "r", "%ff")),
        // Only a name to look for, whatever it is.
        ("![x](this_u:../../a)", file("picture", "..%2F..%2Fa", "x", "../../a")),
        (
            "![x](<this_u:\"onerror='a'>)",
            file("picture", "%22onerror%3D%27a%27", "x", "\"onerror='a'"),
        ),
        ("[x](this_u:javascript:a)", file("attachment", "javascript%3Aa", "x", "javascript:a")),
        (
            "[x](<this_u:https://a.b/c>)",
            file("attachment", "https%3A%2F%2Fa.b%2Fc", "x", "https://a.b/c"),
        ),
        ("[x](this_u:a\u{202e}b)", file("attachment", "a%E2%80%AEb", "x", "ab")),
        // Another name than the file's is shown beside it.
        (
            "[https://bank.example](this_u:x.html)",
            file("attachment", "x.html", "https://bank.example", "x.html") + " (x.html)",
        ),
        ("[plan.bin](this_u:plan.bin)", file("attachment", "plan.bin", "plan.bin", "plan.bin")),
        // A picture is no place for others, nor for links.
        (
            "![a ![b](this_u:b) [c](https://c.d) https://e.f](this_u:a)",
            file("picture", "a", "a b (this_u:b) c (https://c.d) https://e.f", "a"),
        ),
        ("![a [b](this_u:b)](this_u:a)", file("picture", "a", "a b (this_u:b)", "a")),
        (
            "[![b](this_u:b)](this_u:a)",
            file("attachment", "a", &file("picture", "b", "b", "b"), "a"),
        ),
        // What other messages have, and forms, only words stand for.
        ("![x](18ec1739a3e57a22_u:plan.bin)", "x (plan.bin)".into()),
        ("[x](18ec1739a3e57a22_f:S.original)", "x (S.original)".into()),
        ("[the letter](#18ec1739a3e57a22&18ec1739a3e57a23)", "the letter".into()),
        ("![?](this_f:Survey.original)", " (form Survey.original)".into()),
        ("[x](this_u:)", "x (this_u:)".into()),
        ("[x](That_u:a)", "x (That_u:a)".into()),
        ("[x](#top)", "x (#top)".into()),
        ("[x](#18ec1739a3e57a2)", "x (#18ec1739a3e57a2)".into()),
        ("[x](#zzzzzzzzzzzzzzzz)", "x (#zzzzzzzzzzzzzzzz)".into()),
    ] {
        assert_eq!(html_of(text), format!("<p>{expected}</p>\n"), "{text:?}");
    }
    let is_file = |name: &str| html_of(&format!("[x](this_u:{name})")).contains("<span");
    assert!(is_file(&"a".repeat(1024)) && !is_file(&"a".repeat(1025)));
    // 3,072 bytes as they are written, and one more.
    let escaped = "%41".repeat(1021);
    assert!(is_file(&format!("{escaped}ab")) && !is_file(&format!("{escaped}abc")));
}

#[test]
fn slides_are_parted_by_lines() {
    for (text, expected) in [
        (":::\none\n:::\ntwo\n:::>", "<hr>\n<p>one</p>\n<hr>\n<p>two</p>\n<hr>\n"),
        (":::\n\n# One\n\n:::", "<hr>\n<h1>One</h1>\n<hr>\n"),
        (":::\n:::\n:::>", "<hr>\n<hr>\n<hr>\n"),
        ("*one*\n:::\ntwo", "<p><em>one</em></p>\n<hr>\n<p>two</p>\n"),
        (
            "one\n\n- two\n  :::\n  three",
            "<p>one</p>\n<ul>\n<li>two<br>\n:::<br>\nthree</li>\n</ul>\n",
        ),
        ("> one\n> :::\n> two", "<blockquote>\n<p>one</p>\n<hr>\n<p>two</p>\n</blockquote>\n"),
        ("*one\n:::\ntwo*", "<p><em>one<br>\n:::<br>\ntwo</em></p>\n"),
        ("one :::\n::: two\n:::*x*", "<p>one :::<br>\n::: two<br>\n:::<em>x</em></p>\n"),
        ("```\n:::\n```", "<pre><code>:::\n</code></pre>\n"),
        ("    :::", "<pre><code>:::</code></pre>\n"),
    ] {
        assert_eq!(html_of(text), expected, "{text:?}");
    }
}

#[test]
fn a_link_that_shows_another_address_tells_the_true_one() {
    for (shown, target, tells) in [
        ("click here", "https://evil.example/", false),
        ("https://bank.example", "https://bank.example/", false),
        ("bank.example", "https://bank.example/login", false),
        ("BANK.example/help", "https://bank.example/help", false),
        ("bank.example", "https://evil.example/", true),
        ("https://bank.example/", "https://bank.example.evil.example/", true),
        ("https://bank.example", "https://bank.example@evil.example/", true),
        ("visit www.bank.example now", "https://evil.example", true),
        ("bank。example", "https://evil.example", true),
        ("ban\u{200b}k.example", "https://evil.example", true),
        ("**bank**.example", "https://evil.example", true),
        ("bob@bank.example", "mailto:bob@evil.example", true),
        ("bob@bank.example", "mailto:bob@bank.example", false),
        ("bаnk.example", "https://bаnk.example", true),
        ("v1.2", "https://example.org/", false),
        ("bank.\u{200b}example", "https://evil.example", true),
        ("https：//bank", "https://evil.example", true),
        ("https:∕∕bank", "https://evil.example", true),
        ("bob＠bank", "https://evil.example", true),
        ("www.1bank", "https://evil.example", true),
    ] {
        let html = html_of(&format!("[{shown}]({target})"));
        assert!(html.contains("href="), "{html}");
        assert_eq!(html.contains("</a> ("), tells, "{html}");
    }
}

#[test]
fn hostile_markup_shows_as_text() {
    for text in [
        "<script>alert(1)</script>",
        "a <img src=x onerror=alert(1)> b",
        "<svg><script>alert(1)</script></svg>",
        "<math><mtext></mtext></math>",
        "<style>@import url(https://evil.example)</style>",
        "<div style=\"background:url(https://evil.example)\">x</div>",
        "<iframe src=https://evil.example></iframe>",
        "<form action=https://evil.example><input name=a></form>",
        "<a href=\"javascript:alert(1)\">x</a>",
        "<video poster=https://evil.example autoplay></video>",
        "<link rel=stylesheet href=https://evil.example>",
        "<meta http-equiv=refresh content=\"0;url=https://evil.example\">",
        "<base href=https://evil.example>",
        "<!--><script>alert(1)</script>-->",
        "<![CDATA[<script>alert(1)</script>]]>",
        "<?php echo 1 ?>",
        "[a](https://example.org \"onmouseover=alert(1)\")",
        "[a](https://example.org\"onmouseover=alert\\(1\\))",
        "![a](x\"onerror=\"alert(1))",
        "```\"><script>alert(1)</script>\nx\n```",
        "[<img src=x onerror=alert(1)>](https://example.org)",
        "![![a](https://evil.example/1)](https://evil.example/2)",
        "[![a](https://evil.example/1)](https://example.org)",
        "[a]: javascript:alert(1)\n\n[a]",
        "<https://example.org/\u{202e}gpj.exe>",
        "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
        "<xmp><p title=\"</xmp><img src=x onerror=alert(1)>\">",
        "# x {#id .class onclick=alert(1)}",
        "x[^1]\n\n[^1]: <b>note</b>",
        "\0<script\0>alert(1)</script>",
        "| <img src=x> |\n|-|\n| <b onclick=x>y</b> |",
    ] {
        assert_harmless(text, &html_of(text));
    }
    assert_eq!(html_of("<b>x</b>"), "<p>&lt;b&gt;x&lt;/b&gt;</p>\n");
}

/// Far beyond what any of these takes, far below what a quadratic handling would.
const PATIENCE: Duration = Duration::from_secs(5);
/// Large enough that a quadratic handling takes minutes.
const BOMB_BYTES: usize = RENDERED_BYTES_MAX;

#[test]
fn bombs_are_bounded() {
    let of = |piece: &str| piece.repeat(BOMB_BYTES / piece.len());
    let ladder: String = (0..1400).map(|n| format!("{}- a\n", "  ".repeat(n % 700))).collect();
    for (name, text) in [
        ("quotes", of(">")),
        ("spaced quotes", of("> ")),
        ("lists on a line", of("- ")),
        ("quoted lines", format!("{}a\n", ">".repeat(500)).repeat(2000)),
        ("ladder", ladder),
        ("brackets", of("[")),
        ("links", of("[a](")),
        ("images", of("![")),
        ("stars", of("*a **a ")),
        ("underscores", of("a_")),
        ("backticks", of("`a``b")),
        ("tags", of("<a ")),
        ("comments", of("<!--")),
        ("entities", of("&amp;")),
        ("references", of("[a]: b\n")),
        ("table", format!("{}\n{}\n", "|a".repeat(2000), "|-".repeat(2000)) + &"|\n".repeat(5000)),
        ("addresses", of("http")),
        ("addresses in a row", of("http://a.b/")),
        ("nested links", of("[![")),
        ("lazy lines", format!("{}\n{}", ">".repeat(BOMB_BYTES / 2), "a\n".repeat(BOMB_BYTES / 4))),
        ("deep paragraphs", format!("{}a\n", "> ".repeat(20_000)).repeat(20)),
        ("lists in quotes", of("> - ")),
        ("numbered", of("1. ")),
        ("emphasis", format!("{}a{}", "*".repeat(BOMB_BYTES / 2), "*".repeat(BOMB_BYTES / 2))),
        ("strikes", of("~~a ")),
        ("long address", format!("http://{}", "a/".repeat(BOMB_BYTES / 2))),
        ("closed brackets", format!("http://{}", ")".repeat(BOMB_BYTES - 10))),
        ("references", of("![a](this_u:a)")),
        ("names", format!("[a](this_u:{})", "%41".repeat(BOMB_BYTES / 4))),
        ("slides", of(":::\n")),
        ("pictures in pictures", of("![") + &of("](this_u:a)")),
        ("link text", format!("[{}](http://a.b)", "a.b ".repeat(BOMB_BYTES / 8))),
    ] {
        let start = Instant::now();
        let html = html_of(&text);
        let took = start.elapsed();
        assert!(took < PATIENCE, "{name} took {took:?}");
        assert!(tags(&html).len() <= 3 * ELEMENTS_MAX, "{name} has {} tags", tags(&html).len());
    }
}

#[test]
fn an_address_has_a_length_that_is_linked_and_one_that_is_shown() {
    let address = |bytes: usize| format!("https://a.b/{}", "x".repeat(bytes - 12));
    let links = |text: &str| html_of(text).contains("<a ");
    assert!(links(&address(2_000)) && !links(&address(2_001)));
    // What ends a sentence is no part of it.
    assert!(links(&format!("{}{}", address(2_000), ".".repeat(2_000))));
    let shown = |characters: usize| html_of(&format!("![a]({})", "ä".repeat(characters)));
    assert_eq!(shown(300), format!("<p>a ({})</p>\n", "ä".repeat(300)));
    assert_eq!(shown(301), format!("<p>a ({}…)</p>\n", "ä".repeat(300)));
}

#[test]
fn nesting_of_quotes_is_limited() {
    for quotes in [23, 24, 25] {
        let html = html_of(&format!("{} a", ">".repeat(quotes)));
        assert_eq!(tags(&html).iter().filter(|tag| **tag == "blockquote").count(), quotes.min(24));
        assert!(html.contains("<p>a</p>"), "{html}");
    }
}

#[test]
fn too_long_a_text_is_cut_and_says_so() {
    let odd = render(&format!("a{}", "ä".repeat(RENDERED_BYTES_MAX / 2)));
    assert_eq!((odd.html.len(), odd.cut), (RENDERED_BYTES_MAX - 1 + "<p></p>\n".len(), true));
    let whole = render(&"ä".repeat(RENDERED_BYTES_MAX / 2));
    assert!(!whole.cut);
    let cut = render(&"ä".repeat(RENDERED_BYTES_MAX / 2 + 1));
    assert!(cut.cut && cut.html.len() < RENDERED_BYTES_MAX + 200);
}

#[test]
fn text_that_is_too_long_as_html_is_cut_and_says_so() {
    let many = "&".repeat(RENDERED_BYTES_MAX / 2);
    for text in [
        format!("{many}{many}"),
        format!("```\n{many}{}", "<".repeat(RENDERED_BYTES_MAX / 2)),
        format!("[{many}](http://a.b)"),
        format!("`{many}`"),
        "\u{a0}<a&<b &amp;&".repeat(RENDERED_BYTES_MAX / 16),
        "http://a.b/?&&&&&&&&&&&&&&&&&&&&&&&&&&&& ".repeat(RENDERED_BYTES_MAX / 40),
    ] {
        let Rendered { html, .. } = render(&text);
        let begins: String = text.chars().take(30).collect();
        assert!(html.len() < HTML_BYTES_MAX + 200 * ELEMENTS_MAX, "{begins:?}: {}", html.len());
        assert!(html.contains("&amp;"), "{begins:?}: the beginning is shown");
    }
    let Rendered { html, cut } = render(&"&".repeat(RENDERED_BYTES_MAX));
    assert!(cut && html.len() < HTML_BYTES_MAX + 100, "{}", html.len());
    // Much code fits whole.
    assert!(!render(&"if (a < b && c && e && f && g) { d() }\n".repeat(4_000)).cut);
}

#[test]
fn many_elements_are_cut_and_say_so() {
    for piece in [
        "![a](this_u:a) ",
        ":::\n",
        "```\n",
        "# a\n",
        "- a\n",
        "**a** ",
        "[a](http://a.b) ",
        "a\n",
        "> a\n\n",
        "|a",
    ] {
        let many = format!("{}\n|-\n", piece.repeat(ELEMENTS_MAX * 2));
        let Rendered { html, cut } = render(&many);
        assert!(tags(&html).len() <= 3 * ELEMENTS_MAX, "{piece:?}: {}", tags(&html).len());
        assert!(cut || tags(&html).len() < 10, "{piece:?}");
    }
    let few = "# a\n\nb\n".repeat(ELEMENTS_MAX / 4);
    assert!(!render(&few).cut);
}

#[test]
fn line_ends_are_shown_as_they_were_typed() {
    for (text, expected) in [
        ("line one\nline two", "<p>line one<br>\nline two</p>\n"),
        ("line one\r\nline two", "<p>line one<br>\nline two</p>\n"),
        ("Best,\nAda\n\nPS", "<p>Best,<br>\nAda</p>\n<p>PS</p>\n"),
        ("- one\n  two", "<ul>\n<li>one<br>\ntwo</li>\n</ul>\n"),
        ("> one\n> two\nthree", "<blockquote>\n<p>one<br>\ntwo<br>\nthree</p>\n</blockquote>\n"),
        ("*one\ntwo*", "<p><em>one<br>\ntwo</em></p>\n"),
        ("one  \ntwo\\\nthree", "<p>one<br>\ntwo<br>\nthree</p>\n"),
        ("<div>\nx\n</div>\n", "<p>&lt;div&gt;<br>\nx<br>\n&lt;/div&gt;</p>\n"),
        ("<!-- a\n\nb -->", "<p>&lt;!-- a<br>\n<br>\nb --&gt;</p>\n"),
        ("a <b\nc>", "<p>a &lt;b<br>\nc&gt;</p>\n"),
        ("```\none\ntwo\n```", "<pre><code>one\ntwo\n</code></pre>\n"),
    ] {
        assert_eq!(html_of(text), expected, "{text:?}");
    }
}

#[test]
fn a_line_under_a_text_makes_no_heading() {
    for (text, expected) in [
        (
            "See you on Monday.\n-- \nHarbour Rowing Club\nBoat house 2",
            "<p>See you on Monday.<br>\n--<br>\nHarbour Rowing Club<br>\nBoat house 2</p>\n",
        ),
        ("text\n-", "<p>text<br>\n-</p>\n"),
        ("text\n=", "<p>text<br>\n=</p>\n"),
        ("text\n=====", "<p>text<br>\n=====</p>\n"),
        ("text\n-----\nmore", "<p>text</p>\n<hr>\n<p>more</p>\n"),
        ("one\ntwo\n--", "<p>one<br>\ntwo<br>\n--</p>\n"),
        ("> text\n> -- \n> Ada", "<blockquote>\n<p>text<br>\n--<br>\nAda</p>\n</blockquote>\n"),
        ("- text\n  --", "<ul>\n<li>\n<p>text<br>\n--</p>\n</li>\n</ul>\n"),
        ("text\r\n--\r\nAda", "<p>text<br>\n--<br>\nAda</p>\n"),
        ("text\n-- \n\nAda", "<p>text<br>\n--</p>\n<p>Ada</p>\n"),
        ("> a\n> -- \n>\n> b", "<blockquote>\n<p>a<br>\n--</p>\n<p>b</p>\n</blockquote>\n"),
        ("a\n==\nb\n--\nc", "<p>a<br>\n==<br>\nb<br>\n--<br>\nc</p>\n"),
        ("a\n--\n- b", "<p>a<br>\n--</p>\n<ul>\n<li>b</li>\n</ul>\n"),
        ("a\n--\n# b", "<p>a<br>\n--</p>\n<h1>b</h1>\n"),
        ("a\n--\nb\n---\nc", "<p>a<br>\n--<br>\nb</p>\n<hr>\n<p>c</p>\n"),
        ("# A heading\n--", "<h1>A heading</h1>\n<p>--</p>\n"),
        ("## #\n---", "<p>## #</p>\n<hr>\n"),
    ] {
        assert_eq!(html_of(text), expected, "{text:?}");
    }
}

#[test]
fn addresses_in_a_text_end_where_people_expect() {
    let to = |address: &str, text: &str| format!("<a href=\"{address}\"{LINK}>{text}</a>");
    let bare = |address: &str| to(address, address);
    for (text, expected) in [
        (
            "See (https://example.org/a_(b)) first.",
            format!("See ({}) first.", bare("https://example.org/a_(b)")),
        ),
        ("(https://example.org/ab)", format!("({})", bare("https://example.org/ab"))),
        (
            "Write to <name@example.org> today.",
            format!("Write to {} today.", to("mailto:name@example.org", "name@example.org")),
        ),
        ("Open https://[::1]:80/x here.", format!("Open {} here.", bare("https://[::1]:80/x"))),
        ("[https://example.org/x]", format!("[{}]", bare("https://example.org/x"))),
        (
            "*see* https://example.org/a。",
            format!("<em>see</em> {}。", bare("https://example.org/a")),
        ),
        ("[text](<https://example.org/a b>)", to("https://example.org/a%20b", "text")),
        ("Https://example.org is it", format!("{} is it", bare("Https://example.org"))),
        (
            "„https://example.org“, «https://example.org/a»…",
            format!("„{}“, «{}»…", bare("https://example.org"), bare("https://example.org/a")),
        ),
        ("[x](https://[::1]/?a=1&b='2')", to("https://[::1]/?a=1&amp;b='2'", "x")),
    ] {
        assert_eq!(html_of(text), format!("<p>{expected}</p>\n"), "{text:?}");
    }
}

#[test]
fn an_excerpt_of_the_middle_has_no_markup() {
    for (text, expected) in [
        ("…the **plan** for\n- ~~one~~", "…the plan for • one"),
        ("…see [the club](https://example.org/lo…", "…see the club…"),
        ("…club](https://example.org) and **more…", "…club and more…"),
        ("…[a](https://a.b) `code`", "…a code"),
    ] {
        assert_eq!(excerpt(text), expected, "{text:?}");
    }
}

#[test]
fn snippets_are_plain_and_short() {
    for (text, expected) in [
        ("# Hello\n\n**World**  again", "Hello World again"),
        ("- a\n- b", "• a • b"),
        ("2026. What a year!", "2026. What a year!"),
        ("- 5 degrees today", "• 5 degrees today"),
        ("- one\n  - inner\n    1. deep\n\n       end", "• one • inner 1. deep end"),
        ("3. a\n4. b\n\nc", "3. a 4. b c"),
        ("1. a\n   - x\n2. b", "1. a • x 2. b"),
        ("**a**b *c*d ~~e~~f", "ab cd ef"),
        ("- [ ] open\n- [x] done", "• ☐ open • ☑ done"),
        ("See you.\n-- \nAda", "See you. -- Ada"),
        ("one\ntwo\n> three", "one two three"),
        ("[link](https://example.org) ![image](x) ![](this_u:a%20b)", "link image a b"),
        ("<b>x</b>", "<b>x</b>"),
        ("", ""),
    ] {
        assert_eq!(snippet(text), expected, "{text:?}");
    }
    let long = snippet(&"ä ".repeat(10_000));
    assert!(long.chars().count() <= SNIPPET_CHARS && long.ends_with('…'));
    assert_eq!(snippet(&"x".repeat(140)), "x".repeat(140));
    assert_eq!(snippet(&"x".repeat(141)), "x".repeat(139) + "…");
    assert_eq!(snippet(&"🦀\n".repeat(200)), "🦀 ".repeat(70).trim_end().to_owned() + "…");
}

/// Pieces from which attacks are made, so that random texts come near them.
fn fragments() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "<script>",
            "</script>",
            "<img src=x onerror=alert(1)>",
            "javascript:",
            "[a](",
            ")",
            "![",
            "](",
            "](https://a.b)",
            "](this_u:a)",
            ":::",
            "<a href=\"",
            "\">",
            "<!--",
            "-->",
            "<svg>",
            "<math>",
            "style=",
            "`",
            "```\n",
            "\n",
            "\n\n",
            "> ",
            "- ",
            "|",
            "|-|\n",
            "*",
            "_",
            "~~",
            "&lt;",
            "&#x6a;",
            "\u{0}",
            "\u{202e}",
            "http://",
            "https://x.y/",
            "mailto:",
            "\\",
            "<",
            ">",
            "\"",
            "'",
            "[x]: ",
            "<https://a.b>",
            "<style>",
            "</style>",
            "<p>",
            "    ",
            "\t",
            "1. ",
            "# ",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,6}",
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_text_renders_harmlessly(text in fragments()) {
        assert_harmless(&text, &html_of(&text));
        prop_assert!(snippet(&text).chars().count() <= SNIPPET_CHARS);
    }
}

#[test]
fn heaps_of_accents_are_cut_however_they_are_written() {
    let count = |text: &str| text.chars().filter(|c| *c == '\u{301}').count();
    for heap in ["\u{301}", "&#769;", "&#x301;", "\u{301}\u{200d}"] {
        let text = format!("a{} end", heap.repeat(20_000));
        let shown = render(&text).html;
        assert!((1..=30).contains(&count(&shown)), "{heap}: {}", count(&shown));
        assert!(count(&snippet(&text)) <= 30, "{heap}");
    }
    // Markup between them ends no row.
    let part = "\u{301}".repeat(25);
    let shown = render(&format!("a{part}`{part}`")).html;
    assert_eq!((count(&shown), shown.contains("<code>")), (30, true));
    assert_eq!(render("Vie\u{323}\u{302}t").html, "<p>Vie\u{323}\u{302}t</p>\n");
}
