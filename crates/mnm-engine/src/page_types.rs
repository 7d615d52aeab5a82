//! Test that the pages' types of commands, replies and events are made from this crate's.

use std::path::Path;

use tmtp_testkit::typescript::{Declarations, compare};

use crate::{
    command::{Command, Reply},
    error::Error,
    event::Event,
    view::Notice,
};

const FILE: &str = "../../web/src/lib/types/engine.ts";
const HEAD: [&str; 4] = [
    "Commands, replies and events of the engine. Made from the Rust types of crates/mnm-engine",
    "(command.rs, event.rs, view.rs, error.rs) by `cargo xtask types`: change those, not this file. Times",
    "are Unix milliseconds. All text is to be shown as text, except `Message.html` and",
    "`SearchHit.snippet`, which the engine has sanitised.",
];

#[test]
fn page_types_match_the_engine() -> Result<(), Box<dyn std::error::Error>> {
    let mut declarations = Declarations::default();
    declarations.request::<Command>()?;
    declarations.answer::<Reply>()?;
    declarations.answer::<Event>()?;
    declarations.answer::<Notice>()?;
    declarations.answer::<Error>()?;
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    Ok(compare(&file, &declarations.file(&HEAD))?)
}
