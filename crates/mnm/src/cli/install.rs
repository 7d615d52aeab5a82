//! `mnm install`, `mnm completions` and `mnm man`: mnm as a part of the user's desktop and shell.

use std::path::{Path, PathBuf};

use clap::{Command, ValueEnum};
use clap_complete::aot::{Shell as Completed, generate};
use clap_mangen::Man;
use serde_json::{Value, json};

use super::Context;
use crate::{
    exit::{Exit, Failure},
    home::Home,
    install::{
        self, Outcome,
        background::{self, Background},
        file::File,
        launcher::{self, Program},
        place::Places,
        record::Record,
    },
    print::{Answer, plural, warn},
    session::Remote,
};

const NAME: &str = "mnm";

/// A shell that completes commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Shell {
    /// Of GNU
    Bash,
    /// The Z shell
    Zsh,
    /// The friendly interactive shell
    Fish,
}

impl Shell {
    fn script(self, mut app: Command) -> Vec<u8> {
        let shell = match self {
            Self::Bash => Completed::Bash,
            Self::Zsh => Completed::Zsh,
            Self::Fish => Completed::Fish,
        };
        let mut script = Vec::new();
        generate(shell, &mut app, NAME, &mut script);
        script
    }

    /// Where the shell looks for it, below the place for data.
    fn place(self) -> &'static str {
        match self {
            Self::Bash => "bash-completion/completions/mnm",
            Self::Zsh => "zsh/site-functions/_mnm",
            Self::Fish => "fish/vendor_completions.d/mnm.fish",
        }
    }
}

/// `mnm install`.
pub(super) async fn install(context: &Context) -> Result<Answer, Failure> {
    let places = Places::of_user()?;
    let mut record = Record::load(&places)?;
    let named = Some(context.home.path()).filter(|home| Some(*home) != default_home().as_deref());
    let program = Program::here(named)?;
    let background = Background::of_machine();
    let mut files = files(context, &places, &program)?;
    files.push(background.file(&places, &program));
    let is_same_version = record.version == env!("CARGO_PKG_VERSION");
    let is_running = Remote::find(&context.home).await.is_some();

    let unit = background::unit_path(&places);
    context.home.path().clone_into(&mut record.home);
    let outcome = install::put(&places, &mut record, &files)?;
    launcher::renew_link_cache(&places);
    let is_renewed = outcome.written.contains(&unit) || !is_same_version;
    let failed = match background {
        Background::Systemd if record.has(&unit) => background::start_service(is_renewed).err(),
        Background::Systemd | Background::Autostart => None,
    };
    if let Some(failure) = &failed {
        warn(&format!("{failure}\nSo mnm does not start by itself yet."));
    }
    let mut document = document(&outcome, &context.home);
    document["background"] = json!(background);
    document["started"] = json!(background == Background::Systemd && failed.is_none());
    let mut text = counted(&outcome);
    text.push_str(match background {
        Background::Systemd if failed.is_some() => "",
        Background::Systemd if is_running => {
            "mnm runs already. It starts in the background whenever you log in.\n"
        }
        Background::Systemd => "mnm runs in the background, now and whenever you log in.\n",
        Background::Autostart if is_running => {
            "mnm starts in the background whenever you log in.\n"
        }
        Background::Autostart => {
            "mnm starts in the background whenever you log in. Start it now: mnm\n"
        }
    });
    text.push_str(&left(&outcome));
    text.push_str("Take all of it away again: mnm install --remove\n");
    let exit = if failed.is_some() { Exit::Failed } else { Exit::Ok };
    Ok(Answer::new(&document, text).with_exit(exit))
}

/// `mnm install --remove`.
pub(super) fn remove() -> Result<Answer, Failure> {
    let places = Places::of_user()?;
    let mut record = Record::load(&places)?;
    if record.is_empty() {
        let why = "Nothing is installed that `mnm install` put, so nothing was removed.";
        return Err(Failure::new(Exit::NotFound, "not_found", why));
    }
    let has_unit = record.has(&background::unit_path(&places));
    if has_unit && let Err(failure) = background::end_service() {
        warn(&format!("{failure}\nIf mnm still runs, end it: mnm stop"));
    }
    let outcome = install::take_away(&places, &mut record)?;
    if has_unit {
        background::forget_service();
    }
    launcher::renew_link_cache(&places);
    let home = Home::resolve(Some(record.home))?;
    let mut text = format!("Removed: {}.\n", plural(outcome.removed.len() as u64, "file"));
    text.push_str(&left(&outcome));
    text.push_str(&kept_letters(&home));
    Ok(Answer::new(&document(&outcome, &home), text))
}

