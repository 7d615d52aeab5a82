//! Base directories of the XDG specification, where files for one user go.

use std::{
    env,
    path::{Path, PathBuf},
};

use crate::exit::{Exit, Failure};

/// The base directories of this user.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    /// `XDG_DATA_HOME`.
    pub(crate) data: PathBuf,
    /// `XDG_CONFIG_HOME`.
    pub(crate) config: PathBuf,
    /// `XDG_STATE_HOME`.
    state: PathBuf,
}

impl Places {
    /// This user's directories, as the environment names them.
    pub(crate) fn of_user() -> Result<Self, Failure> {
        if cfg!(any(target_os = "macos", windows)) {
            let why = "This system has its own places for programs, and `mnm install` does not know \
                       them. Start mnm by hand, or add it to what starts when you log in.";
            return Err(Failure::new(Exit::Failed, "not_here", why));
        }
        let place = |variable: &str, below_home: &str| {
            // The specification ignores a relative path.
            let named = env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
            let home = || env::home_dir().filter(|home| home.is_absolute());
            named.or_else(|| home().map(|home| home.join(below_home))).ok_or_else(|| {
                Failure::usage("No home directory is known for this user. Set HOME and try again.")
            })
        };
        Ok(Self {
            data: place("XDG_DATA_HOME", ".local/share")?,
            config: place("XDG_CONFIG_HOME", ".config")?,
            state: place("XDG_STATE_HOME", ".local/state")?,
        })
    }

    /// The record of what was installed.
    pub(super) fn record(&self) -> PathBuf {
        self.state.join("mnm/installed.json")
    }

    /// Where launchers are.
    pub(crate) fn applications(&self) -> PathBuf {
        self.data.join("applications")
    }

    /// A file below the place for data.
    pub(crate) fn datum(&self, path: impl AsRef<Path>) -> PathBuf {
        self.data.join(path)
    }
}
