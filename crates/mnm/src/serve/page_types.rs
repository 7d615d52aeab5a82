//! Test that the pages' types of this server's own bodies are generated from ours.

use std::path::Path;

use tmtp_testkit::typescript::{Declarations, compare};

use super::{
    answer::RequestError,
    browser::{Enter, Greeting, Hello, Pass, Register},
};

const FILE: &str = "../../web/src/lib/types/serve.ts";
const HEAD: [&str; 3] = [
    "Bodies of the loopback server that are not the engine's: how a browser is recognised, and errors of",
    "requests that do not reach the engine. Made from the Rust types of crates/mnm/src/serve by",
    "`cargo xtask types`: change those, not this file.",
];

#[test]
fn page_types_match_the_loopback_server() -> Result<(), Box<dyn std::error::Error>> {
    let mut declarations = Declarations::default();
    declarations.request::<Hello>()?;
    declarations.answer::<Greeting>()?;
    declarations.request::<Enter>()?;
    declarations.request::<Register>()?;
    declarations.answer::<Pass>()?;
    declarations.answer::<RequestError<'_>>()?;
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    Ok(compare(&file, &declarations.file(&HEAD))?)
}
