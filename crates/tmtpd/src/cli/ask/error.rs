//! Errors of a command for a running service.

use std::io;

use crate::admin::client::AskError;
use crate::admin::protocol::{Backup, FailureKind};
use crate::cli::exit;
use crate::config::ConfigError;

/// Why a command failed, or succeeded only in part.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum CommandError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Ask(#[from] AskError),
    #[error("damaged messages, here and in the copy: {}; stop the service and run `tmtpd check`", .0.damaged)]
    Damaged(Backup),
    #[error("not all of the configuration is in force: see above")]
    Left,
    #[error("the answer cannot be written")]
    Output(#[from] io::Error),
}

impl CommandError {
    pub(in crate::cli) fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_) => exit::WRONG,
            Self::Ask(AskError::NotRunning { .. }) => exit::NOT_RUNNING,
            Self::Ask(AskError::Refused(failure)) if failure.kind == FailureKind::Wrong => {
                exit::WRONG
            }
            Self::Ask(_) | Self::Damaged(_) | Self::Left | Self::Output(_) => exit::FAILED,
        }
    }
}
