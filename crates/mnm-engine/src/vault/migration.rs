//! Schema migrations: numbered steps from an empty database to the present schema.
//!
//! `user_version` is the number of steps that have run. Each runs in one transaction with its
//! number, so a crash leaves the database between two steps. A new database runs all of them in one
//! transaction.

use rusqlite::Connection;

use super::{name, reindex};

/// Step `n` is at index `n - 1`. Append only.
const STEPS: [&str; 47] = [
    include_str!("migration/001_first.sql"),
    include_str!("migration/002_claimed_thread.sql"),
    include_str!("migration/003_picture_size.sql"),
    include_str!("migration/004_name.sql"),
    include_str!("migration/005_forwarded.sql"),
    include_str!("migration/006_account_removal.sql"),
    include_str!("migration/007_forwarding.sql"),
    include_str!("migration/008_draft_version.sql"),
    include_str!("migration/009_hold.sql"),
    include_str!("migration/010_browser.sql"),
    include_str!("migration/011_file_names.sql"),
    include_str!("migration/012_home.sql"),
    include_str!("migration/013_thread_counts.sql"),
    include_str!("migration/014_rendering.sql"),
    include_str!("migration/015_presence.sql"),
    include_str!("migration/016_form.sql"),
    include_str!("migration/017_party.sql"),
    include_str!("migration/018_wire_name.sql"),
    include_str!("migration/019_vouching.sql"),
    include_str!("migration/020_bounded.sql"),
    include_str!("migration/021_group_whole.sql"),
    include_str!("migration/022_told_subject.sql"),
    include_str!("migration/023_posted_to.sql"),
    include_str!("migration/024_group_removed.sql"),
    include_str!("migration/025_claimed_id.sql"),
    include_str!("migration/026_linked.sql"),
    include_str!("migration/027_device_once.sql"),
    include_str!("migration/028_unsettled.sql"),
    include_str!("migration/029_ping_from.sql"),
    include_str!("migration/030_claimant.sql"),
    include_str!("migration/031_reader_name.sql"),
    include_str!("migration/032_look.sql"),
    include_str!("migration/033_arrived.sql"),
    include_str!("migration/034_group_counts.sql"),
    include_str!("migration/035_forward_copy.sql"),
    include_str!("migration/036_confirming.sql"),
    include_str!("migration/037_recipients.sql"),
    include_str!("migration/038_namesake.sql"),
    include_str!("migration/039_put_away.sql"),
    include_str!("migration/040_search.sql"),
    include_str!("migration/041_filters.sql"),
    include_str!("migration/042_tag.sql"),
    include_str!("migration/043_notice.sql"),
    include_str!("migration/044_sort.sql"),
    include_str!("migration/045_message_mark.sql"),
    include_str!("migration/046_rename.sql"),
    include_str!("migration/047_prefix.sql"),
];

/// The version after all steps.
pub fn latest() -> i64 {
    STEPS.len() as i64
}

/// The version of a database.
///
/// # Errors
/// Errors of the database.
pub fn version(db: &Connection) -> rusqlite::Result<i64> {
    db.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// Runs the remaining steps.
///
/// # Errors
/// Errors of the database; the failed step has no effect.
pub fn migrate(db: &mut Connection) -> rusqlite::Result<()> {
    migrate_to(db, latest())
}

/// Runs the remaining steps up to a version.
///
/// # Errors
/// As [`migrate`].
pub fn migrate_to(db: &mut Connection, wanted: i64) -> rusqlite::Result<()> {
    let wanted = usize::try_from(wanted).unwrap_or(0);
    name::register(db)?;
    reindex::register(db)?;
    let done = usize::try_from(version(db)?).unwrap_or(0);
    let steps = STEPS.get(..wanted).unwrap_or(&STEPS);
    let mut at = done;
    // With a transaction per step each encrypted page would be written several times.
    let at_once = if done == 0 { steps.len() } else { 1 };
    for some in steps.get(done..).unwrap_or_default().chunks(at_once.max(1)) {
        let tx = db.transaction()?;
        some.iter().try_for_each(|step| tx.execute_batch(step))?;
        at += some.len();
        tx.pragma_update(None, "user_version", at as i64)?;
        tx.commit()?;
    }
    Ok(())
}

#[cfg(test)]
#[path = "migration/migration_tests.rs"]
mod tests;
