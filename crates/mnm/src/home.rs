//! The home directory of one installation, and `app.json`, by which the command line finds the app
//! that runs on it.
//!
//! The running app writes `app.json` (0600) once it listens and removes it when it ends. After a
//! crash the file remains; so a reader must have the app prove itself (see [`crate::session`]) and
//! otherwise behave as if there were none: the engine's lock decides.

use std::{
    env, fmt, fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::exit::{Exit, Failure};

/// The directory in which one installation stores everything.
#[derive(Debug, Clone)]
pub(crate) struct Home {
    path: PathBuf,
}

impl Home {
    /// The directory given, or the platform's place for application data.
    pub(crate) fn resolve(given: Option<PathBuf>) -> Result<Self, Failure> {
        let path = match given {
            Some(path) if path.as_os_str().is_empty() => None,
            Some(path) => Some(path),
            None => platform_data().map(|data| data.join("mnm")),
        };
        let path = path.ok_or_else(|| {
            Failure::usage("No home directory is known for this user. Name one with --home DIR.")
        })?;
        let path = std::path::absolute(&path)
            .map_err(|error| Failure::io(format_args!("{}", path.display()), &error))?;
        Ok(Self { path })
    }

    /// The directory.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Announces this process to the command line. The file is removed with the guard.
    pub(crate) fn announce(&self, app: &AppFile) -> Result<Announcement, Failure> {
        let path = self.app_file();
        write_private(&path, app)
            .map_err(|error| Failure::io(format_args!("Can't write {}", path.display()), &error))?;
        Ok(Announcement { path })
    }

    /// The app that is announced for this home, if any. An invalid file counts as none, and so does
    /// one that was copied with another home.
    pub(crate) fn announced(&self) -> Option<AppFile> {
        let text = fs::read(self.app_file()).ok()?;
        let app: AppFile = serde_json::from_slice(&text).ok()?;
        (app.home.is_empty() || app.home == self.whole_path()).then_some(app)
    }

    /// The path by which an app is known to run on this very directory.
    pub(crate) fn whole_path(&self) -> String {
        let path = fs::canonicalize(&self.path);
        path.as_deref().unwrap_or(&self.path).to_string_lossy().into_owned()
    }

    /// Whether there is a store in it, or leftovers of one.
    pub(crate) fn has_store(&self) -> bool {
        // If that cannot be determined, opening it says why.
        ["vault.db", "vault.key", "vault.salt", "vault.db-wal"]
            .iter()
            .any(|name| self.path.join(name).try_exists().unwrap_or(true))
    }

    /// The failure of a command that needs a store where there is none.
    pub(crate) fn no_store(&self) -> Failure {
        Failure::new(
            Exit::NotFound,
            "not_found",
            format!(
                "There is no store of mnm in {}, and none was made. Join a service: mnm join ADDRESS \
                 --alias NAME. If your letters are elsewhere, name the directory with --home.",
                self.path.display()
            ),
        )
    }

    /// The failure if another process holds the home.
    pub(crate) fn in_use(&self) -> Failure {
        Failure::new(
            Exit::InUse,
            "in_use",
            format!(
                "Another process uses {} and does not answer. Wait until it has ended, or end it, \
                 then try again.",
                self.path.display()
            ),
        )
    }

    fn app_file(&self) -> PathBuf {
        self.path.join("app.json")
    }
}

/// What `app.json` holds.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub(crate) struct AppFile {
    /// Port on 127.0.0.1.
    pub(crate) port: u16,
    /// The secret that gives the command line everything the pages can do, and a little more.
    pub(crate) token: String,
    /// The process, for people.
    pub(crate) pid: u32,
    /// Version of the app; absent before 0.2.0.
    #[serde(default)]
    pub(crate) version: String,
    /// The home's directory; absent before 0.2.0.
    #[serde(default)]
    pub(crate) home: String,
}

impl fmt::Debug for AppFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppFile")
            .field("port", &self.port)
            .field("pid", &self.pid)
            .finish_non_exhaustive()
    }
}

/// Removes `app.json` when the app ends normally.
#[derive(Debug)]
pub(crate) struct Announcement {
    path: PathBuf,
}

impl Drop for Announcement {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Writes a temporary file and renames it, so that no reader sees half of it and the old file's
/// mode does not matter.
fn write_private(path: &Path, app: &AppFile) -> io::Result<()> {
    let beside = path.with_extension("json.new");
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    serde_json::to_writer(options.open(&beside)?, app)?;
    fs::rename(&beside, path)
}

#[cfg(not(any(target_os = "macos", windows)))]
fn platform_data() -> Option<PathBuf> {
    // The XDG specification ignores a relative XDG_DATA_HOME.
    let xdg = env::var_os("XDG_DATA_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    xdg.or_else(|| env::home_dir().map(|home| home.join(".local/share")))
}

#[cfg(target_os = "macos")]
fn platform_data() -> Option<PathBuf> {
    env::home_dir().map(|home| home.join("Library/Application Support"))
}

#[cfg(windows)]
fn platform_data() -> Option<PathBuf> {
    env::var_os("LOCALAPPDATA").map(PathBuf::from)
}
