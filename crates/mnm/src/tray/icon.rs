//! Picture of the tray icon: the app's sign, with a dot when something is unread.
//!
//! Drawn here, because a desktop finds a named icon only where `mnm install` put it. The shapes are those of
//! `web/public/favicon.svg`, on its field of 32 by 32.

use ksni::Icon;

const FIELD: f32 = 32.0;
const CORNER: f32 = 9.0;
const GROUND: [u8; 3] = [0x3b, 0x5b, 0xbf];
const STROKE: [u8; 3] = [0xff, 0xff, 0xff];
const STROKE_WIDTH: f32 = 2.6;
/// The same amber as the pages' warnings, seen on light and dark panels.
const DOT: [u8; 3] = [0xfd, 0xbc, 0x6f];
const DOT_AT: (f32, f32) = (25.0, 7.0);
const DOT_RADIUS: f32 = 6.5;
/// Sizes that panels ask for, in pixels.
const SIZES: [u16; 3] = [22, 32, 48];

/// The icon in every size.
pub(super) fn icons(unread: bool) -> Vec<Icon> {
    SIZES.iter().map(|size| icon(*size, unread)).collect()
}

fn icon(size: u16, unread: bool) -> Icon {
    let scale = FIELD / f32::from(size);
    let mut data = Vec::with_capacity(4 * usize::from(size) * usize::from(size));
    for row in 0..size {
        for column in 0..size {
            let at = ((f32::from(column) + 0.5) * scale, (f32::from(row) + 0.5) * scale);
            data.extend(pixel(at, scale, unread));
        }
    }
    Icon { width: size.into(), height: size.into(), data }
}

/// Alpha, red, green, blue.
fn pixel(at: (f32, f32), scale: f32, unread: bool) -> [u8; 4] {
    // How much of a pixel is inside of an edge that is so far from its middle.
    let inside = |distance: f32| (0.5 - distance / scale).clamp(0.0, 1.0);
    let mut alpha = inside(from_ground(at));
    let mut colour = blend(GROUND, STROKE, inside(from_strokes(at) - STROKE_WIDTH / 2.0));
    if unread {
        let dot = inside(between(at, DOT_AT) - DOT_RADIUS);
        colour = blend(colour, DOT, dot);
        alpha = alpha.max(dot);
    }
    let [red, green, blue] = colour;
    [byte(alpha * 255.0), red, green, blue]
}

fn blend(below: [u8; 3], above: [u8; 3], share: f32) -> [u8; 3] {
    let mix = |(low, high): (u8, u8)| f32::from(low) + (f32::from(high) - f32::from(low)) * share;
    let [red, green, blue] = [(below[0], above[0]), (below[1], above[1]), (below[2], above[2])];
    [byte(mix(red)), byte(mix(green)), byte(mix(blue))]
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast from float to integer saturates"
)]
fn byte(value: f32) -> u8 {
    value.round() as u8
}

fn between(a: (f32, f32), b: (f32, f32)) -> f32 {
    (a.0 - b.0).hypot(a.1 - b.1)
}

/// Distance from the square with round corners; negative inside.
fn from_ground((x, y): (f32, f32)) -> f32 {
    let half = FIELD / 2.0;
    let (dx, dy) = ((x - half).abs() - half + CORNER, (y - half).abs() - half + CORNER);
    dx.max(0.0).hypot(dy.max(0.0)) + dx.max(dy).min(0.0) - CORNER
}

/// Distance from the middle of the nearest stroke of the letter: three arches and their feet.
fn from_strokes(at: (f32, f32)) -> f32 {
    const ARCHES: [(f32, f32); 3] = [(10.0, 13.5), (16.0, 14.0), (22.0, 14.0)];
    const FEET: [f32; 4] = [7.0, 13.0, 19.0, 25.0];
    const RADIUS: f32 = 3.0;
    let y = at.1;
    let feet = FEET.iter().map(|foot| between(at, (*foot, y.clamp(14.0, 22.0))));
    let arches = ARCHES.iter().filter(|arch| y < arch.1);
    let arches = arches.map(|arch| (between(at, *arch) - RADIUS).abs());
    feet.chain(arches).fold(f32::INFINITY, f32::min)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(icon: &Icon, x: usize, y: usize) -> [u8; 4] {
        let width = usize::try_from(icon.width).unwrap();
        let start = 4 * (y * width + x);
        icon.data[start..start + 4].try_into().unwrap()
    }

    #[test]
    fn icon_shows_the_sign_and_a_dot_when_something_is_unread() {
        let [read, unread] = [false, true].map(|unread| icons(unread).remove(1));
        assert_eq!((read.width, read.height, read.data.len()), (32, 32, 4096));
        assert_eq!(at(&read, 0, 0)[0], 0, "the corner is round");
        assert_eq!(at(&read, 16, 28), [0xff, 0x3b, 0x5b, 0xbf], "ground");
        assert_eq!(at(&read, 12, 18), [0xff; 4], "a foot of the letter");
        assert_eq!(at(&read, 25, 5), [0xff, 0x3b, 0x5b, 0xbf]);
        assert_eq!(at(&unread, 25, 5), [0xff, 0xfd, 0xbc, 0x6f]);
    }
}
