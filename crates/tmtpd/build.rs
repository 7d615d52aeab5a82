//! Tells the program which version and commit it is.

include!("../../packaging/commit.rs");

fn main() {
    tell_version();
}
