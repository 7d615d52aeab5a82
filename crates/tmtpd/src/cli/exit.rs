//! Exit codes, as `--help` lists them.

/// Stopped in order, by SIGTERM, SIGINT or `tmtpd shutdown`; or the command succeeded.
pub(super) const DONE: u8 = 0;
/// The system refused: a port that is taken, a disk that is full or read-only.
pub(super) const FAILED: u8 = 1;
/// The command line, the configuration file, or a certificate or key it names is wrong.
pub(super) const WRONG: u8 = 2;
/// Another process serves the data folder.
pub(super) const IN_USE: u8 = 3;
/// Stopped at once, by a second signal.
pub(super) const FORCED: u8 = 4;
/// A store could not be read. Only `serve` uses 4 for [`FORCED`], only `check` for this.
pub(super) const UNREADABLE: u8 = 4;
/// No service is running.
pub(super) const NOT_RUNNING: u8 = 5;

/// The list for `--help`.
pub(super) const EXIT_CODES: &str = "\
Exit codes:
  0  done; a service: stopped in order, by SIGTERM, SIGINT or `tmtpd shutdown`
  1  the machine did not let it, or not all of it: a port that is taken, a full disk, a folder that
     may not be written
  2  the command line, the configuration file, or a certificate or key they name is wrong;
     nothing was written
  3  another process serves the data folder
  4  stopped at once, by a second signal
  5  there is no running service to ask";
