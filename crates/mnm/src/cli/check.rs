//! `mnm check`: checks a store for damage, and recovers what is readable.

use std::path::{Path, PathBuf};

use mnm_native::check::{self, Checked};

use super::Context;
use crate::{
    exit::{Exit, Failure},
    print::{Answer, inline, plural, short},
};

/// Lost files and threads with losses that are named; the JSON names more.
const NAMED: usize = 20;

pub(super) async fn check(context: &Context, save_to: Option<PathBuf>) -> Result<Answer, Failure> {
    let home = context.home.path().to_owned();
    let to = save_to.map(std::path::absolute).transpose();
    let to = to.map_err(|error| Failure::io("Can't use that directory", &error))?;
    let looked = tokio::task::spawn_blocking({
        let to = to.clone();
        move || match &to {
            Some(to) => check::save(&home, to),
            None => check::check(&home),
        }
    });
    let checked = looked
        .await
        .map_err(|error| Failure::new(Exit::Failed, "internal", error.to_string()))??;
    let exit = if checked.is_whole() { Exit::Ok } else { Exit::Failed };
    Ok(Answer::new(&checked, text(&checked, to.as_deref())).with_exit(exit))
}

fn text(checked: &Checked, to: Option<&Path>) -> String {
    let holds = format!(
        "{}, {}, {}",
        plural(checked.accounts, "account"),
        plural(checked.letters, "letter"),
        plural(checked.files, "file")
    );
    if checked.is_whole() {
        let saved = to.map(|to| format!(" Saved to {}.", to.display())).unwrap_or_default();
        return format!("The store is whole: {holds}.{saved}");
    }
    let what = match checked.damaged_pages {
        0 if checked.commits_lost > 0 => format!(
            "its log, vault.db-wal, can't be read up to its end, and the last {} are behind that place",
            plural(checked.commits_lost, "change")
        ),
        // Each page is authentic, but one may be outdated.
        0 => "each of its pages can be read, but they do not belong together: the file was cut short, \
              or some were put back from an older copy"
            .to_owned(),
        pages => format!("{} can't be read", plural(pages, "page")),
    };
    let mut text = format!("The store is damaged: {what}.\nWhole: {holds}.\n");
    if checked.letters_lost > 0 {
        text.push_str(&format!("Lost: {}.\n", plural(checked.letters_lost, "letter")));
    }
    let threads = checked.threads_with_losses.iter();
    for lost in threads.take(NAMED) {
        let of = thread_named(lost.thread, &lost.subject);
        text.push_str(&format!("  {} of {of}\n", lost.letters));
    }
    if checked.threads_with_losses.len() > NAMED {
        text.push_str("  … and of other threads\n");
    }
    for file in checked.files_lost.iter().take(NAMED) {
        let of = match file.thread {
            Some(thread) => format!(", of {}", thread_named(thread, &file.subject)),
            None => String::new(),
        };
        text.push_str(&format!("Lost: the file {}{of}\n", inline(&file.name)));
    }
    let unnamed = checked.files_lost.len().saturating_sub(NAMED) as u64 + checked.more_files_lost;
    if unnamed > 0 {
        text.push_str(&format!("… and {} more\n", plural(unnamed, "file")));
    }
    if checked.others_lost {
        text.push_str("Some names, drafts, files or marks may be lost as well.\n");
    } else if checked.commits_lost > 0 && to.is_none() {
        text.push_str(
            "What is in the log only is not counted. Saving takes what of it can be read.\n",
        );
    } else if checked.letters_lost == 0 && checked.files_lost.is_empty() {
        text.push_str(
            "No letter and no file is lost, as far as can be seen; lists, counts or marks may be wrong.\n",
        );
    }
    if !checked.findings.is_empty() {
        text.push_str("What the database says of its pages: mnm check --json\n");
    }
    text.push_str(&match to {
        Some(to) => format!(
            "Everything that is whole was saved to {0}. Use it with --home {0}, or in place of the \
             old directory once the app has ended; the damaged store was left as it is.",
            to.display()
        ),
        None => {
            "Nothing was changed. Save what is whole to a new directory: mnm check --save-to DIR\n\
                 A backup from before the damage may hold what is lost."
                .to_owned()
        }
    });
    text
}

fn thread_named(thread: i64, subject: &str) -> String {
    match subject {
        "" => format!("thread {thread}"),
        subject => format!("thread {thread}, “{}”", inline(&short(subject))),
    }
}
