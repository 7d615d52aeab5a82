//! Ledger of a simulation: what must be where in the end, and every way in which it can be otherwise.
//!
//! A test writes a [`LedgerEntry`] into its ledger before anybody can see it and notes its [`Fate`] as
//! its author learns it. When all is quiet it asks every app what it shows ([`Home`]), and
//! [`check`] compares: each letter is on every device it is for exactly once, byte for byte, in
//! an order that respects its author's, and nothing is anywhere it should not be. The simulation
//! and the crash test with real processes share this.

mod book;
mod entry;
mod home;
#[cfg(test)]
mod ledger_tests;
mod notice;
mod wrong;

use book::Book;
pub use entry::{DeviceIndex, Fate, File, LedgerEntry, sum};
pub use home::{Home, Notice, Shown};
pub use wrong::{What, Wrong};

/// Everything that is wrong with what `homes` show of `letters`.
#[must_use]
pub fn check(letters: &[LedgerEntry], homes: &[Home]) -> Vec<Wrong> {
    let book = Book::new(letters, homes);
    let mut wrong: Vec<_> = homes.iter().flat_map(|home| book.check_home(home)).collect();
    wrong.extend(book.check_owed(homes));
    wrong.extend(book.check_ids(homes));
    wrong.extend(book.check_notices(homes));
    wrong
}
