//! Tests of picture heads, as written by programs and by attackers.

use super::{Format, Size, read};

fn png(width: u32, height: u32) -> Vec<u8> {
    let mut head = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    head.extend(width.to_be_bytes());
    head.extend(height.to_be_bytes());
    head
}

/// A JPEG whose size stands behind the segments given.
fn jpeg(segments: &[u8], width: u16, height: u16) -> Vec<u8> {
    let mut head = vec![0xff, 0xd8];
    head.extend(segments);
    head.extend([0xff, 0xc2, 0, 17, 8]);
    head.extend(height.to_be_bytes());
    head.extend(width.to_be_bytes());
    head
}

fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len() + 2).unwrap();
    [&[0xff, marker], &length.to_be_bytes()[..], content].concat()
}

fn exif(order: &[u8; 4], turn: u8) -> Vec<u8> {
    let little = order[0] == b'I';
    let number = |bytes: &[u8]| -> Vec<u8> {
        if little { bytes.iter().rev().copied().collect() } else { bytes.to_vec() }
    };
    let mut content = [b"Exif\0\0".as_slice(), order, &number(&[0, 0, 0, 8])].concat();
    content.extend(number(&[0, 3]));
    // Width and height of the picture, and how the camera was held.
    for (tag, value) in [([0x01, 0x00], 7), ([0x01, 0x01], 8), ([0x01, 0x12], turn)] {
        for part in [&tag[..], &[0, 3], &[0, 0, 0, 1], &[0, value]] {
            content.extend(number(part));
        }
        content.extend([0, 0]);
    }
    segment(0xe1, &content)
}

fn gif(screen: (u16, u16), frame: (u16, u16, u16, u16)) -> Vec<u8> {
    let mut head = b"GIF89a".to_vec();
    head.extend(screen.0.to_le_bytes());
    head.extend(screen.1.to_le_bytes());
    // A table of two colours, and an extension block for a loop.
    head.extend([0x80, 0, 0, 0, 0, 0, 255, 255, 255]);
    head.extend([0x21, 0xff, 3, 1, 2, 3, 2, 4, 5, 0]);
    head.push(0x2c);
    for number in [frame.0, frame.1, frame.2, frame.3] {
        head.extend(number.to_le_bytes());
    }
    head
}

fn webp(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    [b"RIFF\0\0\0\0WEBP".as_slice(), kind, &[0; 4], content].concat()
}

#[track_caller]
fn is(head: &[u8], format: Format, width: u32, height: u32) {
    assert_eq!(read(head), Some((format, Size { width, height })));
}

#[test]
fn the_size_is_found_in_every_kind() {
    is(&png(640, 480), Format::Png, 640, 480);
    is(&jpeg(&segment(0xe0, b"JFIF\0"), 640, 480), Format::Jpeg, 640, 480);
    is(&gif((640, 480), (0, 0, 640, 480)), Format::Gif, 640, 480);
    let lossy = [&[0, 0, 0, 0x9d, 0x01, 0x2a][..], &[0x80, 0x02], &[0xe0, 0x41]].concat();
    is(&webp(b"VP8 ", &lossy), Format::Webp, 640, 480);
    let bits = 639_u32 | 479 << 14;
    let lossless = [&[0x2f][..], &bits.to_le_bytes()].concat();
    is(&webp(b"VP8L", &lossless), Format::Webp, 640, 480);
    is(&webp(b"VP8X", &[0, 0, 0, 0, 0x7f, 0x02, 0, 0xdf, 0x01, 0]), Format::Webp, 640, 480);
}

#[test]
fn a_size_has_all_of_its_bytes() {
    is(&png(0x0102_0304, 0x0506_0708), Format::Png, 0x0102_0304, 0x0506_0708);
    is(&jpeg(&[], 0x0102, 0x0304), Format::Jpeg, 0x0102, 0x0304);
    is(&gif((0x0102, 0x0304), (0, 0, 1, 1)), Format::Gif, 0x0102, 0x0304);
    is(&gif((1, 1), (0x0102, 0x0304, 0x0506, 0x0708)), Format::Gif, 0x0608, 0x0a0c);
    // Two bits of each number say how it is to be enlarged.
    let lossy = [0, 0, 0, 0x9d, 0x01, 0x2a, 0x02, 0xc1, 0x04, 0x43];
    is(&webp(b"VP8 ", &lossy), Format::Webp, 0x0102, 0x0304);
    // Four bits are no part of either.
    let bits = 0x2102_u32 | 0x1304 << 14 | 0xf << 28;
    let lossless = [&[0x2f][..], &bits.to_le_bytes()].concat();
    is(&webp(b"VP8L", &lossless), Format::Webp, 0x2103, 0x1305);
    is(&webp(b"VP8X", &[0, 0, 0, 0, 1, 2, 3, 4, 5, 6]), Format::Webp, 0x03_0202, 0x06_0505);
}