/// `mnm completions SHELL`.
pub(super) fn completions(context: &Context, shell: Shell) -> Answer {
    let script = String::from_utf8_lossy(&shell.script((context.app)())).into_owned();
    Answer::new(&json!({ "script": script }), script)
}

/// `mnm man`: the page of `mnm` itself, or all pages into a directory.
pub(super) fn man(context: &Context, directory: Option<&Path>) -> Result<Answer, Failure> {
    let pages = man_pages((context.app)())?;
    let Some(directory) = directory else {
        let page = pages.into_iter().next().map(|(_, page)| page).unwrap_or_default();
        let page = String::from_utf8_lossy(&page).into_owned();
        return Ok(Answer::new(&json!({ "page": page }), page));
    };
    let fault =
        |path: &Path, error| Failure::io(format_args!("Can't write {}", path.display()), &error);
    std::fs::create_dir_all(directory).map_err(|error| fault(directory, error))?;
    let mut written = Vec::new();
    for (name, page) in pages {
        let path = directory.join(name);
        std::fs::write(&path, page).map_err(|error| fault(&path, error))?;
        written.push(path);
    }
    let text = format!("Written: {}.", plural(written.len() as u64, "page"));
    Ok(Answer::new(&json!({ "written": written }), text))
}

fn files(context: &Context, places: &Places, program: &Program) -> Result<Vec<File>, Failure> {
    let mut files: Vec<File> = launcher::files(places, program).into();
    for shell in Shell::value_variants() {
        files
            .push(File { path: places.datum(shell.place()), bytes: shell.script((context.app)()) });
    }
    for (name, bytes) in man_pages((context.app)())? {
        files.push(File { path: places.datum("man/man1").join(name), bytes });
    }
    Ok(files)
}

/// The page of `mnm`, and those of its commands.
fn man_pages(app: Command) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let mut app = app.disable_help_subcommand(true);
    app.build();
    let mut pages = Vec::new();
    let mut waiting = vec![app];
    while let Some(command) = waiting.pop() {
        waiting.extend(command.get_subcommands().cloned());
        let name = command.get_display_name().unwrap_or(NAME).to_owned();
        let mut page = Vec::new();
        Man::new(command)
            .source(concat!("mnm ", env!("CARGO_PKG_VERSION")))
            .render(&mut page)
            .map_err(|error| Failure::io("Can't make a man page", &error))?;
        pages.push((format!("{name}.1"), page));
    }
    Ok(pages)
}

fn default_home() -> Option<PathBuf> {
    Home::resolve(None).ok().map(|home| home.path().to_owned())
}

fn document(outcome: &Outcome, home: &Home) -> Value {
    json!({
        "written": outcome.written,
        "unchanged": outcome.unchanged,
        "removed": outcome.removed,
        "left": outcome.left,
        "home": home.path(),
    })
}

fn counted(outcome: &Outcome) -> String {
    let (written, unchanged) = (outcome.written.len() as u64, outcome.unchanged.len());
    let mut text = match (written, unchanged) {
        (0, _) => "Everything is installed already.".to_owned(),
        (written, 0) => format!("Installed: {}.", plural(written, "file")),
        (written, _) => {
            format!("Installed: {}; the others are as they were.", plural(written, "file"))
        }
    };
    if !outcome.removed.is_empty() {
        let removed = plural(outcome.removed.len() as u64, "file");
        text.push_str(&format!(" Removed, of an earlier version: {removed}."));
    }
    text.push('\n');
    text
}

fn left(outcome: &Outcome) -> String {
    let line = |path: &PathBuf| {
        format!("Left as it is, for it is not as mnm wrote it: {}\n", path.display())
    };
    outcome.left.iter().map(line).collect()
}

fn kept_letters(home: &Home) -> String {
    if !home.has_store() {
        return String::new();
    }
    format!(
        "Your letters are where they were: {}. To erase them too, remove that directory.\n",
        home.path().display()
    )
}
