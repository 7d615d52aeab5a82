//! Names as people read and copy them: of groups, and quoted for a shell.

use mnm_engine::view::{AccountId, Group};
use tmtp::text::{check_name, is_visible, name_key};

use crate::print::inline;

/// Whether the member has, or had, another group with a similar name.
pub(super) fn is_like_another(groups: &[Group], account: AccountId, gid: &str) -> bool {
    let look = look_of(gid);
    let mut others = groups.iter().filter(|other| other.account == account && other.gid != gid);
    others.any(|other| look_of(other.gid.as_str()) == look)
}

/// A key that is equal for group names that look alike.
fn look_of(gid: &str) -> String {
    let seen: String = gid.chars().filter(|&c| c == ' ' || is_visible(c)).collect();
    name_key(&seen).to_lowercase()
}

/// The name of a group, with a warning if needed.
pub(super) fn called(gid: &str, alike: bool) -> String {
    let name = inline(gid);
    match (alike, check_name(gid)) {
        (true, _) => format!("{name} (another group's name looks the same: compare their members)"),
        (false, Err(_)) => format!("{name} (an odd name: look closely)"),
        (false, Ok(())) => name,
    }
}

/// A name as one word for a shell, whatever it contains: others have chosen it, and people copy the
/// line.
pub(super) fn quoted(name: &str) -> String {
    format!("'{}'", name.replace('\'', r"'\''"))
}