#[test]
fn a_table_of_colours_is_passed_over_if_there_is_one() {
    let with_flags = |flags: u8, table: usize| {
        let head = gif((640, 480), (0, 0, 1, 1));
        [&head[..10], &[flags], &head[11..13], &vec![0x2c; table], &head[19..]].concat()
    };
    for (flags, table) in [(0x00, 0), (0x07, 0), (0x80, 6), (0x83, 48), (0xf7, 768)] {
        is(&with_flags(flags, table), Format::Gif, 640, 480);
    }
}

#[test]
fn a_file_is_sent_as_what_it_is() {
    for (format, media_type) in [
        (Format::Png, "image/png"),
        (Format::Jpeg, "image/jpeg"),
        (Format::Gif, "image/gif"),
        (Format::Webp, "image/webp"),
    ] {
        assert_eq!(format.media_type(), media_type);
    }
}

#[test]
fn segments_of_all_kinds_are_passed_over() {
    let table = segment(0xc4, &[8, 0, 1, 0, 1, 0, 0]);
    for segments in [
        &[0xff, 0xff, 0xff][..],
        &[0xff, 0x01, 0xff, 0xd0, 0xff, 0xd7],
        &table,
        &segment(0xc8, &[8, 0, 1, 0, 1, 0, 0]),
        &segment(0xcc, &[8, 0, 1, 0, 1, 0, 0]),
        &[segment(0xe0, b"JFIF\0"), segment(0xfe, &[0xff; 300]), table.clone()].concat(),
    ] {
        is(&jpeg(segments, 640, 480), Format::Jpeg, 640, 480);
    }
}

#[test]
fn a_photograph_taken_upright_stands_upright() {
    for (turn, (width, height)) in
        [(1, (640, 480)), (3, (640, 480)), (6, (480, 640)), (8, (480, 640))]
    {
        for order in [b"II*\0", b"MM\0*"] {
            is(&jpeg(&exif(order, turn), 640, 480), Format::Jpeg, width, height);
            let second = [segment(0xe0, b"JFIF\0"), exif(order, turn)].concat();
            is(&jpeg(&second, 640, 480), Format::Jpeg, width, height);
        }
    }
}

#[test]
fn sizes_of_thumbnails_and_screens_are_not_used() {
    // A thumbnail within a segment.
    let copy = segment(0xe1, &jpeg(&[], 160, 120));
    is(&jpeg(&copy, 40_000, 30_000), Format::Jpeg, 40_000, 30_000);
    // A directory of Exif that stands behind its segment, in the next.
    let mut exif = b"Exif\0\0MM\0*\0\0\0\x34".to_vec();
    exif.resize(6 + 0x34 - 4, 0);
    let directory = [0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0];
    let segments = [segment(0xe0, &[0; 50]), segment(0xe1, &exif), segment(0xfe, &directory)];
    is(&jpeg(&segments.concat(), 640, 480), Format::Jpeg, 640, 480);
    // A screen of one pixel, and a frame far beyond it.
    is(&gif((1, 1), (5_000, 0, 60_000, 60_000)), Format::Gif, 65_000, 60_000);
    assert!(!Size { width: 20_000, height: 20_000 }.is_shown());
    assert!(!Size { width: u32::MAX, height: u32::MAX }.is_shown());
    assert!(!Size { width: 1, height: u32::MAX }.is_shown());
    assert!(Size { width: 8_160, height: 6_120 }.is_shown());
}

#[test]
fn truncated_or_foreign_files_have_no_picture_size() {
    let whole = [
        png(640, 480),
        jpeg(&exif(b"II*\0", 6), 640, 480),
        gif((640, 480), (0, 0, 640, 480)),
        webp(b"VP8X", &[0, 0, 0, 0, 0x7f, 0x02, 0, 0xdf, 0x01, 0]),
    ];
    for head in &whole {
        for end in 0..head.len() {
            assert_eq!(read(&head[..end]), None, "{:?}", &head[..end]);
        }
    }
    assert_eq!(read(&png(0, 480)), None);
    assert_eq!(read(&jpeg(&[], 640, 0)), None, "its height would come later");
    assert_eq!(read(&jpeg(&segment(0xda, b""), 640, 480)), None);
    assert_eq!(read(b"<svg xmlns='http://www.w3.org/2000/svg' width='1' height='1'/>"), None);
    // A segment that says it has no length does not hold up the walk.
    assert_eq!(read(&[0xff, 0xd8, 0xff, 0xe0, 0, 0, 0xff, 0xe0, 0, 0]), None);
}
