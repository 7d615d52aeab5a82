//! Sizes in bytes as people write them: `65536` or `"64 KiB"`.

/// 1,024 bytes.
pub(super) const KIB: u64 = 1 << 10;
/// 1,024 KiB.
pub(super) const MIB: u64 = 1 << 20;
/// 1,024 MiB.
pub(super) const GIB: u64 = 1 << 30;
/// 1,024 GiB.
pub(super) const TIB: u64 = 1 << 40;

/// Largest first: formatting uses the first that divides.
const UNITS: [(&str, u64); 5] = [("TiB", TIB), ("GiB", GIB), ("MiB", MIB), ("KiB", KIB), ("B", 1)];

/// Parses an integer with an optional unit and space. `None` if malformed or larger than a `u64`.
pub(super) fn parse(text: &str) -> Option<u64> {
    let digits_end = text.find(|c: char| !c.is_ascii_digit())?;
    let (digits, unit) = text.split_at(digits_end);
    let (_, bytes) = UNITS.iter().find(|(name, _)| *name == unit.trim_start())?;
    digits.parse::<u64>().ok()?.checked_mul(*bytes)
}

/// Formats a size in the largest unit that needs no fraction.
pub(super) fn format(bytes: u64) -> String {
    let unit = UNITS.iter().find(|(_, unit)| bytes >= *unit && bytes.is_multiple_of(*unit));
    let (name, unit) = unit.unwrap_or(&("B", 1));
    format!("{} {name}", bytes / unit)
}
