//! Fuzz target of a letter's data, taken apart and shown.

use arbitrary::{Arbitrary, Unstructured};
use mnm_engine::markdown::TAGS;
use tmtp::forward::ForwardedThread;
use tmtp::request::Data;

use crate::cut::cut;

#[derive(Debug, Arbitrary)]
struct Case<'a> {
    lengths: [u8; 4],
    head_len: u8,
    /// Announced, and not sent.
    missing: u8,
    data: &'a [u8],
}

/// Takes it apart, cut and whole, and renders its text.
pub fn run(input: &[u8]) {
    let Ok(case) = Case::arbitrary_take_rest(Unstructured::new(input)) else { return };
    let len = case.data.len() as u64 + u64::from(case.missing % 2);
    let data = Data { len, head: u64::from(case.head_len).min(len), sum: 0 };
    // Some are announced as a forwarded thread is.
    let notify = case.missing / 2 % 2 == 1;
    let whole = mnm_engine::fuzz::unpack(data, notify, &[case.data]);
    assert_eq!(mnm_engine::fuzz::unpack(data, notify, &cut(case.data, &case.lengths)), whole);
    if let Some(thread) = &whole.forward {
        assert_eq!(
            ForwardedThread::read(&thread.pack()).map(|again| again.letters.len()),
            Ok(thread.letters.len())
        );
    }
    assert!(!whole.text.contains('\0'));
    show(&whole.text);
    if let Ok(text) = std::str::from_utf8(case.data) {
        show(text);
    }
}

fn show(text: &str) {
    let _ = mnm_engine::markdown::snippet(text);
    let html = mnm_engine::markdown::render(text).html;
    for tag in html.split('<').skip(1) {
        let inside = tag.split('>').next().unwrap_or_default();
        let name = inside.trim_start_matches('/').split([' ', '/']).next().unwrap_or_default();
        assert!(TAGS.contains(&name), "<{inside}> of {text:?}");
        let harmless = |attribute: &str| {
            // A scheme is what it is in capitals too.
            let attribute = attribute.to_ascii_lowercase();
            [
                "href=\"http://",
                "href=\"https://",
                "href=\"mailto:",
                "rel=\"",
                "target=\"_blank",
                "start=\"",
                "title=\"",
                "data-attachment=\"",
                "data-picture=\"",
            ]
            .iter()
            .any(|known| attribute.starts_with(known))
        };
        let attributes = inside.strip_prefix(name).unwrap_or_default().trim();
        let first =
            attributes.split("\" ").filter(|attribute| !attribute.is_empty() && *attribute != "/");
        for attribute in first {
            assert!(
                inside.starts_with('/') || harmless(attribute.trim()),
                "<{inside}> of {text:?}"
            );
        }
    }
}
