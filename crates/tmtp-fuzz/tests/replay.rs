//! Replay of everything that the fuzzer kept, on the ordinary compiler: the inputs of its corpora,
//! each of which goes a way of its own, and those that once failed.

// Helpers of tests fail as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::PathBuf;

use tmtp_fuzz::TARGETS;

/// Runs every file under `fuzz/{corpus,crashes}/TARGET` and gives their number.
fn replay(target: &str) -> usize {
    let (_, run) = TARGETS.iter().find(|(name, _)| *name == target).unwrap();
    let fuzz = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    let mut count = 0;
    for kind in ["corpus", "crashes"] {
        let Ok(files) = fs::read_dir(fuzz.join(kind).join(target)) else { continue };
        for file in files {
            let path = file.unwrap().path();
            // Shown only if it fails.
            println!("{}", path.display());
            run(&fs::read(&path).unwrap());
            count += 1;
        }
    }
    count
}

macro_rules! replay {
    ($($target:ident)*) => {$(
        #[test]
        fn $target() {
            assert!(replay(stringify!($target)) > 0, "there is no corpus");
        }
    )*

    #[test]
    fn every_fuzz_target_is_replayed() {
        let replayed = [$(stringify!($target)),*];
        assert_eq!(TARGETS.map(|(name, _)| name), replayed);
    }};
}

replay! { frame head session link invitation letter forward name config admin store }
