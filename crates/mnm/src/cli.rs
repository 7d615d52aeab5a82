//! Command line: parses the arguments and dispatches to the command families.

mod account;
mod acquaintance;
mod app;
mod behind;
mod chat;
mod check;
mod context;
mod dispatch;
mod feed;
mod group;
mod install;
mod letter;
mod notify;
mod option;
mod people;
mod put_away;
mod reader;
mod recipient;
mod run;
mod save;
mod search;
mod usage;
mod verb;
mod watch;
mod word;
mod write;

use std::path::PathBuf;

use clap::{Args, CommandFactory as _, Parser};

use self::app::Serve;
use self::context::Context;
use self::option::{Content, Wait};
pub(crate) use self::usage::usage;
use self::verb::{Shown, Verb};
use crate::{
    exit::{self, Exit, Failure},
    home::Home,
    print::{Look, warn},
    session::{Need, Session, ask},
};

/// One messaging app for the services of every organisation you belong to.
///
/// Without a command: keeps all accounts connected and opens the pages in the browser, until
/// Ctrl-C. The commands use the running app when there is one, and work by themselves when not.
#[derive(Debug, Parser)]
#[command(name = "mnm", version = env!("BUILD_VERSION"), after_help = exit::help(), args_conflicts_with_subcommands = false)]
pub(crate) struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(flatten)]
    serve: Serve,
    #[command(subcommand)]
    command: Option<Verb>,
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
struct Global {
    /// Directory of this installation [default: mnm in the platform's place for application data,
    /// ~/.local/share/mnm on Linux]
    #[arg(long, value_name = "DIR", env = "MNM_HOME", global = true, hide_env_values = true)]
    home: Option<PathBuf>,
    /// Print one JSON document instead of text
    #[arg(long, global = true)]
    json: bool,
    /// The account to use: its number in `mnm status`, or the name or address of its service. --service is
    /// the same
    #[arg(long, visible_alias = "service", value_name = "ACCOUNT", global = true)]
    account: Option<String>,
    /// Do not connect (when no app is running): show what is stored here, and only queue what is to
    /// be sent
    #[arg(long, global = true)]
    offline: bool,
}

impl Cli {
    /// Whether to print JSON.
    pub(crate) fn json(&self) -> bool {
        self.global.json
    }

    /// Whether the app itself is to be started.
    pub(crate) fn is_app(&self) -> bool {
        self.command.is_none()
    }

    /// Runs the command and prints the answer.
    pub(crate) async fn run(self) -> Result<Exit, Failure> {
        let context = Context {
            home: Home::resolve(self.global.home)?,
            account: self.global.account,
            offline: self.global.offline,
            json: self.global.json,
            look: Look::here(),
            app: Self::command,
        };
        let answer = match self.command {
            None => return app::run(&context, self.serve).await,
            Some(_) if self.serve.is_set() => {
                return Err(Failure::usage(
                    "--no-open, --window, --background, --link and --port are for `mnm` without a command.",
                ));
            }
            Some(Verb::Install { remove: false }) => install::install(&context).await?,
            Some(Verb::Install { remove: true }) => install::remove()?,
            Some(Verb::Completions { shell }) => install::completions(&context, shell),
            Some(Verb::Man { directory }) => install::man(&context, directory.as_deref())?,
            Some(Verb::Url) => app::url(&context).await?,
            Some(Verb::Stop) => app::stop(&context).await?,
            Some(Verb::Check { save_to }) => check::check(&context, save_to).await?,
            Some(verb) => {
                let verb = if context.offline { verb.without_wait() } else { verb };
                let is_status = matches!(verb, Verb::Status);
                let (shows, need) = (verb.shows(), verb.need(context.offline));
                let session = Session::open(&context.home, need).await?;
                let lasts = need == Need::Lasting;
                if lasts {
                    tell_copied(&session).await;
                }
                let answer = verb.run(&context, &session).await;
                if let Ok(answer) = &answer {
                    behind::tell(&context, &session, (shows, need), answer).await;
                }
                if !is_status && !lasts {
                    tell_copied(&session).await;
                }
                session.close().await;
                answer?
            }
        };
        answer.print(context.json)
    }
}

/// Reports a copied home with any command; `status` does it by itself, and a running app on its
/// pages.
async fn tell_copied(session: &Session) {
    let state =
        || async { Ok::<_, Failure>(ask!(session, mnm_engine::command::Command::State, State)) };
    if let Session::Local(_) = session
        && let Ok(state) = state().await
        && state.copied
    {
        warn(account::COPIED);
    }
}
