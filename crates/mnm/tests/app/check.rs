//! `mnm check` on a damaged store: its words, and what is in the store that is saved.

use std::fs;
use std::path::PathBuf;

use tmtp_testkit::process::{AppProcess, ServiceProcess};

use crate::letters::{ADA, join, thread};

const PAGE: usize = 4096;

/// A member who has written themselves some letters; the app does not run.
fn writer(service: &ServiceProcess) -> AppProcess {
    let mut ada = AppProcess::new().unwrap();
    ada.start().unwrap();
    join(&ada, service, ADA);
    write_letters(&ada, 0);
    ada
}

fn write_letters(ada: &AppProcess, from: usize) {
    for n in from..from + 12 {
        let text = format!("Number {n}. {}", "Words of it. ".repeat(150));
        ada.ok(&["send", "--to", ADA, "--subject", &format!("letter {n}"), &text]).unwrap();
    }
}

fn store(ada: &AppProcess) -> PathBuf {
    ada.home().join("vault.db")
}

#[test]
fn check_names_lost_letters_and_files() {
    let service = ServiceProcess::start().unwrap();
    let (mut ada, rescued) = (writer(&service), AppProcess::new().unwrap());
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|n| (n >> 2) as u8).collect();
    fs::write(ada.desk().join("plan.bin"), bytes).unwrap();
    ada.ok(&["send", "--to", ADA, "--subject", "The plan", "--attach", "plan.bin", "see it"])
        .unwrap();
    let id = thread(&ada, "The plan");
    ada.stop().unwrap();
    let mut pages = fs::read(store(&ada)).unwrap();
    // Most pages hold bytes of the file; those before it letters, and some are lists of letters.
    let (count, middle) = (pages.len() / PAGE, pages.len() / PAGE / 2);
    pages[middle * PAGE + 100] ^= 1;
    let first = count - 3_000_000 / PAGE - 30;
    for page in (first..first + 24).step_by(2) {
        pages[page * PAGE + 100] ^= 1;
    }
    fs::write(store(&ada), &pages).unwrap();

    let checked = ada.run(&["check"]).unwrap();
    assert_eq!(checked.status.code(), Some(1), "{checked:?}");
    let told = &checked.stdout;
    assert!(
        told.contains(&format!("Lost: the file plan.bin, of thread {id}, “The plan”")),
        "{told}"
    );
    assert!(told.contains("of thread ") && told.contains("“letter "), "{told}");
    let to = rescued.home();
    let saved = ada.run(&["check", "--save-to", to.to_str().unwrap()]).unwrap();
    assert!(saved.stdout.contains("Lost: the file plan.bin"), "{saved:?}");
    let read = rescued.ok(&["read", &id]).unwrap();
    assert!(read.contains("- plan.bin (lost when the store was damaged)"), "{read}");
    // Nor does it go without a word where files are saved.
    let desk = rescued.desk().to_str().unwrap();
    for target in [desk, "plan.bin"] {
        let lost = rescued.run(&["save", &id, target]).unwrap();
        assert_eq!(lost.status.code(), Some(3), "{lost:?}");
        assert!(lost.stderr.contains("plan.bin") && lost.stderr.contains("was lost"), "{lost:?}");
    }
}

#[test]
fn restored_old_pages_are_reported() {
    let service = ServiceProcess::start().unwrap();
    let mut ada = writer(&service);
    ada.stop().unwrap();
    let before = fs::read(store(&ada)).unwrap();
    ada.start().unwrap();
    write_letters(&ada, 12);
    ada.stop().unwrap();
    let mut after = fs::read(store(&ada)).unwrap();
    assert!(ada.ok(&["check"]).unwrap().contains("The store is whole"));
    for at in (PAGE..before.len()).step_by(PAGE) {
        after[at..at + PAGE].copy_from_slice(&before[at..at + PAGE]);
    }
    fs::write(store(&ada), &after).unwrap();
    let checked = ada.run(&["check"]).unwrap();
    assert_eq!(checked.status.code(), Some(1), "{checked:?}");
    let told = &checked.stdout;
    for words in [
        "they do not belong together",
        "put back from an older copy",
        "Whole: 1 account",
        "--save-to",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
}
