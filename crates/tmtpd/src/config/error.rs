//! Configuration errors, for the person who wrote the configuration.

use std::fmt::{self, Display, Formatter};
use std::io;
use std::path::PathBuf;

use super::ListenAddressError;

/// Why there is no [`DaemonConfig`](super::DaemonConfig).
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is missing, or may not be read, or is not UTF-8.
    #[error("the configuration file {} cannot be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file has errors.
    #[error("{}", InFile(path, problems))]
    Invalid {
        /// The file.
        path: PathBuf,
        /// All of them, in the order of the lines.
        problems: Vec<Problem>,
    },
    /// Neither the command line nor the file names the data folder.
    #[error(
        "no data folder was named; give --data DIR, or data = \"DIR\" under [service] in the configuration file"
    )]
    NoData,
    /// The command line describes one service, but the file describes several.
    #[error(
        "the configuration file describes {services} services, so it is not clear whose --data, \
         --listen, --name, --cert or --key is meant: say these in the file"
    )]
    OneOfSeveral {
        /// How many.
        services: usize,
    },
    /// A command needs one service, and the file describes several.
    #[error("which service is meant? Give --data with one of {}", Folders(data))]
    WhichOne {
        /// Their data folders.
        data: Vec<PathBuf>,
    },
    /// An address to listen on is malformed.
    #[error(transparent)]
    Listen(#[from] ListenAddressError),
}

/// One error in a configuration file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The line, from 1.
    pub line: usize,
    /// `section.key`, or empty when the line is not TOML.
    pub key: String,
    /// What is wrong and what is allowed.
    pub what: String,
}

/// Problems as `file:line: key: what`, one a line, as editors parse them.
struct InFile<'a>(&'a PathBuf, &'a [Problem]);

impl Display for InFile<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.1.iter().enumerate() {
            let newline = if index == 0 { "" } else { "\n" };
            write!(f, "{newline}{}:{}: ", self.0.display(), problem.line)?;
            if !problem.key.is_empty() {
                write!(f, "{}: ", problem.key)?;
            }
            f.write_str(&problem.what)?;
        }
        Ok(())
    }
}

struct Folders<'a>(&'a [PathBuf]);

impl Display for Folders<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        self.0.iter().try_for_each(|folder| {
            write!(f, "{separator}{}", folder.display())?;
            separator = ", ";
            Ok(())
        })
    }
}
