//! Build script: tells the program which version and commit it is.

use std::env;

include!("../../packaging/commit.rs");

fn main() {
    tell_version();
}
