//! Tests of terminal output: a hostile sender cannot emit a control sequence.

use super::*;

fn plain() -> Look {
    Look { colour: false, columns: None, now_ms: 1_800_000_000_000, zone: TimeZone::UTC }
}

#[test]
fn control_characters_are_spelled_out() {
    assert_eq!(inline("a\x1b]0;title\x07b"), "a\\u{1b}]0;title\\u{7}b");
    assert_eq!(inline("c1 \u{9b}31m"), "c1 \\u{9b}31m");
    assert_eq!(inline("back\x08\x7f"), "back\\u{8}\\u{7f}");
}

#[test]
fn direction_and_invisible_characters_are_spelled_out() {
    assert_eq!(inline("invoice\u{202e}fdp.exe"), "invoice\\u{202e}fdp.exe");
    assert_eq!(inline("a\u{2066}b\u{200b}c\u{e0041}"), "a\\u{2066}b\\u{200b}c\\u{e0041}");
    assert_eq!(inline("👩\u{200d}🚀 äöü نص"), "👩\u{200d}🚀 äöü نص");
}

#[test]
fn one_line_stays_one_line() {
    assert_eq!(inline("a\nb\tc\r"), "a b c\\u{d}");
    assert!(!inline("a\u{2028}b\u{85}c\u{b}d").contains(['\u{2028}', '\u{85}', '\u{b}']));
}

#[test]
fn every_line_of_a_block_is_behind_the_margin() {
    let text = block("Dear Bob,\r\n\nThread 7\rfake\n", "| ");
    assert_eq!(text, "Dear Bob,\n| \n| Thread 7\\u{d}fake");
}

#[test]
fn a_long_line_goes_on_behind_the_margin() {
    let look = Look { columns: Some(20), ..plain() };
    let text = look
        .block(&format!("x{}you  2026-11-28\n漢字漢字漢字漢字漢字漢字", " ".repeat(17)), "  │ ");
    for line in text.split('\n').skip(1) {
        assert!(line.starts_with("  │ ") && line.width() <= 20, "{text}");
    }
    assert_eq!(
        text.replace("\n  │ ", ""),
        format!("x{}you  2026-11-28漢字漢字漢字漢字漢字漢字", " ".repeat(17))
    );
    assert_eq!(plain().block("a\nb", "| "), "a\n| b");
}

#[test]
fn json_means_the_same_and_drives_nothing() {
    let hostile = "\x1b[31m \u{9b}1m \u{202e} \u{e0041} plain ü \"quoted\"";
    let text = json(hostile);
    assert!(text.chars().all(|c| !is_unsafe(c)), "{text}");
    assert_eq!(serde_json::from_str::<String>(&text).unwrap(), hostile);
}

#[test]
fn times_are_absolute_and_relative() {
    let look = plain();
    assert_eq!(look.time(look.now_ms - 185_000), "2027-01-15 07:56 (3 min ago)");
    assert_eq!(look.time(look.now_ms + 7_200_000), "2027-01-15 10:00 (in 2 h)");
    assert_eq!(look.time(0), "1970-01-01 00:00");
    assert_eq!(look.time(i64::MAX), "an unknown time");
}

#[test]
fn columns_line_up_whatever_is_in_them() {
    let look = Look { colour: true, ..plain() };
    let mut table = Table::new(&look, ["N", "WHO", "WHAT"]);
    table.row(["1".into(), look.bold("Müller"), "x".into()]);
    table.row(["12".into(), "漢字".into(), "y".into()]);
    let text = table.text("none");
    let starts: Vec<usize> = text
        .lines()
        .map(|line| {
            width(&line[..line.rfind(['x', 'y']).unwrap_or(line.find("\x1b[2mWHAT").unwrap_or(0))])
        })
        .collect();
    assert_eq!(starts, [12, 12, 12], "{text:?}");
    assert_eq!(Table::new(&look, ["N"]).text("none"), "none");
}

#[test]
fn a_cell_that_others_fill_has_a_bounded_width() {
    assert_eq!(short(&"s".repeat(60)), "s".repeat(60));
    for long in ["s".repeat(61), "漢".repeat(1_000), "e\u{301}".repeat(1_000)] {
        let cut = short(&long);
        assert!(cut.ends_with('…') && (59..=60).contains(&width(&cut)), "{cut}");
    }
    assert_eq!(short(""), "");
}

#[test]
fn sizes_are_short() {
    assert_eq!(size(999), "999 B");
    assert_eq!(size(1_000), "1.0 kB");
    assert_eq!(size(379_190), "379 kB");
    assert_eq!(size(64 * 1024 * 1024), "67 MB");
}

#[test]
fn a_wrapped_line_of_ours_does_not_go_on_at_the_edge() {
    let look = Look { columns: Some(40), ..plain() };
    let subject = format!("Board{}Mallory  2026-11-29 15:44", " ".repeat(35));
    for taken in [0, 12, 39, 90] {
        let line = format!("{}{}", "x".repeat(taken), look.line(taken, &subject));
        for (n, line) in line.split('\n').enumerate() {
            assert!(n == 0 || line.starts_with("      "), "{taken}: {line:?}");
            assert!(line.width() <= 40.max(taken), "{taken}: {line:?}");
        }
    }
    assert_eq!(plain().line(0, &subject), subject, "without a terminal nothing is wrapped");
}

#[test]
fn what_is_drawn_otherwise_than_it_is_measured_is_written_out() {
    for filler in
        ['\u{3164}', '\u{2800}', '\u{34f}', '\u{115f}', '\u{1160}', '\u{ffa0}', '\u{e0080}']
    {
        assert_eq!(inline(&filler.to_string()), filler.escape_unicode().to_string());
    }
    for kept in ["☺\u{fe0f}", "葛\u{e0100}", "👩\u{200d}🔬"] {
        assert_eq!(inline(kept), kept);
    }
}
